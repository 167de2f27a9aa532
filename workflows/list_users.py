"""Workflows that refer to lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from crm.lists.uses import ListUser, Use, list_users
from workflows.models import Workflow

#: Where a document names a list: filters and steps, and those who are never enrolled.
KEYS = ("listId", "suppressionListIds")


@list_users.register
class Workflows(ListUser):
    """Workflows whose filters or steps name a list."""

    name = "workflows"

    def uses(self, list_ids: Collection[int]) -> list[Use]:
        found = Workflow.objects.filter(archived_at=None).values_list("pk", "name", "document")
        return [
            Use(list_id=key, what="workflow", name=name, page="workflows_workflow_page", key=pk)
            for pk, name, document in found
            for key in set(named(document)) & set(list_ids)
        ]


def named(part: Any) -> Iterator[int]:
    """The ids of the lists that a part of a document names."""
    if isinstance(part, list):
        for inner in part:
            yield from named(inner)
    elif isinstance(part, dict):
        for key, inner in part.items():
            if key in KEYS:
                yield from _ids(inner)
            yield from named(inner)


def _ids(value: Any) -> Iterator[int]:
    for item in value if isinstance(value, list) else [value]:
        if str(item).isdecimal():
            yield int(item)
