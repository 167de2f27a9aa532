"""The reference page of plans: every feature by tier and every limit, as they ship."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.apps import apps

from config.reference.markdown import bullets, code, page, table
from subscriptions import overview
from subscriptions.features import (
    Feature,
    Limit,
    declared_features,
    declared_limits,
)
from subscriptions.hubs import AddOn, Hub, Tier
from subscriptions.plans import AccountPlan

Declared = TypeVar("Declared", Feature, Limit)

#: An account that owns nothing, beside the catalogue as declared.
NOTHING = AccountPlan(tiers={})


def plans_page() -> str:
    return page(
        "Plans, features and limits",
        "An account owns hubs, each at a tier, and add-ons. A feature is unlocked when any of the"
        " hubs it names is owned at that tier or above. These are the values that ship; staff can"
        " change each of them under Settings, Plan & limits. A fresh installation owns every hub"
        " at Enterprise and may have any number of workflows.",
        "## Hubs and add-ons",
        bullets(
            [
                f"Hubs: {', '.join(hub.label for hub in Hub)}.",
                f"Tiers: {', '.join(tier.label for tier in Tier)}.",
                f"Add-ons: {', '.join(add_on.label for add_on in AddOn)}.",
            ]
        ),
        "## Features",
        table(
            ["Feature", "Name", *(tier.label for tier in Tier), "Note"],
            [_feature(feature) for feature in _in_order(declared_features.values())],
        ),
        "## Limits",
        table(
            ["Limit", "Name", "Value", "Also"],
            [_limit(limit) for limit in _in_order(declared_limits.values())],
        ),
    )


def _in_order(declared: Iterable[Declared]) -> list[Declared]:
    """App by app, whichever was imported first."""
    labels = [config.label for config in apps.get_app_configs()]
    return sorted(declared, key=lambda one: labels.index(one.app_label))


def _feature(feature: Feature) -> list[str]:
    row = overview.feature_row(feature, NOTHING, is_edited=False)
    cells = [", ".join(opening.text for opening in cell.openings) for cell in row.cells]
    return [feature.label, code(feature.name), *cells, feature.note]


def _limit(limit: Limit) -> list[str]:
    also = [f"{each:,} more with each {name.label}" for name, each in limit.per_add_on.items()]
    if limit.at_most is not None:
        also.append(f"{limit.at_most:,} at most")
    if limit.is_off_at_first:
        also.append("off in a fresh installation")
    values = overview.by_plan(limit.declared_allowances(), limit, alone="{} in every plan")
    return [limit.label, code(limit.name), values, ", ".join(also)]
