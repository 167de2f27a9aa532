from __future__ import annotations

from typing import Any

import pytest

from crm import clock
from subscriptions.features import LimitReached
from subscriptions.models import AccountLimit
from workflows.features import CUSTOM_WORKFLOWS
from workflows.models import Workflow

pytestmark = pytest.mark.django_db


def create(name: str, document: dict[str, Any], *, is_archived: bool = False) -> None:
    now = clock.now()
    Workflow.objects.create(
        name=name,
        object_type="0-1",
        document=document,
        created_at=now,
        updated_at=now,
        archived_at=now if is_archived else None,
    )


def test_only_workflows_made_in_the_tool_count() -> None:
    AccountLimit.objects.filter(limit=CUSTOM_WORKFLOWS.name).update(value=2)
    create("made in the tool", {})
    create("embedded in an email", {"origin": {"tool": "EMAIL", "assetId": 1}})
    create("deleted", {}, is_archived=True)
    CUSTOM_WORKFLOWS.require_room()
    with pytest.raises(LimitReached):
        CUSTOM_WORKFLOWS.require_room(2)
    create("the last one", {})
    with pytest.raises(LimitReached):
        CUSTOM_WORKFLOWS.require_room()
