from __future__ import annotations

from collections.abc import Iterator

import pytest

from subscriptions import plans
from subscriptions.features import declared_features, declared_limits
from subscriptions.hubs import AddOn, Hub, Tier


@pytest.fixture
def free_plan(db: None) -> None:
    """An account that owns no hub and no add-on."""
    plans.change(dict.fromkeys(Hub, Tier.FREE), dict.fromkeys(AddOn, 0))


@pytest.fixture
def catalogue() -> Iterator[None]:
    """Lets a test declare features and limits of its own."""
    features, limits = dict(declared_features), dict(declared_limits)
    yield
    declared_features.clear()
    declared_features.update(features)
    declared_limits.clear()
    declared_limits.update(limits)
