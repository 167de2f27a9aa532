from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from crm.models import Shareable


class Workflow(Shareable):
    """The thing staff edit: one object type, enrollment criteria, a graph of nodes, settings.

    `document` is the automation v4 flow JSON itself, kept key by key as it came in; only
    workflows.definition reads it.
    """

    name = models.CharField(max_length=256)
    object_type = models.CharField(max_length=20)
    document: models.JSONField[Any, dict[str, Any]] = models.JSONField()
    #: Goes up by one with every save (W-404).
    revision = models.IntegerField(default=1)
    is_enabled = models.BooleanField("on", default=False)
    #: Events before this moment never enroll.
    turned_on_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name


class WorkflowUserPermission(UserObjectPermissionBase):
    """Who may see or edit a workflow that is kept to some: django-guardian's table."""

    content_object = models.ForeignKey(Workflow, models.CASCADE)


class WorkflowGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Workflow, models.CASCADE)


class Revision(models.Model):
    """The document as it was saved once; never changed afterwards."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="revisions", db_index=False)
    number = models.IntegerField()
    document: models.JSONField[Any, dict[str, Any]] = models.JSONField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="workflows_revision_once"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} revision {self.number}"


class Enrollment(models.Model):
    """One passage of one record through one workflow; says where it stands and when it is due."""

    class State(models.IntegerChoices):
        ACTIVE = 1, "in the workflow"
        COMPLETED = 2, "completed"
        UNENROLLED = 3, "unenrolled"
        FAILED = 4, "needs review"

    # No foreign key in the database: checking it costs more per row than the row itself.
    workflow = models.ForeignKey(
        Workflow, models.CASCADE, related_name="enrollments", db_constraint=False, db_index=False
    )
    record_id = models.BigIntegerField()
    state = models.SmallIntegerField(choices=State, default=State.ACTIVE)
    #: The node it stands at; null once it has ended.
    action_id = models.CharField(max_length=50, null=True)
    due_at = models.DateTimeField()
    #: It has entered its node (a delay) and waits in it; when due it leaves.
    is_waiting = models.BooleanField(default=False)
    #: When it came to the node it stands at.
    arrived_at = models.DateTimeField()
    #: Counts passes of the engine; part of the key of everything a pass sends out.
    visit = models.IntegerField(default=0)
    #: Lower goes first: 0 transactional, 1 triggered, 2 batch, 3 backfill.
    lane = models.SmallIntegerField(default=1)
    hops = models.SmallIntegerField(default=0)
    #: Why it is here: TRIGGER, MANUAL, EXISTING ...
    source = models.CharField(max_length=30)
    #: Why it ended: COMPLETED, MANUAL, RECORD_DELETED ... (W-430)
    reason = models.CharField(max_length=30, blank=True)
    error = models.TextField(blank=True)
    enrolled_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    #: 0 while active, its own id once ended: the unique index then lets a record stand once in a
    #: workflow, pass through it often, and be looked up with all its passages.
    slot = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record_id", "workflow", "slot"], name="workflows_enrollment_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["workflow", "action_id", "due_at", "id"],
                condition=Q(state=1),
                name="workflows_enrollment_due",
            ),
        ]

    def __str__(self) -> str:
        return f"record {self.record_id} in workflow {self.workflow_id}"


class ActionRun(models.Model):
    """One enrollment passed one or more nodes in one pass of the engine.

    The parallel arrays are the path: nodes in order, an outcome each and a detail each (what the
    history shows). Append-only, partitioned by month.
    """

    enrollment_id = models.BigIntegerField()
    workflow_id = models.BigIntegerField()
    record_id = models.BigIntegerField()
    visit = models.IntegerField()
    revision = models.IntegerField()
    action_ids = ArrayField(models.TextField())
    #: workflows.steps.Outcome, by value.
    outcomes = ArrayField(models.TextField())
    details = ArrayField(models.TextField())
    #: Where this record fared otherwise than its cohort: {place in the path: [outcome, detail]}.
    exceptions: models.JSONField[Any, dict[str, list[str]] | None] = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        # Made by hand in the migration: Django knows no partitioned tables.
        managed = False
        db_table = "workflows_action_run"

    def __str__(self) -> str:
        return f"enrollment {self.enrollment_id} at {', '.join(self.action_ids)}"


class Match(models.Model):
    """A record meets the criteria of a workflow since a moment.

    Enrollment happens on the transition from not matching to matching (W-090, W-187), so what
    matched before has to be known.
    """

    workflow = models.ForeignKey(
        Workflow, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    record_id = models.BigIntegerField()
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "record_id"], name="workflows_match_once"),
        ]

    def __str__(self) -> str:
        return f"record {self.record_id} meets workflow {self.workflow_id}"


class OutboxMessage(models.Model):
    """Something that leaves the house after commit: written with the effect, delivered later.

    The key is deterministic, so the same effect can never be written twice.
    """

    class State(models.IntegerChoices):
        WAITING = 1, "waiting"
        SENDING = 2, "being sent"
        SENT = 3, "sent"
        FAILED = 4, "failed"
        #: The process died between handing over and noting it; it is never sent again by itself.
        UNKNOWN = 5, "unknown"
        CANCELLED = 6, "cancelled"

    key = models.CharField(max_length=200, unique=True)
    #: A transport registered with workflows.outbox: "email", "webhook" ...
    kind = models.CharField(max_length=30)
    payload: models.JSONField[Any, dict[str, Any]] = models.JSONField()
    state = models.SmallIntegerField(choices=State, default=State.WAITING)
    lane = models.SmallIntegerField(default=1)
    not_before = models.DateTimeField()
    #: How often it was handed over; also tells a late worker that somebody else had it since.
    attempts = models.SmallIntegerField(default=0)
    #: Until when a worker has it; after that it is anybody's again.
    leased_until = models.DateTimeField(null=True)
    #: The database session of that worker; the lease ends with it.
    holder = models.CharField(max_length=60, null=True)
    #: What the far end said last, or why it was cancelled.
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    #: When the last hand-over began: what was true before then was taken into account.
    begun_at = models.DateTimeField(null=True)
    #: When it was sent, refused, cancelled or given up.
    finished_at = models.DateTimeField(null=True)
    #: Whether the transport has noted the end of it in its own tables.
    is_noted = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["kind", "lane", "not_before", "id"],
                condition=Q(state=1),
                name="workflows_outbox_waiting",
            ),
            models.Index(
                fields=["leased_until"], condition=Q(state=2), name="workflows_outbox_sending"
            ),
            models.Index(
                fields=["id"],
                condition=Q(state=1, leased_until__isnull=False),
                name="workflows_outbox_claimed",
            ),
            models.Index(
                fields=["kind", "id"],
                condition=Q(state__gte=3, is_noted=False),
                name="workflows_outbox_unnoted",
            ),
            # What staff look at: a few among very many.
            models.Index(
                fields=["state", "kind"],
                condition=Q(state__in=[4, 5]),
                name="workflows_outbox_trouble",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Outage(models.Model):
    """The far end of a transport does not answer: nothing of that kind goes out for a while.

    The row goes with the first delivery that works again.
    """

    kind = models.CharField(max_length=30, primary_key=True)
    since = models.DateTimeField()
    failures = models.IntegerField()
    next_try_at = models.DateTimeField()
    error = models.TextField()

    def __str__(self) -> str:
        return f"{self.kind}: {self.error}"


class Doorbell(models.Model):
    """A kind of background work that can be rung for; at most one task of each waits in the queue."""

    #: "match/0", "advance/1", "deliver/0", "heartbeat/0": kind and shard.
    name = models.CharField(max_length=40, primary_key=True)
    rung_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
