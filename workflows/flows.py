"""The flows that are in force, read once per revision and process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workflows.definition import Flow, parse
from workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class Published:
    """What the engine has to know of a workflow to move its enrollments."""

    workflow_id: int
    name: str
    revision: int
    is_enabled: bool
    flow: Flow


@lru_cache(maxsize=512)
def _parsed(workflow_id: int, revision: int, document: _Document) -> Flow:
    return parse(document.value)


@dataclass(frozen=True)
class _Document:
    """A document as a cache argument that takes no part in the key."""

    value: dict[str, Any]

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Document)


def get(workflow_id: int) -> Published | None:
    """A workflow as it is now, on or off; None when it is gone."""
    row = Workflow.objects.filter(pk=workflow_id, archived_at=None).first()
    return published(row) if row else None


def published(workflow: Workflow) -> Published:
    """The frozen reading of a workflow's row."""
    document = _Document(workflow.document)
    return Published(
        workflow_id=workflow.pk,
        name=workflow.name,
        revision=workflow.revision,
        is_enabled=workflow.is_enabled,
        flow=_parsed(workflow.pk, workflow.revision, document),
    )
