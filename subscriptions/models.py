from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.enums import Choices

from subscriptions.hubs import AddOn, Hub, Tier


# Callables, so that a new hub, tier or add-on needs no migration.
def hub_choices() -> list[tuple[str, str]]:
    return Hub.choices


def tier_choices() -> list[tuple[int, str]]:
    return Tier.choices


def add_on_choices() -> list[tuple[str, str]]:
    return AddOn.choices


def label(kind: type[Choices], value: Any) -> str:
    """The label of `value`; the bare value where an older release knew it and this one does not."""
    return str(dict(kind.choices).get(value, value))


class Plan(models.Model):
    """The tier this account has of one hub."""

    hub = models.CharField(max_length=30, unique=True, choices=hub_choices)
    tier = models.SmallIntegerField(choices=tier_choices)

    class Meta:
        verbose_name_plural = "plan & limits"

    def __str__(self) -> str:
        return f"{label(Hub, self.hub)} {label(Tier, self.tier)}"


class PurchasedAddOn(models.Model):
    """How many pieces of an add-on this account has."""

    add_on = models.CharField(max_length=30, unique=True, choices=add_on_choices)
    quantity = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(10_000)])

    class Meta:
        verbose_name = "add-on"

    def __str__(self) -> str:
        return f"{self.quantity} x {label(AddOn, self.add_on)}"


class CatalogueRow(models.Model):
    """A row that first comes from a declaration in the code and that staff may change.

    `declared` is what the code said when the row was last seeded: a row that still says the same
    follows the next release, a row that says something else was edited and is kept.
    """

    #: What tells a row from the others of its table, and what staff may change in it.
    key_fields: ClassVar[tuple[str, ...]]
    value_fields: ClassVar[tuple[str, ...]]

    declared: models.JSONField[Any, Any] = models.JSONField(null=True, editable=False)

    class Meta:
        abstract = True

    def key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.key_fields)

    def content(self) -> list[int | None]:
        """What staff may change, in the form of `declared`."""
        return [getattr(self, name) for name in self.value_fields]

    def fill(self, content: list[int | None]) -> None:
        """Take over the content of another row, or of another moment."""
        for name, value in zip(self.value_fields, content, strict=True):
            setattr(self, name, value)

    @property
    def is_edited(self) -> bool:
        return bool(self.declared != self.content())


class FeatureGate(CatalogueRow):
    """One way to unlock a feature: owning `hub` at `tier`, and whatever else the row names."""

    key_fields = ("feature", "hub", "also_hub", "add_on")
    value_fields = ("tier", "also_tier")

    feature = models.CharField(max_length=100)
    hub = models.CharField(max_length=30, choices=hub_choices)
    tier = models.SmallIntegerField(
        "least tier",
        choices=tier_choices,
        null=True,
        blank=True,
        help_text="Empty: this hub does not unlock the feature.",
    )
    also_hub = models.CharField("together with", max_length=30, choices=hub_choices, blank=True)
    also_tier = models.SmallIntegerField("at least at", choices=tier_choices, default=Tier.FREE)
    add_on = models.CharField("add-on needed", max_length=30, choices=add_on_choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["feature", "hub", "also_hub", "add_on"], name="subscriptions_gate_once"
            ),
        ]
        ordering = ["feature", "id"]

    def __str__(self) -> str:
        return f"{self.feature} by {label(Hub, self.hub)}"


class LimitValue(CatalogueRow):
    """The value of a limit from one tier of a hub on; without a hub, in every plan."""

    key_fields = ("limit", "hub", "tier")
    value_fields = ("value",)

    limit = models.CharField(max_length=100)
    hub = models.CharField(max_length=30, choices=hub_choices, blank=True)
    tier = models.SmallIntegerField("from tier", choices=tier_choices, default=Tier.FREE)
    value = models.PositiveBigIntegerField(null=True, blank=True, help_text="Empty: unlimited.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["limit", "hub", "tier"], name="subscriptions_limit_once"
            ),
        ]
        ordering = ["limit", "id"]

    def __str__(self) -> str:
        return f"{self.limit} in {label(Hub, self.hub) or 'every plan'}"


class AccountLimit(models.Model):
    """What this account has agreed on for a limit, whatever its plan says."""

    limit = models.CharField(max_length=100, unique=True)
    value = models.PositiveBigIntegerField(null=True, blank=True, help_text="Empty: unlimited.")

    class Meta:
        verbose_name = "agreed limit"

    def __str__(self) -> str:
        return f"{self.limit}: {'unlimited' if self.value is None else self.value}"
