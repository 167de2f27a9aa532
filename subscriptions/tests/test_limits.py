from __future__ import annotations

import pytest
from django.db.models import F

from subscriptions import plans
from subscriptions.features import (
    EVERY_PLAN,
    UNLIMITED,
    AddOn,
    AlreadyDeclared,
    Hub,
    Limit,
    LimitReached,
    Tier,
    declared_limits,
)
from subscriptions.models import AccountLimit, LimitValue

pytestmark = pytest.mark.django_db


@pytest.fixture
def custom_workflows(free_plan: None) -> Limit:
    """The catalogue's limit, in an account that has agreed on nothing else."""
    AccountLimit.objects.all().delete()
    return declared_limits["workflows.custom_workflows"]


@pytest.mark.parametrize(
    ("_case", "tiers", "value"),
    [
        ("nothing owned", {}, 0),
        ("a tier without workflows", {Hub.MARKETING: Tier.STARTER}, 0),
        ("one hub", {Hub.MARKETING: Tier.PROFESSIONAL}, 300),
        ("a higher tier", {Hub.SERVICE: Tier.ENTERPRISE}, 1_000),
        ("the data hub", {Hub.DATA: Tier.PROFESSIONAL}, 400),
        ("the data hub at the top", {Hub.DATA: Tier.ENTERPRISE}, 1_100),
        (
            "several hubs: the highest, not the sum",
            {Hub.MARKETING: Tier.PROFESSIONAL, Hub.SALES: Tier.ENTERPRISE},
            1_000,
        ),
        (
            "the highest, whatever the tiers",
            {Hub.DATA: Tier.PROFESSIONAL, Hub.SALES: Tier.PROFESSIONAL},
            400,
        ),
    ],
)
def test_value_by_plan(
    _case: str, tiers: dict[Hub, Tier], value: int, custom_workflows: Limit
) -> None:
    plans.change(tiers)
    assert custom_workflows.value() == value


def test_add_ons_raise_what_the_plan_has_up_to_a_ceiling(custom_workflows: Limit) -> None:
    plans.change({}, {AddOn.BRANDS: 2, AddOn.WORKFLOW_PACK: 3})
    assert custom_workflows.value() == 0
    plans.change({Hub.MARKETING: Tier.PROFESSIONAL})
    assert custom_workflows.value() == 300 + 200 + 300
    plans.change({}, {AddOn.WORKFLOW_PACK: 200})
    assert custom_workflows.value() == 10_000


def test_what_the_account_agreed_on_stands_above_its_plan(custom_workflows: Limit) -> None:
    plans.change({Hub.MARKETING: Tier.PROFESSIONAL})
    AccountLimit.objects.create(limit=custom_workflows.name, value=7)
    assert custom_workflows.value() == 7
    AccountLimit.objects.update(value=None)
    assert custom_workflows.value() is UNLIMITED


def test_a_fresh_installation_may_have_any_number_of_workflows() -> None:
    limit = declared_limits["workflows.custom_workflows"]
    assert limit.value() is UNLIMITED
    limit.require(1_000_000)


def test_unlimited_in_one_hub_is_unlimited(free_plan: None, catalogue: None) -> None:
    limit = Limit(
        "test.limit",
        "Things",
        {
            EVERY_PLAN: 1,
            (Hub.SALES, Tier.STARTER): UNLIMITED,
            (Hub.MARKETING, Tier.STARTER): 10,
        },
    )
    assert limit.value() == 1
    plans.change({Hub.MARKETING: Tier.ENTERPRISE})
    assert limit.value() == 10
    plans.change({Hub.SALES: Tier.STARTER})
    assert limit.value() is UNLIMITED
    assert limit.allows(10**12)


def test_the_row_decides_not_the_declaration(custom_workflows: Limit) -> None:
    plans.change({Hub.SALES: Tier.PROFESSIONAL})
    rows = LimitValue.objects.filter(limit=custom_workflows.name, hub=Hub.SALES)
    rows.filter(tier=Tier.PROFESSIONAL).update(value=12)
    assert custom_workflows.value() == 12


def test_a_row_about_an_unknown_hub_allows_nothing(custom_workflows: Limit) -> None:
    LimitValue.objects.filter(limit=custom_workflows.name).update(hub="moon", tier=F("id"))
    plans.change({Hub.SALES: Tier.ENTERPRISE})
    assert custom_workflows.value() == 0


def test_more_than_allowed_is_refused_with_the_number(custom_workflows: Limit) -> None:
    plans.change({Hub.SALES: Tier.ENTERPRISE})
    custom_workflows.require(1_000)
    with pytest.raises(LimitReached) as raised:
        custom_workflows.require(1_001)
    assert str(raised.value) == "Custom workflows: 1,001 is more than the 1,000 of your plan."
    assert raised.value.category == "LIMIT_EXCEEDED"


def test_room_is_what_the_things_there_leave(free_plan: None, catalogue: None) -> None:
    there = [1, 2, 3]
    limit = Limit("test.limit", "Things", {EVERY_PLAN: 5}, used=lambda: len(there))
    limit.require_room(2)
    with pytest.raises(LimitReached, match=r"^Things: 6 is more than the 5 of your plan\.$"):
        limit.require_room(3)
    there += [4, 5]
    with pytest.raises(LimitReached):
        limit.require_room()


def test_a_name_is_declared_once(catalogue: None) -> None:
    with pytest.raises(AlreadyDeclared, match=r"^The limit 'workflows.custom_workflows' is decl"):
        Limit("workflows.custom_workflows", "Another", {})
