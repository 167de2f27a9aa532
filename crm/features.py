"""What the plan decides about records, lists and the API."""

from __future__ import annotations

from subscriptions.features import ANY_HUB, EVERY_PLAN, Feature, Hub, Limit, Tier

CUSTOM_OBJECTS = Feature("crm.custom_objects", "Custom object", ANY_HUB(Tier.ENTERPRISE))
ASSOCIATION_LABELS = Feature(
    "crm.association_labels", "Custom association label", ANY_HUB(Tier.ENTERPRISE)
)
LABELS_PER_PAIR = Limit(
    "crm.labels_per_pair", "Association labels between two objects", {EVERY_PLAN: 50}
)


def _custom_objects() -> int:
    from crm.models import ObjectSchema

    return ObjectSchema.objects.filter(archived_at=None).count()


def _lists(*, is_dynamic: bool) -> int:
    from django.db.models import Q

    from crm.models import List

    found = List.objects.filter(archived_at=None)
    dynamic = Q(processing_type=List.ProcessingType.DYNAMIC)
    return found.filter(dynamic if is_dynamic else ~dynamic).count()


def _any_hub(by_tier: dict[Tier, int]) -> dict[tuple[Hub, Tier] | None, int | None]:
    return {(hub, tier): value for hub in Hub for tier, value in by_tier.items()}


CUSTOM_OBJECT_TYPES = Limit(
    "crm.custom_object_types",
    "Custom objects",
    _any_hub({Tier.ENTERPRISE: 10}),
    used=_custom_objects,
)
STATIC_LISTS = Limit(
    "crm.static_lists",
    "Static lists",
    _any_hub({Tier.STARTER: 1_000, Tier.ENTERPRISE: 1_500}),
    used=lambda: _lists(is_dynamic=False),
)
ACTIVE_LISTS = Limit(
    "crm.active_lists",
    "Active lists",
    _any_hub({Tier.STARTER: 25, Tier.PROFESSIONAL: 1_000, Tier.ENTERPRISE: 1_500}),
    used=lambda: _lists(is_dynamic=True),
)
LIST_FILTERS = Limit("crm.list_filters", "Filters in a list", {EVERY_PLAN: 250})
RESTORE_DAYS = Limit(
    "crm.restore_days", "Deleted contacts can be restored for", {EVERY_PLAN: 90}, unit="days"
)
API_BURST = Limit(
    "crm.api_burst",
    "API requests in 10 seconds",
    {EVERY_PLAN: 100, **_any_hub({Tier.PROFESSIONAL: 190})},
)
API_DAILY = Limit(
    "crm.api_daily",
    "API requests a day",
    {EVERY_PLAN: 250_000, **_any_hub({Tier.PROFESSIONAL: 625_000, Tier.ENTERPRISE: 1_000_000})},
)
