from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from subscriptions.features import Feature, Hub, Limit, Tier, declared_features, declared_limits
from subscriptions.models import AccountLimit, FeatureGate, LimitValue, Plan, PurchasedAddOn
from subscriptions.seeding import after_migrate, seed

pytestmark = pytest.mark.django_db


def declare(tier: Tier, value: int | None) -> None:
    """Declare the feature and the limit of these tests anew, as a release does."""
    declared_features.pop("test.feature", None)
    declared_limits.pop("test.limit", None)
    Feature("test.feature", "Feature", {Hub.SALES: tier})
    Limit("test.limit", "Limit", {(Hub.SALES, Tier.STARTER): value})


def gate() -> FeatureGate:
    return FeatureGate.objects.get(feature="test.feature")


def limit() -> LimitValue:
    return LimitValue.objects.get(limit="test.limit")


def test_migrating_has_seeded_every_declaration() -> None:
    gates = {f.name: len(f.declared_gates()) for f in declared_features.values()}
    values = {one.name: len(one.values) for one in declared_limits.values()}
    assert FeatureGate.objects.count() == sum(gates.values())
    assert LimitValue.objects.count() == sum(values.values())
    assert not any(row.is_edited for row in FeatureGate.objects.all())
    assert not any(row.is_edited for row in LimitValue.objects.all())


def test_seeding_again_changes_nothing() -> None:
    before = [list(model.objects.values()) for model in (Plan, FeatureGate, LimitValue)]
    seed()
    assert [list(m.objects.values()) for m in (Plan, FeatureGate, LimitValue)] == before


def test_an_untouched_row_follows_the_next_release(catalogue: None) -> None:
    declare(Tier.STARTER, 10)
    seed()
    assert (gate().tier, limit().value) == (Tier.STARTER, 10)
    declare(Tier.ENTERPRISE, None)
    seed()
    assert (gate().tier, limit().value) == (Tier.ENTERPRISE, None)
    assert not gate().is_edited
    assert not limit().is_edited


def test_a_row_that_staff_edited_is_kept(catalogue: None) -> None:
    declare(Tier.STARTER, 10)
    seed()
    FeatureGate.objects.filter(feature="test.feature").update(tier=None)
    LimitValue.objects.filter(limit="test.limit").update(value=99)
    declare(Tier.ENTERPRISE, 20)
    seed()
    assert (gate().tier, limit().value) == (None, 99)
    assert gate().is_edited
    assert limit().declared == [20]


def test_what_is_declared_no_more_goes_unless_it_was_edited(catalogue: None) -> None:
    declare(Tier.STARTER, 10)
    seed()
    LimitValue.objects.filter(limit="test.limit").update(value=99)
    del declared_features["test.feature"], declared_limits["test.limit"]
    seed()
    seed()
    assert not FeatureGate.objects.filter(feature="test.feature").exists()
    assert limit().value == 99
    # Nothing would bring it back, so staff may delete it.
    assert limit().declared is None


def test_a_row_that_staff_added_stays() -> None:
    FeatureGate.objects.create(
        feature="workflows.random_branch", hub=Hub.SALES, tier=Tier.ENTERPRISE
    )
    seed()
    rows = FeatureGate.objects.filter(feature="workflows.random_branch")
    assert {row.hub: row.tier for row in rows} == {"marketing": 2, "sales": 3}


def test_a_hub_of_a_later_release_is_not_owned() -> None:
    Plan.objects.filter(hub=Hub.COMMERCE).delete()
    PurchasedAddOn.objects.all().delete()
    AccountLimit.objects.all().delete()
    seed()
    assert Plan.objects.get(hub=Hub.COMMERCE).tier == Tier.FREE
    assert set(PurchasedAddOn.objects.values_list("quantity", flat=True)) == {0}
    assert not AccountLimit.objects.exists()


def test_migrating_again_seeds(catalogue: None) -> None:
    declare(Tier.STARTER, 10)
    call_command("migrate", verbosity=0)
    assert gate().tier == Tier.STARTER


def test_migrating_this_app_to_zero_leaves_nothing_to_seed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE subscriptions_plan RENAME TO subscriptions_gone")
    after_migrate(using="default")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE subscriptions_gone RENAME TO subscriptions_plan")
    assert Plan.objects.count() == len(Hub)
