from __future__ import annotations

from typing import Any

from django.db import models


class Pipeline(models.Model):
    """The stages through which deals, tickets or leads go."""

    object_type = models.CharField(max_length=20)
    #: The value of the records' pipeline property.
    pipeline_id = models.CharField(max_length=100, editable=False)
    label = models.CharField("name", max_length=200)
    display_order = models.IntegerField("position", default=-1)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["object_type", "pipeline_id"], name="crm_pipeline_id"),
        ]
        ordering = ["object_type", "display_order", "id"]

    def __str__(self) -> str:
        return self.label


class StagesInUse(models.Manager["PipelineStage"]):
    def in_use(self, object_type: str) -> models.QuerySet[PipelineStage]:
        """The stages of an object type that records may stand in, in order."""
        return (
            self.filter(
                pipeline__object_type=object_type,
                archived_at=None,
                pipeline__archived_at=None,
            )
            .select_related("pipeline")
            .order_by("pipeline__display_order", "pipeline_id", "display_order", "id")
        )


class PipelineStage(models.Model):
    """One stage of a pipeline; its id is told apart from every other stage of the object type."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    #: That of the pipeline, again, so that the database can keep the ids apart.
    object_type = models.CharField(max_length=20, editable=False)
    #: The value of the records' stage property.
    stage_id = models.CharField(max_length=100, editable=False)
    label = models.CharField("name", max_length=200)
    display_order = models.IntegerField("position", default=-1)
    #: HubSpot's, all text: {"probability": "0.2", "isClosed": "false"}.
    metadata: models.JSONField[Any, dict[str, str]] = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    objects = StagesInUse()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["object_type", "stage_id"], name="crm_stage_id"),
        ]
        ordering = ["display_order", "id"]

    def __str__(self) -> str:
        return self.label
