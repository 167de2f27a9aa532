from __future__ import annotations

import pytest

from subscriptions import overview, plans
from subscriptions.features import (
    ANY_HUB,
    EVERY_PLAN,
    UNLIMITED,
    AddOn,
    Feature,
    Gate,
    Hub,
    Limit,
    Tier,
    declared_features,
    declared_limits,
)
from subscriptions.models import AccountLimit, FeatureGate, LimitValue

pytestmark = pytest.mark.django_db


def cells(feature: Feature) -> list[str]:
    """The cells of a feature by tier; what is owned stands in brackets."""
    row = overview.feature_row(feature, plans.load(), is_edited=False)
    assert [cell.tier for cell in row.cells] == list(Tier)
    return [
        ", ".join(f"[{one.text}]" if one.is_owned else one.text for one in cell.openings)
        for cell in row.cells
    ]


def reason(feature: Feature) -> str:
    return overview.feature_row(feature, plans.load(), is_edited=False).reason


def test_a_cell_names_the_hubs_and_marks_what_is_owned(free_plan: None, catalogue: None) -> None:
    feature = Feature(
        "test.email", "Send email", {Hub.MARKETING: Tier.PROFESSIONAL, Hub.SALES: Tier.ENTERPRISE}
    )
    assert cells(feature) == ["", "", "Marketing", "Marketing, Sales"]
    assert reason(feature) == "needs Marketing Hub Professional or Sales Hub Enterprise"
    plans.change({Hub.MARKETING: Tier.ENTERPRISE})
    assert cells(feature) == ["", "", "Marketing", "[Marketing], Sales"]
    assert reason(feature) == "Marketing Hub Enterprise"


def test_every_hub_is_one_phrase(free_plan: None, catalogue: None) -> None:
    feature = Feature("test.any", "Any", ANY_HUB(Tier.STARTER), add_on=AddOn.MARKETING_SMS)
    phrase = "Any hub + Marketing SMS"
    assert cells(feature) == ["", phrase, phrase, phrase]
    plans.change({Hub.SALES: Tier.STARTER}, {AddOn.MARKETING_SMS: 1})
    assert cells(feature) == ["", f"[{phrase}]", phrase, phrase]
    assert reason(feature) == "Sales Hub Starter + Marketing SMS"


def test_what_is_free_for_everybody(free_plan: None, catalogue: None) -> None:
    feature = Feature("test.free", "Free", ANY_HUB(Tier.FREE))
    assert cells(feature) == ["[Every plan]", "Any hub", "Any hub", "Any hub"]
    assert reason(feature) == "In every plan"


def test_an_add_on_alone_is_named_without_a_hub(free_plan: None, catalogue: None) -> None:
    feature = Feature("test.add", "Add", {Hub.SMART_CRM: Tier.FREE}, add_on=AddOn.CREDITS)
    assert cells(feature) == ["Breeze Intelligence credits"] * 4
    plans.change({}, {AddOn.CREDITS: 5})
    assert reason(feature) == "Breeze Intelligence credits"


def test_two_hubs_together_stand_where_one_is_not_enough(free_plan: None, catalogue: None) -> None:
    pair = Gate(hub=Hub.SERVICE, tier=Tier.STARTER, also_hub=Hub.SALES, also_tier=Tier.PROFESSIONAL)
    feature = Feature("test.pair", "Pair", {Hub.SERVICE: Tier.PROFESSIONAL}, or_by=(pair,))
    assert cells(feature) == ["", "Service with Sales Professional", "Service", "Service"]
    plans.change({Hub.SERVICE: Tier.STARTER, Hub.SALES: Tier.ENTERPRISE})
    assert cells(feature)[1] == "[Service with Sales Professional]"
    assert reason(feature) == "Service Hub Starter and Sales Hub Enterprise"


def test_a_feature_without_gates_is_in_no_plan(catalogue: None) -> None:
    feature = Feature("test.none", "None", {})
    assert cells(feature) == ["", "", "", ""]
    assert reason(feature) == "not part of any plan"


@pytest.mark.parametrize(
    ("_case", "values", "text"),
    [
        ("one for all", {EVERY_PLAN: 1_000}, "the same in every plan"),
        ("unlimited for all", {EVERY_PLAN: UNLIMITED}, "the same in every plan"),
        (
            "more from a tier on",
            {EVERY_PLAN: 1, (Hub.SALES, Tier.STARTER): UNLIMITED},
            "1 days in every plan, unlimited with Sales Starter",
        ),
        (
            "several hubs alike",
            {(Hub.SALES, Tier.STARTER): 5, (Hub.DATA, Tier.STARTER): 5},
            "5 days with Sales, Data Starter",
        ),
        ("every hub", {(hub, Tier.STARTER): 5 for hub in Hub}, "5 days with any hub Starter"),
    ],
)
def test_values_by_plan(
    _case: str, values: dict[tuple[Hub, Tier] | None, int | None], text: str, catalogue: None
) -> None:
    limit = Limit("test.limit", "Limit", values, unit="days")
    assert overview.by_plan(limit.declared_allowances(), limit) == text


@pytest.mark.parametrize(
    ("_case", "used", "value", "percent"),
    [
        ("a part", 1, 3, 33),
        ("more than there may be", 7, 3, 100),
        ("none allowed", 0, 0, 100),
        ("no end", 7, UNLIMITED, None),
    ],
)
def test_how_much_of_a_limit_is_used(
    _case: str, used: int, value: int | None, percent: int | None, catalogue: None
) -> None:
    limit = Limit("test.limit", "Limit", {EVERY_PLAN: value}, used=lambda: used)
    row = overview.limit_row(limit, plans.load(), is_edited=False)
    assert (row.used, row.percent) == (used, percent)


def test_what_is_not_counted_has_no_percentage(catalogue: None) -> None:
    limit = Limit("test.limit", "Limit", {EVERY_PLAN: 3})
    row = overview.limit_row(limit, plans.load(), is_edited=False)
    assert (row.used, row.percent) == (None, None)


def test_every_declaration_stands_in_a_section_of_its_app() -> None:
    sections = overview.sections(plans.load())
    shown = {row.feature.name for section in sections for row in section.features}
    assert shown == set(declared_features)
    limits = {row.limit.name for section in sections for row in section.limits}
    assert limits == set(declared_limits)


def test_edited_and_agreed_are_said() -> None:
    FeatureGate.objects.filter(feature="workflows.random_branch").update(tier=None)
    LimitValue.objects.filter(limit="crm.list_filters").update(value=3)
    AccountLimit.objects.all().delete()
    AccountLimit.objects.create(limit="crm.restore_days", value=7)
    sections = overview.sections(plans.load())
    rows = [row for section in sections for row in section.features]
    limits = [row for section in sections for row in section.limits]
    assert [row.feature.name for row in rows if row.is_edited] == ["workflows.random_branch"]
    assert [row.limit.name for row in limits if row.is_edited] == ["crm.list_filters"]
    assert [(row.limit.name, row.value) for row in limits if row.is_agreed] == [
        ("crm.restore_days", "7 days")
    ]


def test_only_what_is_locked() -> None:
    plans.change({Hub.DATA: Tier.FREE})
    FeatureGate.objects.filter(feature="workflows.conversation_owner").update(tier=None)
    narrowed = overview.only_locked(overview.sections(plans.load()))
    assert [section.name for section in narrowed] == ["workflows"]
    assert {row.feature.name for row in narrowed[0].features} == {
        "workflows.scheduled_workflows",
        "workflows.conversation_owner",
        "workflows.custom_code",
        "workflows.format_data",
        "workflows.webhooks",
    }
