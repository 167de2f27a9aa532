from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscriptions import plans
from subscriptions.features import (
    ANY_HUB,
    AddOn,
    AlreadyDeclared,
    Feature,
    Gate,
    Hub,
    Tier,
    UpgradeRequired,
    declared_features,
)
from subscriptions.models import FeatureGate

pytestmark = pytest.mark.django_db


@pytest.fixture
def send_email(catalogue: None) -> Feature:
    unlocked_by = {Hub.MARKETING: Tier.PROFESSIONAL, Hub.SERVICE: Tier.PROFESSIONAL}
    return Feature("test.send_email", "Send email", unlocked_by)


@pytest.mark.parametrize(
    ("_case", "hub", "tier", "is_unlocked"),
    [
        ("the least tier", Hub.MARKETING, Tier.PROFESSIONAL, True),
        ("a higher tier", Hub.MARKETING, Tier.ENTERPRISE, True),
        ("another hub that unlocks it", Hub.SERVICE, Tier.PROFESSIONAL, True),
        ("a lower tier", Hub.MARKETING, Tier.STARTER, False),
        ("a hub that does not unlock it", Hub.SALES, Tier.ENTERPRISE, False),
    ],
)
def test_unlocked_from_the_least_tier_of_one_hub_on(
    _case: str, hub: Hub, tier: Tier, is_unlocked: bool, free_plan: None, send_email: Feature
) -> None:
    plans.change({hub: tier})
    assert send_email.is_unlocked() is is_unlocked


def test_requiring_a_locked_feature_names_what_unlocks_it(
    free_plan: None, send_email: Feature
) -> None:
    with pytest.raises(UpgradeRequired) as raised:
        send_email.require()
    assert raised.value.feature is send_email
    assert (
        str(raised.value)
        == "Send email needs Marketing Hub Professional or Service Hub Professional"
    )


def test_requiring_an_unlocked_feature_does_nothing(send_email: Feature) -> None:
    send_email.require()


def test_two_hubs_together_unlock_what_neither_does_alone(free_plan: None, catalogue: None) -> None:
    both = Gate(hub=Hub.SERVICE, tier=Tier.STARTER, also_hub=Hub.SALES, also_tier=Tier.PROFESSIONAL)
    feature = Feature("test.pair", "Ticket email", {Hub.SERVICE: Tier.PROFESSIONAL}, or_by=(both,))
    plans.change({Hub.SERVICE: Tier.STARTER})
    assert not feature.is_unlocked()
    plans.change({Hub.SERVICE: Tier.FREE, Hub.SALES: Tier.PROFESSIONAL})
    assert not feature.is_unlocked()
    plans.change({Hub.SERVICE: Tier.STARTER})
    assert feature.unlocking_gate() == both
    assert feature.sentence() == (
        "Ticket email needs Service Hub Professional"
        " or Service Hub Starter together with Sales Hub Professional"
    )


def test_an_add_on_is_needed_beside_the_hub(free_plan: None, catalogue: None) -> None:
    feature = Feature(
        "test.sms", "Send SMS", ANY_HUB(Tier.PROFESSIONAL), add_on=AddOn.MARKETING_SMS
    )
    assert feature.sentence() == (
        "Send SMS needs any hub at Professional with the add-on Marketing SMS"
    )
    plans.change({Hub.COMMERCE: Tier.PROFESSIONAL})
    assert not feature.is_unlocked()
    plans.change({}, {AddOn.MARKETING_SMS: 1})
    assert feature.is_unlocked()
    plans.change({Hub.COMMERCE: Tier.STARTER})
    assert not feature.is_unlocked()


def test_an_add_on_alone_is_named_without_a_hub(free_plan: None, catalogue: None) -> None:
    feature = Feature(
        "test.credits", "Enrich record", {Hub.SMART_CRM: Tier.FREE}, add_on=AddOn.CREDITS
    )
    assert feature.sentence() == "Enrich record needs the add-on Breeze Intelligence credits"
    plans.change({}, {AddOn.CREDITS: 1})
    assert feature.is_unlocked()


@pytest.mark.parametrize(
    ("_case", "unlocked_by", "sentence"),
    [
        ("one hub", {Hub.SALES: Tier.ENTERPRISE}, "It needs Sales Hub Enterprise"),
        ("every hub at one tier", ANY_HUB(Tier.ENTERPRISE), "It needs any hub at Enterprise"),
        (
            "three hubs",
            dict.fromkeys((Hub.MARKETING, Hub.SALES, Hub.DATA), Tier.STARTER),
            "It needs Marketing Hub Starter, Sales Hub Starter or Data Hub Starter",
        ),
        (
            "every hub, at two tiers",
            ANY_HUB(Tier.STARTER) | {Hub.SMART_CRM: Tier.FREE},
            (
                "It needs Marketing Hub Starter, Sales Hub Starter, Service Hub Starter,"
                " Data Hub Starter, Commerce Hub Starter or Smart CRM Free"
            ),
        ),
        ("no hub", {}, "It is not part of any plan."),
    ],
)
def test_sentence(_case: str, unlocked_by: dict[Hub, Tier], sentence: str, catalogue: None) -> None:
    assert Feature("test.it", "It", unlocked_by).sentence() == sentence


def test_the_row_decides_not_the_declaration(free_plan: None) -> None:
    feature = declared_features["workflows.random_branch"]
    plans.change({Hub.MARKETING: Tier.STARTER})
    assert not feature.is_unlocked()
    FeatureGate.objects.filter(feature=feature.name).update(tier=Tier.STARTER)
    assert feature.is_unlocked()
    assert feature.sentence() == "Random percentage branch needs Marketing Hub Starter"


def test_a_feature_whose_hubs_are_all_switched_off_is_locked_for_everybody() -> None:
    feature = declared_features["workflows.random_branch"]
    FeatureGate.objects.filter(feature=feature.name).update(tier=None)
    assert not feature.is_unlocked()
    assert feature.sentence() == "Random percentage branch is not part of any plan."


def test_a_row_about_an_unknown_hub_unlocks_nothing() -> None:
    feature = declared_features["workflows.random_branch"]
    FeatureGate.objects.filter(feature=feature.name).update(hub="moon")
    assert not feature.is_unlocked()


def test_a_fresh_installation_has_everything_unlocked() -> None:
    assert [f.name for f in declared_features.values() if not f.is_unlocked()] == []


def test_a_name_is_declared_once(send_email: Feature) -> None:
    with pytest.raises(AlreadyDeclared, match=r"^The feature 'test.send_email' is declared twice"):
        Feature("test.send_email", "Another", {})


def test_one_query_answers_for_all_features(settings: LazySettings) -> None:
    settings.PLAN_MAX_AGE_SECONDS = 60
    plans.forget()
    with CaptureQueriesContext(connection) as queries:
        for feature in declared_features.values():
            feature.is_unlocked()
    assert len(queries) == 1
    plans.forget()


def test_features_are_read_without_the_tables() -> None:
    # crm names features while the apps are still loading.
    code = "import subscriptions.features, sys; assert 'subscriptions.models' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
