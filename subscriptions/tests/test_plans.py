from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from subscriptions import plans
from subscriptions.hubs import AddOn, Hub, Tier
from subscriptions.models import Plan, PurchasedAddOn

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(settings: LazySettings) -> Iterator[LazySettings]:
    """A process that keeps the plan in memory, as outside of tests."""
    settings.PLAN_MAX_AGE_SECONDS = 60
    plans.forget()
    yield settings
    plans.forget()


def test_changing_names_only_what_changes() -> None:
    before = plans.current()
    plans.change({Hub.SALES: Tier.STARTER}, {AddOn.BRANDS: 2})
    assert plans.current().tiers == {**before.tiers, Hub.SALES: Tier.STARTER}
    assert plans.current().add_ons == {**before.add_ons, AddOn.BRANDS: 2}
    assert Plan.objects.count() == len(Hub)
    assert PurchasedAddOn.objects.count() == len(AddOn)


def test_a_hub_that_is_not_there_is_free() -> None:
    Plan.objects.all().delete()
    assert {plans.current().tier(hub) for hub in Hub} == {Tier.FREE}


def test_a_hub_of_another_release_is_left_out() -> None:
    Plan.objects.create(hub="moon", tier=Tier.ENTERPRISE)
    PurchasedAddOn.objects.create(add_on="rocket", quantity=1)
    assert set(plans.current().tiers) == set(Hub)
    assert set(plans.current().add_ons) == set(AddOn)


def test_whoever_changes_the_plan_sees_it_at_once(kept: LazySettings) -> None:
    assert plans.current().tier(Hub.SALES) == Tier.ENTERPRISE
    plans.change({Hub.SALES: Tier.FREE})
    assert plans.current().tier(Hub.SALES) == Tier.FREE


def test_a_change_by_another_process_is_seen_when_the_memory_is_too_old(
    kept: LazySettings,
) -> None:
    assert plans.current().tier(Hub.SALES) == Tier.ENTERPRISE
    Plan.objects.filter(hub=Hub.SALES).update(tier=Tier.FREE)
    assert plans.current().tier(Hub.SALES) == Tier.ENTERPRISE
    plans.forget()
    kept.PLAN_MAX_AGE_SECONDS = 0
    assert plans.current().tier(Hub.SALES) == Tier.FREE
    Plan.objects.filter(hub=Hub.SALES).update(tier=Tier.STARTER)
    assert plans.current().tier(Hub.SALES) == Tier.STARTER
