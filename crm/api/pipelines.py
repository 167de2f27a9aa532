"""Pipelines and their stages: /crm/v3/pipelines/{type}."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import pipelines
from crm.access_switches import EDIT_PROPERTIES
from crm.api import scopes
from crm.api.describing import describe, flag
from crm.api.endpoint import Endpoint, find_kind
from crm.api.errors import ApiError, NotFound
from crm.api.rules import READING, Rule
from crm.api.shapes import pipelines as shapes
from crm.api.shapes.base import Collection
from crm.api.values import as_moment
from crm.api.wire import Fields
from crm.models import Pipeline, PipelineStage
from crm.objects import base as objects
from crm.objects.base import ObjectType
from crm.pipelines import StageGiven


class PipelineEndpoint(Endpoint):
    """What endpoints of pipelines have in common."""

    rule = Rule(write=EDIT_PROPERTIES)

    def moving(self, key: str) -> type[ObjectType]:
        """An object type with pipelines; the token may read its records, or change what they are."""
        kind = find_kind(key)
        if self.request.method in READING:
            scopes.require(self.token, scopes.records(kind, scopes.READ))
        else:
            scopes.require(self.token, scopes.schemas(kind, scopes.WRITE))
        if kind.pipelines is None:
            raise ApiError(f"{kind.plural_label} have no pipelines.")
        return kind

    def pipeline(self, object_type: str, key: str) -> Pipeline:
        found = rows(self.moving(object_type)).filter(pipeline_id=key).first()
        if found is None:
            raise NotFound(f"There is no pipeline {key[:100]}.")
        return found

    def stage(self, pipeline: Pipeline, key: str) -> PipelineStage:
        for stage in pipeline.stages.all():
            if stage.stage_id == key:
                return stage
        raise NotFound(f"There is no stage {key[:100]} in this pipeline.")

    def must_be_unused(self) -> bool:
        """Whether records that stand in it keep it from being deleted (A-134)."""
        return any(self.query.flag(parameter.name) for parameter in CHECKS)


CHECKS = (
    flag("validateReferencesBeforeDelete", "Refuse when records stand in it."),
    flag("validateDealStageUsagesBeforeDelete", "The same, under the name it has for deals."),
)


@contextmanager
def refusing() -> Iterator[None]:
    """Tell the sender what cannot be so."""
    try:
        with transaction.atomic():
            yield
    except pipelines.InvalidPipeline as error:
        in_use = isinstance(error, pipelines.InUse)
        raise ApiError(
            " ".join(error.messages),
            sub_category="PipelineError.STAGE_ID_IN_USE" if in_use else "",
        ) from error


def read_stage(fields: Fields, known: PipelineStage | None = None) -> StageGiven:
    """A stage on the wire; what is not given stays as `known` has it."""
    metadata = {name: str(value) for name, value in fields.object("metadata").json.items()}
    if known is None:
        return StageGiven(
            label=fields.text("label"),
            metadata=metadata,
            display_order=_order(fields, -1),
            stage_id=fields.text("stageId", ""),
        )
    return StageGiven(
        label=fields.text("label", known.label),
        metadata={**known.metadata, **metadata},
        display_order=_order(fields, known.display_order),
        stage_id=known.stage_id,
    )


def _order(fields: Fields, default: int) -> int:
    return default if fields.json.get("displayOrder") is None else fields.integer("displayOrder")


def refuse_archived(fields: Fields) -> None:
    """`archived` can only be given to bring back what is archived, as at HubSpot."""
    if fields.json.get("archived") is not None:
        raise ApiError("archived may only be given as false, for something that is archived.")


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


def again(pipeline: Pipeline) -> Pipeline:
    """A pipeline as it is now, with its stages."""
    return rows(objects.get(pipeline.object_type)).get(pk=pipeline.pk)


class Pipelines(PipelineEndpoint):
    @describe("List the pipelines of an object type", answer=Collection[shapes.Pipeline])
    def get(self, request: Request, object_type: str) -> Response:
        found = rows(self.moving(object_type))
        return Response({"results": [shown(pipeline) for pipeline in found]})

    @describe(
        "Create a pipeline",
        body=shapes.NewPipeline,
        answer=shapes.Pipeline,
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.moving(object_type)
        body = self.body()
        stages = [read_stage(fields) for fields in body.objects("stages")]
        with refusing():
            made = pipelines.create(
                kind.type_id,
                body.text("label"),
                stages,
                display_order=_order(body, -1),
                pipeline_id=body.text("pipelineId", ""),
            )
        return Response(shown(again(made)), status=status.HTTP_201_CREATED)


class OnePipeline(PipelineEndpoint):
    @describe("Read a pipeline", answer=shapes.Pipeline)
    def get(self, request: Request, object_type: str, key: str) -> Response:
        return Response(shown(self.pipeline(object_type, key)))

    @describe("Change a pipeline", body=shapes.PipelineChange, answer=shapes.Pipeline)
    def patch(self, request: Request, object_type: str, key: str) -> Response:
        """`archived` false brings an archived pipeline back."""
        body = self.body()
        found = self._archived(object_type, key)
        with refusing():
            if found is not None and body.json.get("archived") is not None:
                if body.flag("archived", default=True):
                    refuse_archived(body)
                pipelines.restore(found)
            else:
                found = self.pipeline(object_type, key)
                refuse_archived(body)
            found.refresh_from_db()
            pipelines.change(
                found,
                label=body.text("label", found.label),
                display_order=_order(body, found.display_order),
            )
        return Response(shown(again(found)))

    def _archived(self, object_type: str, key: str) -> Pipeline | None:
        kind = self.moving(object_type)
        return Pipeline.objects.filter(
            object_type=kind.type_id, pipeline_id=key, archived_at__isnull=False
        ).first()

    @describe("Replace a pipeline", body=shapes.NewPipeline, answer=shapes.Pipeline, query=CHECKS)
    def put(self, request: Request, object_type: str, key: str) -> Response:
        """Stages with the id or, without one, the name of a present stage stay that stage."""
        found = self.pipeline(object_type, key)
        body = self.body()
        label, order = body.text("label"), _order(body, found.display_order)
        ids = {stage.label: stage.stage_id for stage in found.stages.all()}
        stages = [
            replace(given, stage_id=given.stage_id or ids.get(given.label.strip(), ""))
            for given in map(read_stage, body.objects("stages"))
        ]
        with refusing():
            pipelines.set_stages(found, stages, force=not self.must_be_unused())
            pipelines.change(found, label=label, display_order=order)
        return Response(shown(again(found)))

    @describe("Delete a pipeline", query=CHECKS)
    def delete(self, request: Request, object_type: str, key: str) -> Response:
        """Records in it stay where they are, unless that is to be refused."""
        found = self.pipeline(object_type, key)
        with refusing():
            pipelines.archive(found, force=not self.must_be_unused())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Stages(PipelineEndpoint):
    @describe("List the stages of a pipeline", answer=Collection[shapes.Stage])
    def get(self, request: Request, object_type: str, key: str) -> Response:
        stages = self.pipeline(object_type, key).stages.all()
        return Response({"results": [shown_stage(stage) for stage in stages]})

    @describe(
        "Add a stage",
        body=shapes.NewStage,
        answer=shapes.Stage,
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str, key: str) -> Response:
        pipeline = self.pipeline(object_type, key)
        given = read_stage(self.body())
        if any(stage.stage_id == given.stage_id for stage in pipeline.stages.all()):
            raise ApiError("This id is taken already.")
        with refusing():
            made = pipelines.save_stage(pipeline, given)
        return Response(shown_stage(made), status=status.HTTP_201_CREATED)


class OneStage(PipelineEndpoint):
    @describe("Read a stage", answer=shapes.Stage)
    def get(self, request: Request, object_type: str, key: str, stage_id: str) -> Response:
        return Response(shown_stage(self.stage(self.pipeline(object_type, key), stage_id)))

    @describe("Change a stage", body=shapes.StageChange, answer=shapes.Stage)
    def patch(self, request: Request, object_type: str, key: str, stage_id: str) -> Response:
        """`archived` false brings an archived stage back."""
        pipeline = self.pipeline(object_type, key)
        body = self.body()
        archived = PipelineStage.objects.filter(
            pipeline=pipeline, stage_id=stage_id, archived_at__isnull=False
        ).first()
        with refusing():
            if archived is not None and not body.flag("archived", default=True):
                pipelines.restore_stage(archived)
                stage = archived
            else:
                stage = self.stage(pipeline, stage_id)
                refuse_archived(body)
            changed = pipelines.change_stage(stage, read_stage(body, stage))
        return Response(shown_stage(changed))

    @describe("Replace a stage", body=shapes.NewStage, answer=shapes.Stage)
    def put(self, request: Request, object_type: str, key: str, stage_id: str) -> Response:
        stage = self.stage(self.pipeline(object_type, key), stage_id)
        given = replace(read_stage(self.body()), stage_id=stage.stage_id)
        with refusing():
            changed = pipelines.change_stage(stage, given)
        return Response(shown_stage(changed))

    @describe("Delete a stage")
    def delete(self, request: Request, object_type: str, key: str, stage_id: str) -> Response:
        """A stage in which records stand cannot be deleted."""
        stage = self.stage(self.pipeline(object_type, key), stage_id)
        with refusing():
            pipelines.archive_stage(stage)
        return Response(status=status.HTTP_204_NO_CONTENT)
