"""The plan this account has, and what its catalogue unlocks: read in one query, kept briefly."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from subscriptions.hubs import AddOn, Gate, Hub, Tier
from subscriptions.models import Plan, PurchasedAddOn

#: Everything at once, so that a gate costs one small query at most.
SNAPSHOT = """
SELECT json_build_object(
    'tiers', (SELECT json_object_agg(hub, tier) FROM subscriptions_plan),
    'add_ons', (SELECT json_object_agg(add_on, quantity) FROM subscriptions_purchasedaddon),
    'gates', (
        SELECT json_agg(
            json_build_array(feature, hub, tier, also_hub, also_tier, add_on) ORDER BY id)
        FROM subscriptions_featuregate),
    'limits', (
        SELECT json_agg(json_build_array("limit", hub, tier, value) ORDER BY id)
        FROM subscriptions_limitvalue),
    'agreed', (SELECT json_object_agg("limit", value) FROM subscriptions_accountlimit)
)::text
"""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """The value of a limit from a tier of a hub on; without a hub, in every plan."""

    hub: Hub | None
    tier: Tier
    value: int | None


@dataclass(frozen=True, kw_only=True)
class AccountPlan:
    """What the account owns, beside the catalogue as staff have it now."""

    tiers: Mapping[Hub, Tier]
    add_ons: Mapping[AddOn, int] = field(default_factory=dict)
    gates: Mapping[str, tuple[Gate, ...]] = field(default_factory=dict)
    allowances: Mapping[str, tuple[Allowance, ...]] = field(default_factory=dict)
    agreed: Mapping[str, int | None] = field(default_factory=dict)

    def tier(self, hub: Hub) -> Tier:
        return self.tiers.get(hub, Tier.FREE)

    def holds(self, gate: Gate) -> bool:
        """Whether the account owns all that `gate` names."""
        return (
            self.tier(gate.hub) >= gate.tier
            and (gate.also_hub is None or self.tier(gate.also_hub) >= gate.also_tier)
            and (gate.add_on is None or self.add_ons.get(gate.add_on, 0) > 0)
        )

    def allowance(self, allowances: Iterable[Allowance]) -> int | None:
        """The highest value among the hubs, never their sum; None is unlimited, nothing is 0."""
        standing: dict[Hub | None, Allowance] = {}
        for one in allowances:
            owned = Tier.FREE if one.hub is None else self.tier(one.hub)
            best = standing.get(one.hub)
            if one.tier <= owned and (best is None or best.tier <= one.tier):
                standing[one.hub] = one
        values = [one.value for one in standing.values()]
        if None in values:
            return None
        return max((value for value in values if value is not None), default=0)


def load() -> AccountPlan:
    """Read the plan from the database."""
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)
        (text,) = cursor.fetchone()
    found = json.loads(text)
    return AccountPlan(
        tiers={Hub(hub): Tier(tier) for hub, tier in (found["tiers"] or {}).items() if hub in Hub},
        add_ons={
            AddOn(name): count for name, count in (found["add_ons"] or {}).items() if name in AddOn
        },
        gates=_gates(found["gates"] or []),
        allowances=_allowances(found["limits"] or []),
        agreed=found["agreed"] or {},
    )


def _gates(rows: list[list[Any]]) -> dict[str, tuple[Gate, ...]]:
    """The gates by feature; a feature whose hubs are all switched off is there with no gate."""
    gates: dict[str, tuple[Gate, ...]] = {}
    for feature, hub, tier, also_hub, also_tier, add_on in rows:
        known = gates.setdefault(feature, ())
        if tier is None or not _are_known(hub, also_hub, add_on):
            continue
        gate = Gate(
            hub=Hub(hub),
            tier=Tier(tier),
            also_hub=Hub(also_hub) if also_hub else None,
            also_tier=Tier(also_tier),
            add_on=AddOn(add_on) if add_on else None,
        )
        gates[feature] = (*known, gate)
    return gates


def _are_known(hub: str, also_hub: str, add_on: str) -> bool:
    """A row that names something this release does not know unlocks nothing."""
    return hub in Hub and (not also_hub or also_hub in Hub) and (not add_on or add_on in AddOn)


def _allowances(rows: list[list[Any]]) -> dict[str, tuple[Allowance, ...]]:
    allowances: dict[str, tuple[Allowance, ...]] = {}
    for limit, hub, tier, value in rows:
        known = allowances.setdefault(limit, ())
        if hub and hub not in Hub:
            continue
        one = Allowance(hub=Hub(hub) if hub else None, tier=Tier(tier), value=value)
        allowances[limit] = (*known, one)
    return allowances


class _Kept:
    """The plan as this process read it last, and until when it may be believed."""

    plan: AccountPlan | None = None
    until: float = 0.0


def current() -> AccountPlan:
    """The account's plan, at most PLAN_MAX_AGE_SECONDS old.

    An edit by another process is seen after that time; nothing has to tell this one.
    """
    if _Kept.plan is None or time.monotonic() >= _Kept.until:
        _Kept.plan = load()
        _Kept.until = time.monotonic() + settings.PLAN_MAX_AGE_SECONDS
    return _Kept.plan


def forget() -> None:
    """Let the next question read the plan anew: for whoever just changed it."""
    _Kept.plan = None


@transaction.atomic
def change(tiers: Mapping[Hub, Tier], add_ons: Mapping[AddOn, int] | None = None) -> None:
    """Let the account own `tiers` and `add_ons`; what they do not name stays as it is."""
    Plan.objects.bulk_create(
        [Plan(hub=hub, tier=tier) for hub, tier in tiers.items()],
        update_conflicts=True,
        unique_fields=["hub"],
        update_fields=["tier"],
    )
    PurchasedAddOn.objects.bulk_create(
        [PurchasedAddOn(add_on=name, quantity=count) for name, count in (add_ons or {}).items()],
        update_conflicts=True,
        unique_fields=["add_on"],
        update_fields=["quantity"],
    )
    forget()
