"""What the page "Plan & limits" shows: every feature by tier, every limit beside its use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.apps import apps

from subscriptions.features import (
    Feature,
    Limit,
    declared_features,
    declared_limits,
    describe_gates,
)
from subscriptions.hubs import Gate, Hub, Tier
from subscriptions.models import FeatureGate, LimitValue
from subscriptions.plans import AccountPlan, Allowance

UNLIMITED_TEXT = "unlimited"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A way to unlock a feature, as it stands in the column of a tier."""

    text: str
    #: The account owns just this.
    is_owned: bool


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What unlocks a feature at one tier."""

    tier: Tier
    openings: tuple[Opening, ...]


@dataclass(frozen=True, kw_only=True)
class FeatureRow:
    """One line of the table feature x tier."""

    feature: Feature
    cells: tuple[Cell, ...]
    is_unlocked: bool
    #: What unlocks it now; what would, while it is locked.
    reason: str
    is_edited: bool


@dataclass(frozen=True, kw_only=True)
class LimitRow:
    """One line of the limits."""

    limit: Limit
    value: str
    by_plan: str
    used: int | None
    #: How much of it is used, where it is counted and has an end.
    percent: int | None
    is_agreed: bool
    is_edited: bool


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one app declares."""

    name: str
    label: str
    features: tuple[FeatureRow, ...]
    limits: tuple[LimitRow, ...]


def sections(plan: AccountPlan) -> list[Section]:
    """All features and limits, app by app."""
    gates = {row.feature for row in FeatureGate.objects.all() if row.is_edited}
    values = {row.limit for row in LimitValue.objects.all() if row.is_edited}
    return [
        Section(
            name=config.label,
            label=str(config.verbose_name),
            features=tuple(
                feature_row(feature, plan, is_edited=feature.name in gates)
                for feature in declared_features.values()
                if feature.app_label == config.label
            ),
            limits=tuple(
                limit_row(limit, plan, is_edited=limit.name in values)
                for limit in declared_limits.values()
                if limit.app_label == config.label
            ),
        )
        for config in apps.get_app_configs()
    ]


def only_locked(sections: Iterable[Section]) -> list[Section]:
    """The sections that lack something, with what they lack."""
    found = [
        replace(one, features=tuple(row for row in one.features if not row.is_unlocked))
        for one in sections
    ]
    return [one for one in found if one.features]


def feature_row(feature: Feature, plan: AccountPlan, *, is_edited: bool) -> FeatureRow:
    gates = feature.gates(plan)
    opened_by = feature.unlocking_gate(plan)
    return FeatureRow(
        feature=feature,
        cells=tuple(Cell(tier=tier, openings=_openings(gates, tier, plan)) for tier in Tier),
        is_unlocked=opened_by is not None,
        reason=_owned(opened_by, plan) if opened_by else _needed(gates),
        is_edited=is_edited,
    )


def _needed(gates: tuple[Gate, ...]) -> str:
    return f"needs {describe_gates(gates)}" if gates else "not part of any plan"


def _openings(gates: Iterable[Gate], tier: Tier, plan: AccountPlan) -> tuple[Opening, ...]:
    """What unlocks at `tier`; a gate stands in the column of its tier and of all above."""
    open_here = [gate for gate in gates if gate.tier <= tier]
    plain = {gate.hub: gate for gate in open_here if gate.also_hub is None}
    if set(plain) == set(Hub):
        owned = any(plan.holds(gate) and plan.tier(hub) == tier for hub, gate in plain.items())
        text = "Every plan" if tier == Tier.FREE else f"Any hub{_with_add_on(open_here[0])}"
        return (Opening(text=text, is_owned=owned),)
    # A pair of hubs is of no interest where one of them is enough.
    pairs = [gate for gate in open_here if gate.also_hub and gate.hub not in plain]
    return tuple(
        Opening(text=_opening(gate), is_owned=plan.holds(gate) and plan.tier(gate.hub) == tier)
        for gate in [*plain.values(), *pairs]
    )


def _opening(gate: Gate) -> str:
    if gate.tier == Tier.FREE and gate.add_on:
        return gate.add_on.label
    text = gate.hub.short
    if gate.also_hub is not None:
        text += f" with {gate.also_hub.short} {gate.also_tier.label}"
    return text + _with_add_on(gate)


def _with_add_on(gate: Gate) -> str:
    return f" + {gate.add_on.label}" if gate.add_on else ""


def _owned(gate: Gate, plan: AccountPlan) -> str:
    """What the account has that opens `gate`: "Marketing Hub Enterprise"."""
    if gate.tier == Tier.FREE:
        return gate.add_on.label if gate.add_on else "In every plan"
    text = f"{gate.hub.label} {plan.tier(gate.hub).label}"
    if gate.also_hub is not None:
        text += f" and {gate.also_hub.label} {plan.tier(gate.also_hub).label}"
    return text + _with_add_on(gate)


def limit_row(limit: Limit, plan: AccountPlan, *, is_edited: bool) -> LimitRow:
    value = limit.value(plan)
    used = limit.used() if limit.used else None
    percent = None
    if used is not None and value is not None:
        percent = min(100, round(100 * used / value)) if value else 100
    return LimitRow(
        limit=limit,
        value=_number(value, limit),
        by_plan=by_plan(plan.allowances.get(limit.name, limit.declared_allowances()), limit),
        used=used,
        percent=percent,
        is_agreed=limit.name in plan.agreed,
        is_edited=is_edited,
    )


def by_plan(
    allowances: Iterable[Allowance], limit: Limit, alone: str = "the same in every plan"
) -> str:
    """Who gets how much: "300 with Sales Professional, 1,000 with Sales Enterprise"."""
    hubs: dict[tuple[int | None, Tier | None], list[Hub]] = {}
    for one in allowances:
        known = hubs.setdefault((one.value, one.tier if one.hub else None), [])
        if one.hub:
            known.append(one.hub)
    if len(hubs) == 1 and None in (tier for _, tier in hubs):
        return alone.format(*(_number(value, limit) for value, _ in hubs))
    parts = []
    for (value, tier), owners in hubs.items():
        if tier is None:
            parts.append(f"{_number(value, limit)} in every plan")
            continue
        names = "any hub" if set(owners) == set(Hub) else ", ".join(hub.short for hub in owners)
        parts.append(f"{_number(value, limit)} with {names} {tier.label}")
    return ", ".join(parts)


def _number(value: int | None, limit: Limit) -> str:
    if value is None:
        return UNLIMITED_TEXT
    return f"{value:,} {limit.unit}".strip()
