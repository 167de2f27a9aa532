"""The form by which staff say what the account owns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms

from subscriptions import plans
from subscriptions.hubs import AddOn, Hub, Tier
from subscriptions.plans import AccountPlan


class PlanForm(forms.Form):
    """A tier for each hub, a number for each add-on."""

    def __init__(
        self, plan: AccountPlan, *args: Any, select: forms.Select, number: forms.NumberInput
    ) -> None:
        super().__init__(*args)
        for hub in Hub:
            self.fields[hub.value] = forms.TypedChoiceField(
                label=hub.label,
                choices=Tier.choices,
                coerce=lambda value: Tier(int(value)),
                initial=plan.tier(hub).value,
                widget=select,
            )
        for add_on in AddOn:
            self.fields[add_on.value] = forms.IntegerField(
                label=add_on.label,
                min_value=0,
                max_value=10_000,
                initial=plan.add_ons.get(add_on, 0),
                widget=number,
            )

    def hubs(self) -> Iterator[forms.BoundField]:
        return (self[hub.value] for hub in Hub)

    def add_ons(self) -> Iterator[forms.BoundField]:
        return (self[add_on.value] for add_on in AddOn)

    def save(self) -> list[str]:
        """Store what was changed; returns it in words."""
        names = self.changed_data
        plans.change(
            {Hub(name): self.cleaned_data[name] for name in names if name in Hub},
            {AddOn(name): self.cleaned_data[name] for name in names if name in AddOn},
        )
        return [f"{self.fields[name].label}: {self._shown(name)}" for name in names]

    def _shown(self, name: str) -> str:
        value = self.cleaned_data[name]
        return str(value.label if isinstance(value, Tier) else value)
