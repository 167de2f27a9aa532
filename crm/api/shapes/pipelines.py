"""Pipelines and their stages."""

from __future__ import annotations

from typing import TypedDict

from crm.api.shapes.base import Moment


class Stage(TypedDict):
    id: str
    label: str
    displayOrder: int
    metadata: dict[str, str]
    writePermissions: str
    createdAt: Moment
    updatedAt: Moment
    archived: bool


class Pipeline(TypedDict):
    id: str
    label: str
    displayOrder: int
    stages: list[Stage]
    createdAt: Moment
    updatedAt: Moment
    archived: bool
