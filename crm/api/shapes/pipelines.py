"""Pipelines and their stages."""

from __future__ import annotations

from typing import NotRequired, TypedDict

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


#: The state of a stage: `probability` for deals, `ticketState` for tickets.
GivenMetadata = dict[str, str | int | float | bool]


class StageChange(TypedDict):
    label: NotRequired[str]
    displayOrder: NotRequired[int]
    metadata: NotRequired[GivenMetadata]
    archived: NotRequired[bool]


class NewStage(TypedDict):
    label: str
    metadata: GivenMetadata
    displayOrder: NotRequired[int]
    stageId: NotRequired[str]


class PipelineChange(TypedDict):
    label: NotRequired[str]
    displayOrder: NotRequired[int]
    archived: NotRequired[bool]


class NewPipeline(TypedDict):
    label: str
    stages: list[NewStage]
    displayOrder: NotRequired[int]
    pipelineId: NotRequired[str]
