"""Pipelines and their stages: /crm/v3/pipelines/{type}."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access_switches import EDIT_PROPERTIES
from crm.api import scopes
from crm.api.describing import describe
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, NotFound
from crm.api.rules import Rule
from crm.api.shapes import pipelines as shapes
from crm.api.shapes.base import Collection
from crm.api.values import as_moment
from crm.models import Pipeline, PipelineStage
from crm.objects.base import ObjectType


class PipelineEndpoint(Endpoint):
    """What endpoints of pipelines have in common."""

    rule = Rule(write=EDIT_PROPERTIES)

    def moving(self, key: str) -> type[ObjectType]:
        """An object type with pipelines, whose records the token may read."""
        kind = self.kind(key, scopes.READ)
        if kind.pipelines is None:
            raise ApiError(f"{kind.plural_label} have no pipelines.")
        return kind

    def pipeline(self, object_type: str, key: str) -> Pipeline:
        found = rows(self.moving(object_type)).filter(pipeline_id=key).first()
        if found is None:
            raise NotFound(f"There is no pipeline {key[:100]}.")
        return found


def rows(kind: type[ObjectType]) -> QuerySet[Pipeline]:
    """The pipelines of a type, each with its stages in order."""
    stages = PipelineStage.objects.filter(archived_at=None).order_by("display_order", "pk")
    found = Pipeline.objects.filter(object_type=kind.type_id, archived_at=None)
    return found.prefetch_related(Prefetch("stages", stages)).order_by("display_order", "pk")


def shown_stage(stage: PipelineStage) -> shapes.Stage:
    return {
        "id": stage.stage_id,
        "label": stage.label,
        "displayOrder": stage.display_order,
        "metadata": stage.metadata,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        "createdAt": as_moment(stage.created_at),
        "updatedAt": as_moment(stage.updated_at),
        "archived": False,
    }


def shown(pipeline: Pipeline) -> shapes.Pipeline:
    return {
        "id": pipeline.pipeline_id,
        "label": pipeline.label,
        "displayOrder": pipeline.display_order,
        "stages": [shown_stage(stage) for stage in pipeline.stages.all()],
        "createdAt": as_moment(pipeline.created_at),
        "updatedAt": as_moment(pipeline.updated_at),
        "archived": False,
    }


class Pipelines(PipelineEndpoint):
    @describe("List the pipelines of an object type", answer=Collection[shapes.Pipeline])
    def get(self, request: Request, object_type: str) -> Response:
        found = rows(self.moving(object_type))
        return Response({"results": [shown(pipeline) for pipeline in found]})


class OnePipeline(PipelineEndpoint):
    @describe("Read a pipeline", answer=shapes.Pipeline)
    def get(self, request: Request, object_type: str, key: str) -> Response:
        return Response(shown(self.pipeline(object_type, key)))


class Stages(PipelineEndpoint):
    @describe("List the stages of a pipeline", answer=Collection[shapes.Stage])
    def get(self, request: Request, object_type: str, key: str) -> Response:
        stages = self.pipeline(object_type, key).stages.all()
        return Response({"results": [shown_stage(stage) for stage in stages]})


class OneStage(PipelineEndpoint):
    @describe("Read a stage", answer=shapes.Stage)
    def get(self, request: Request, object_type: str, key: str, stage_id: str) -> Response:
        for stage in self.pipeline(object_type, key).stages.all():
            if stage.stage_id == stage_id:
                return Response(shown_stage(stage))
        raise NotFound(f"There is no stage {stage_id[:100]} in this pipeline.")
