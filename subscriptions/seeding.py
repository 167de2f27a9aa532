"""Brings the rows of the catalogue up to the declarations; what staff edited stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.models import Manager

from subscriptions import plans
from subscriptions.features import declared_features, declared_limits
from subscriptions.hubs import AddOn, Hub, Tier
from subscriptions.models import (
    AccountLimit,
    CatalogueRow,
    FeatureGate,
    LimitValue,
    Plan,
    PurchasedAddOn,
)

Row = TypeVar("Row", bound=CatalogueRow)


def after_migrate(using: str, **_: Any) -> None:
    """The receiver of post_migrate; the tables are gone when the app was migrated to zero."""
    if "subscriptions_plan" in connections[using].introspection.table_names():
        seed()


@transaction.atomic
def seed() -> None:
    """Create what is missing and let rows nobody edited follow the declarations."""
    _seed_plan()
    _seed_rows(FeatureGate.objects, _declared_gates())
    _seed_rows(LimitValue.objects, _declared_values())
    plans.forget()


def _seed_plan() -> None:
    """A fresh installation owns everything; a hub that a later release adds is not owned."""
    is_fresh = not Plan.objects.exists()
    tier = Tier.ENTERPRISE if is_fresh else Tier.FREE
    Plan.objects.bulk_create([Plan(hub=hub, tier=tier) for hub in Hub], ignore_conflicts=True)
    included = {AddOn.MARKETING_SMS, AddOn.CREDITS} if is_fresh else set()
    PurchasedAddOn.objects.bulk_create(
        [PurchasedAddOn(add_on=name, quantity=int(name in included)) for name in AddOn],
        ignore_conflicts=True,
    )
    if is_fresh:
        off = [limit.name for limit in declared_limits.values() if limit.is_off_at_first]
        AccountLimit.objects.bulk_create(
            [AccountLimit(limit=name, value=None) for name in off], ignore_conflicts=True
        )


def _seed_rows(rows: Manager[Row], declared: Iterable[Row]) -> None:
    """Make `rows` follow the declared ones; both are matched by key."""
    wanted = {row.key(): row for row in declared}
    kept = {row.key(): row for row in rows.all()}
    changed = [row for key, row in kept.items() if _follow(row, wanted.get(key))]
    rows.bulk_update(changed, ["declared", *rows.model.value_fields])
    rows.bulk_create([row for key, row in wanted.items() if key not in kept], ignore_conflicts=True)


def _follow(row: CatalogueRow, wanted: CatalogueRow | None) -> bool:
    """Let `row` follow the declaration; returns whether it has to be written.

    A row that is declared no more goes, unless somebody gave it a value of his own.
    """
    if wanted is None:
        if row.declared is None:
            return False
        if not row.is_edited:
            row.delete()
            return False
        row.declared = None
        return True
    was_edited, before = row.is_edited, row.declared
    row.declared = wanted.declared
    if not was_edited:
        row.fill(wanted.content())
    return bool(before != row.declared)


def _declared_gates() -> Iterable[FeatureGate]:
    for feature in declared_features.values():
        for gate in feature.declared_gates():
            row = FeatureGate(
                feature=feature.name,
                hub=gate.hub.value,
                tier=gate.tier.value,
                also_hub=gate.also_hub.value if gate.also_hub else "",
                also_tier=gate.also_tier.value,
                add_on=gate.add_on.value if gate.add_on else "",
            )
            row.declared = row.content()
            yield row


def _declared_values() -> Iterable[LimitValue]:
    for limit in declared_limits.values():
        for one in limit.declared_allowances():
            row = LimitValue(
                limit=limit.name,
                hub=one.hub.value if one.hub else "",
                tier=one.tier.value,
                value=one.value,
            )
            row.declared = row.content()
            yield row
