"""Plan gates: what a feature needs, how much of a thing a plan allows.

Each app declares its own in `<app>/features.py`; a declaration registers itself:

    SEND_EMAIL = Feature(
        "emails.send_email", "Send email", {Hub.MARKETING: Tier.PROFESSIONAL}
    )

Code asks `SEND_EMAIL.require()` and never compares tiers. The declarations are the catalogue as it
ships; the rows seeded from them decide, so that staff can change every gate and every number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from subscriptions.hubs import AddOn, Gate, Hub, Tier

if TYPE_CHECKING:
    from subscriptions.plans import AccountPlan, Allowance

__all__ = [
    "ANY_HUB",
    "EVERY_PLAN",
    "UNLIMITED",
    "AddOn",
    "Feature",
    "Gate",
    "Hub",
    "Limit",
    "LimitReached",
    "Tier",
    "UpgradeRequired",
    "declared_features",
    "declared_limits",
]

declared_features: dict[str, Feature] = {}
declared_limits: dict[str, Limit] = {}

#: The value of a limit that has none.
UNLIMITED: Final = None
#: The key of a limit's value that holds whatever the account owns.
EVERY_PLAN: Final = None


def ANY_HUB(tier: Tier) -> dict[Hub, Tier]:  # noqa: N802 - reads as the value it makes
    """Unlocked by whichever hub is owned at `tier`."""
    return dict.fromkeys(Hub, tier)


class AlreadyDeclared(Exception):
    """Two features, or two limits, claim one name."""


class UpgradeRequired(Exception):
    """The account's plan does not hold a feature; the message names what would."""

    def __init__(self, feature: Feature) -> None:
        super().__init__(feature.sentence())
        self.feature = feature


class LimitReached(Exception):
    """More than the account's plan allows; the message says how much that is."""

    category = "LIMIT_EXCEEDED"

    def __init__(self, limit: Limit, count: int, value: int) -> None:
        super().__init__(f"{limit.label}: {count:,} is more than the {value:,} of your plan.")
        self.limit = limit


@dataclass(frozen=True, eq=False)
class Feature:
    """A named capability, and the least tier of each hub that unlocks it."""

    name: str
    label: str
    unlocked_by: Mapping[Hub, Tier]
    #: Further ways, which need two hubs together.
    or_by: tuple[Gate, ...] = field(default=(), kw_only=True)
    #: Needed beside any of the hubs.
    add_on: AddOn | None = field(default=None, kw_only=True)
    #: What else holds for it, as a sentence for users.
    note: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if self.name in declared_features:
            raise AlreadyDeclared(f"The feature {self.name!r} is declared twice.")
        declared_features[self.name] = self

    @property
    def app_label(self) -> str:
        return self.name.partition(".")[0]

    def declared_gates(self) -> tuple[Gate, ...]:
        """The ways to unlock it as the code declares them."""
        hubs = (
            Gate(hub=hub, tier=tier, add_on=self.add_on) for hub, tier in self.unlocked_by.items()
        )
        return (*hubs, *self.or_by)

    def gates(self, plan: AccountPlan | None = None) -> tuple[Gate, ...]:
        """The ways to unlock it as the catalogue has them now."""
        return (plan or _current()).gates.get(self.name, self.declared_gates())

    def unlocking_gate(self, plan: AccountPlan | None = None) -> Gate | None:
        """The gate that is open, or None while the feature is locked."""
        plan = plan or _current()
        return next((gate for gate in self.gates(plan) if plan.holds(gate)), None)

    def is_unlocked(self) -> bool:
        return self.unlocking_gate() is not None

    def require(self) -> None:
        """Raise UpgradeRequired unless the account's plan holds the feature."""
        if not self.is_unlocked():
            raise UpgradeRequired(self)

    def sentence(self, plan: AccountPlan | None = None) -> str:
        """What it needs: "Send email needs Marketing Hub Professional or ..."."""
        gates = self.gates(plan)
        if not gates:
            return f"{self.label} is not part of any plan."
        return f"{self.label} needs {describe_gates(gates)}"


@dataclass(frozen=True, eq=False)
class Limit:
    """How many of something the account may have, by plan."""

    name: str
    label: str
    #: By hub and the tier it holds from, or by EVERY_PLAN. With several hubs the highest counts.
    values: Mapping[tuple[Hub, Tier] | None, int | None]
    #: What each piece of an add-on adds.
    per_add_on: Mapping[AddOn, int] = field(default_factory=dict, kw_only=True)
    #: No add-on lifts a limited plan above this.
    at_most: int | None = field(default=None, kw_only=True)
    #: "seconds", "MB" ...; nothing for things that are counted.
    unit: str = field(default="", kw_only=True)
    #: A fresh installation starts without this limit; staff can set it.
    is_off_at_first: bool = field(default=False, kw_only=True)
    #: How many there are now, where the account as a whole is counted.
    used: Callable[[], int] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.name in declared_limits:
            raise AlreadyDeclared(f"The limit {self.name!r} is declared twice.")
        declared_limits[self.name] = self

    @property
    def app_label(self) -> str:
        return self.name.partition(".")[0]

    def declared_allowances(self) -> tuple[Allowance, ...]:
        """Its values as the code declares them."""
        from subscriptions.plans import Allowance

        levels = ((key or (None, Tier.FREE), value) for key, value in self.values.items())
        return tuple(Allowance(hub=hub, tier=tier, value=value) for (hub, tier), value in levels)

    def value(self, plan: AccountPlan | None = None) -> int | None:
        """What the account may have now; None is unlimited."""
        plan = plan or _current()
        if self.name in plan.agreed:
            return plan.agreed[self.name]
        base = plan.allowance(plan.allowances.get(self.name, self.declared_allowances()))
        # An add-on raises what a plan has; it does not open what the plan lacks.
        if not base:
            return base
        extra = sum(plan.add_ons.get(name, 0) * each for name, each in self.per_add_on.items())
        return base + extra if self.at_most is None else min(base + extra, self.at_most)

    def allows(self, count: int) -> bool:
        value = self.value()
        return value is None or count <= value

    def require(self, count: int) -> None:
        """Raise LimitReached unless the account may have `count`."""
        value = self.value()
        if value is not None and count > value:
            raise LimitReached(self, count, value)

    def require_room(self, more: int = 1) -> None:
        """Raise LimitReached unless there is room for `more` beside those that are there."""
        assert self.used is not None, f"{self.name} is not counted over the account."
        self.require(self.used() + more)


def _current() -> AccountPlan:
    # Late: this module is read before the tables are known, and the tables are not for everyone.
    from subscriptions import plans

    return plans.current()


def describe_gates(gates: Iterable[Gate]) -> str:
    """What unlocks, as `A, B or C`; one phrase where every hub opens at the same tier."""
    gates = list(gates)
    tiers = {gate.tier for gate in gates}
    plain = {gate.hub for gate in gates if gate.also_hub is None}
    add_ons = {gate.add_on for gate in gates}
    if plain == set(Hub) and len(tiers) == len(add_ons) == 1 and len(gates) == len(Hub):
        return f"any hub at {tiers.pop().label}{_with(add_ons.pop())}"
    phrases = list(dict.fromkeys(describe_gate(gate) for gate in gates))
    if len(phrases) == 1:
        return phrases[0]
    return f"{', '.join(phrases[:-1])} or {phrases[-1]}"


def describe_gate(gate: Gate) -> str:
    """One way, such as `Service Hub Starter together with Sales Hub Professional`."""
    if gate.tier == Tier.FREE and gate.add_on:
        return f"the add-on {gate.add_on.label}"
    text = f"{gate.hub.label} {gate.tier.label}"
    if gate.also_hub is not None:
        text += f" together with {gate.also_hub.label} {gate.also_tier.label}"
    return text + _with(gate.add_on)


def _with(add_on: AddOn | None) -> str:
    return f" with the add-on {add_on.label}" if add_on else ""
