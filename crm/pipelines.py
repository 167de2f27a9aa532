"""Pipelines and their stages, and keeping records in stages of their own pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction

from crm import clock
from crm.models import Pipeline, PipelineStage
from crm.objects import base as objects
from crm.objects.base import ObjectType, Pipelines
from crm.properties import InvalidProperties
from crm.sql import SQL, literal, rows, sql, value

LONGEST_LABEL = 200
#: Ids stand in addresses and in lists with semicolons.
KEY = re.compile(r"[A-Za-z0-9_. -]{1,100}")
MOST_STAGES = 100


class InvalidPipeline(ValidationError):
    """A pipeline or a stage cannot be so; the message says why."""


class InUse(InvalidPipeline):
    """Records stand in the stage or pipeline that is to be archived."""


@dataclass(frozen=True, kw_only=True)
class StageGiven:
    """What somebody says about a stage."""

    label: str
    metadata: Mapping[str, Any]
    display_order: int = -1
    #: Of a stage that is there already, or of a new one whose id is chosen; empty: a new id.
    stage_id: str = ""


def rules(object_type: str) -> Pipelines:
    """How records of a type move through stages; raises InvalidPipeline if they do not."""
    kind = objects.get(object_type)
    if kind.pipelines is None:
        raise InvalidPipeline(f"{kind.plural_label} have no pipelines.")
    return kind.pipelines


def clean_metadata(rule: Pipelines, metadata: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a stage as it is stored: the state, and whether that closes a record."""
    given = str(metadata.get(rule.state_name, "")).strip()
    state = _share(given) if rule.state_name == "probability" else given.upper()
    if state is None or (rule.state_name != "probability" and state not in rule.states):
        wanted = ", ".join(rule.states)
        raise InvalidPipeline(f"{rule.state_name} has to be one of {wanted}.")
    closed = "true" if state in rule.closed_states else "false"
    return {rule.state_name: state, "isClosed": closed}


def _share(text: str) -> str | None:
    """A number from 0 to 1 in its stored form: "0.2", "1.0"."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    # NaN cannot be compared.
    return str(float(number)) if number.is_finite() and 0 <= number <= 1 else None


@transaction.atomic
def create(
    object_type: str,
    label: str,
    stages: Sequence[StageGiven],
    *,
    display_order: int = -1,
    pipeline_id: str = "",
) -> Pipeline:
    """A new pipeline with its stages; raises InvalidPipeline."""
    rules(object_type)
    now = clock.now()
    _refuse_taken(Pipeline.objects.filter(object_type=object_type, pipeline_id=pipeline_id))
    made = Pipeline.objects.create(
        object_type=object_type,
        pipeline_id=_key(pipeline_id),
        label=_label(label),
        display_order=display_order,
        created_at=now,
        updated_at=now,
    )
    set_stages(made, stages)
    return made


def usual_stages(object_type: str, *, with_ids: bool = False) -> list[StageGiven]:
    """The stages a pipeline of this type begins with; `with_ids` those of the very first one."""
    rule = rules(object_type)
    return [
        StageGiven(stage_id=key if with_ids else "", label=label, metadata={rule.state_name: state})
        for key, (label, state) in rule.default_stages.items()
    ]


@transaction.atomic
def change(
    pipeline: Pipeline, *, label: str | None = None, display_order: int | None = None
) -> None:
    """Rename or move a pipeline; None leaves as it is."""
    pipeline.label = pipeline.label if label is None else _label(label)
    if display_order is not None:
        pipeline.display_order = display_order
    pipeline.updated_at = clock.now()
    pipeline.save()


@transaction.atomic
def set_stages(pipeline: Pipeline, stages: Sequence[StageGiven], *, force: bool = False) -> None:
    """Make these the stages of a pipeline: known ids are changed, new ones added, others archived.

    Raises InvalidPipeline, InUse when records stand in a stage that would go, unless `force`.
    """
    rule = rules(pipeline.object_type)
    if not 0 < len(stages) <= MOST_STAGES:
        raise InvalidPipeline(f"A pipeline needs 1 to {MOST_STAGES} stages.")
    kept = {given.stage_id for given in stages if given.stage_id}
    if len(kept) < sum(1 for given in stages if given.stage_id):
        raise InvalidPipeline("Two stages have the same id.")
    for stage in _lock(pipeline.stages.filter(archived_at=None).exclude(stage_id__in=kept)):
        _archive_stage(stage, force=force)
    for place, given in enumerate(stages):
        _save_stage(rule, pipeline, given, place)


@transaction.atomic
def save_stage(pipeline: Pipeline, given: StageGiven) -> PipelineStage:
    """Add a stage to a pipeline, or change the one with the given id; raises InvalidPipeline."""
    place = pipeline.stages.filter(archived_at=None).count()
    if place >= MOST_STAGES:
        raise InvalidPipeline(f"A pipeline has at most {MOST_STAGES} stages.")
    return _save_stage(rules(pipeline.object_type), pipeline, given, place)


@transaction.atomic
def change_stage(stage: PipelineStage, given: StageGiven) -> PipelineStage:
    """Make a stage what is given; raises InvalidPipeline."""
    return _save_stage(rules(stage.object_type), stage.pipeline, given, stage.display_order)


def _save_stage(
    rule: Pipelines, pipeline: Pipeline, given: StageGiven, place: int
) -> PipelineStage:
    now = clock.now()
    found = pipeline.stages.filter(stage_id=given.stage_id).first() if given.stage_id else None
    if found is None:
        _refuse_taken(
            PipelineStage.objects.filter(object_type=pipeline.object_type, stage_id=given.stage_id)
        )
    stage = found or PipelineStage(
        pipeline=pipeline,
        object_type=pipeline.object_type,
        stage_id=_key(given.stage_id),
        created_at=now,
    )
    stage.label = _label(given.label)
    stage.metadata = clean_metadata(rule, given.metadata)
    stage.display_order = place if given.display_order < 0 else given.display_order
    stage.updated_at, stage.archived_at = now, None
    stage.save()
    return stage


@transaction.atomic
def archive_stage(stage: PipelineStage) -> None:
    """Take a stage away; raises InUse when records stand in it, InvalidPipeline for the last."""
    if not stage.pipeline.stages.filter(archived_at=None).exclude(pk=stage.pk).exists():
        raise InvalidPipeline("The last stage of a pipeline has to stay.")
    for locked in _lock(PipelineStage.objects.filter(pk=stage.pk)):
        _archive_stage(locked, force=False)


@transaction.atomic
def restore_stage(stage: PipelineStage) -> None:
    """Bring an archived stage back, at its place; raises InvalidPipeline when there are too many."""
    if stage.pipeline.stages.filter(archived_at=None).count() >= MOST_STAGES:
        raise InvalidPipeline(f"A pipeline has at most {MOST_STAGES} stages.")
    PipelineStage.objects.filter(pk=stage.pk).update(archived_at=None, updated_at=clock.now())


def refuse_in_use(stage: PipelineStage) -> None:
    """Raises InUse when records stand in a stage."""
    name = rules(stage.object_type).stage_property_name
    _refuse_in_use(stage.object_type, name, stage.stage_id, stage.label)


@transaction.atomic
def archive(pipeline: Pipeline, *, force: bool = False) -> None:
    """Take a pipeline away; raises InUse when records are in it, InvalidPipeline for the last.

    With `force` they stay in it, and can be moved out of it.
    """
    # One after the other, so that two at once do not leave an object type without a pipeline.
    others = list(
        Pipeline.objects.select_for_update()
        .filter(object_type=pipeline.object_type, archived_at=None)
        .order_by("pk")
    )
    if [one.pk for one in others] == [pipeline.pk]:
        raise InvalidPipeline("The last pipeline has to stay.")
    rule = rules(pipeline.object_type)
    _lock(pipeline.stages.all())
    if not force:
        _refuse_in_use(
            pipeline.object_type, rule.property_name, pipeline.pipeline_id, pipeline.label
        )
    Pipeline.objects.filter(pk=pipeline.pk).update(archived_at=clock.now())


def restore(pipeline: Pipeline) -> None:
    """Bring an archived pipeline back, with its stages."""
    Pipeline.objects.filter(pk=pipeline.pk).update(archived_at=None, updated_at=clock.now())


def _lock(stages: Any) -> list[PipelineStage]:
    """Writers of records hold these rows while they put records into the stages."""
    return list(stages.select_for_update().order_by("pk"))


def _archive_stage(stage: PipelineStage, *, force: bool) -> None:
    if not force:
        refuse_in_use(stage)
    PipelineStage.objects.filter(pk=stage.pk).update(archived_at=clock.now())


def _refuse_in_use(object_type: str, property_name: str, key: str, label: str) -> None:
    count = value(
        sql(
            "SELECT count(*) FROM (SELECT FROM crm_record r WHERE r.object_type = {type}"
            " AND r.archived_at IS NULL AND r.properties->>{name} = {key} LIMIT 1001) n",
            type=object_type,
            name=literal(property_name),
            key=key,
        )
    )
    if count:
        kind = objects.get(object_type)
        many = "more than 1,000" if count > 1000 else f"{count:,}"
        shown = (kind.label if count == 1 else kind.plural_label).lower()
        raise InUse(f"{label!r} holds {many} {shown}. Move what is in it first.")


def _refuse_taken(found: Any) -> None:
    if found.exists():
        raise InvalidPipeline("This id is taken already.")


def _key(given: str) -> str:
    """The id somebody chose, or a new one."""
    if given and not KEY.fullmatch(given):
        raise InvalidPipeline("An id has 1 to 100 letters, digits, spaces or any of _-.")
    return given or str(uuid4())


def _label(text: str) -> str:
    label = text.strip()
    if not label or len(label) > LONGEST_LABEL:
        raise InvalidPipeline(f"A name has 1 to {LONGEST_LABEL} characters.")
    return label


# Records in stages


def with_pipeline(object_type: str, select: SQL) -> SQL:
    """A SELECT of (record_id, properties, source_id) with the pipeline that a stage implies."""
    rule = objects.get(object_type).pipelines
    if rule is None:
        return select
    return sql(
        """
        SELECT w.record_id, w.source_id, CASE
            WHEN s.id IS NULL OR w.properties ? {pipeline} THEN w.properties
            ELSE w.properties || jsonb_build_object({pipeline}, p.pipeline_id) END AS properties
        FROM ({select}) w
        LEFT JOIN crm_pipelinestage s
            ON s.object_type = {type} AND s.stage_id = w.properties->>{stage}
        LEFT JOIN crm_pipeline p ON p.id = s.pipeline_id
        """,
        select=select,
        type=object_type,
        pipeline=literal(rule.property_name),
        stage=literal(rule.stage_property_name),
    )


def is_concerned(kind: type[ObjectType], names: Sequence[str]) -> bool:
    """Whether writing these properties may move records between stages."""
    rule = kind.pipelines
    return rule is not None and bool({rule.property_name, rule.stage_property_name} & set(names))


def is_stray(object_type: str, values: SQL) -> SQL:
    """SQL: whether `values`, a jsonb of properties, holds a stage outside of its pipeline."""
    rule = rules(object_type)
    return sql(
        """
        ({values} ? {stage} AND NOT EXISTS (
            SELECT FROM crm_pipelinestage s JOIN crm_pipeline p ON p.id = s.pipeline_id
            WHERE s.object_type = {type} AND s.stage_id = {values}->>{stage}
                AND p.pipeline_id = coalesce({values}->>{pipeline}, p.pipeline_id)
                AND s.archived_at IS NULL AND p.archived_at IS NULL))
        """,
        values=values,
        type=object_type,
        stage=literal(rule.stage_property_name),
        pipeline=literal(rule.property_name),
    )


def check(object_type: str, select: SQL) -> None:
    """Refuse stages that are not in their records' pipeline, for a SELECT of (record_id, ...).

    Called after the records were written, in the same transaction. Raises InvalidProperties.
    """
    rule = objects.get(object_type).pipelines
    if rule is None:
        return
    written = sql(
        "crm_record r WHERE r.archived_at IS NULL AND r.id IN (SELECT c.record_id FROM ({select}) c)",
        select=select,
    )
    stage = sql("r.properties->>{name}", name=literal(rule.stage_property_name))
    _hold(object_type, sql("SELECT {stage} FROM {written}", stage=stage, written=written))
    stray = rows(
        sql(
            "SELECT {stage}, r.properties->>{pipeline} FROM {written} AND {is_stray} LIMIT 1",
            stage=stage,
            pipeline=literal(rule.property_name),
            written=written,
            is_stray=is_stray(object_type, SQL("r.properties")),
        )
    )
    for key, pipeline in stray:
        found = Pipeline.objects.filter(object_type=object_type, pipeline_id=pipeline).first()
        wanted = f"is not a stage of the pipeline {str(found)!r}" if found else "is no stage"
        raise InvalidProperties({rule.stage_property_name: f"{wanted} ({key})"})


def _hold(object_type: str, stage_ids: SQL) -> None:
    """Keep others from archiving stages into which records are just being put."""
    rows(
        sql(
            "SELECT s.id FROM crm_pipelinestage s JOIN crm_pipeline p ON p.id = s.pipeline_id"
            " WHERE s.object_type = {type} AND s.stage_id IN ({ids}) ORDER BY s.id FOR SHARE",
            type=object_type,
            ids=stage_ids,
        )
    )


def seed(kind: type[ObjectType]) -> None:
    """Give an object type its first pipeline, if it never had one."""
    rule = kind.pipelines
    if rule is None or Pipeline.objects.filter(object_type=kind.type_id).exists():
        return
    stages = usual_stages(kind.type_id, with_ids=True)
    create(kind.type_id, rule.default_label, stages, pipeline_id=rule.default_id)
