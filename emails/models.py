from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from crm.models import Shareable


class Result(models.TextChoices):
    """How an attempt to send ended, in HubSpot's codes where it has one (E-052)."""

    QUEUED = "QUEUED", "waiting to be sent"
    SENT = "SENT", "sent"
    #: The connection ended before the mail server said yes or no.
    UNKNOWN = "UNKNOWN", "nobody knows whether it was sent"
    UNDELIVERABLE = "UNDELIVERABLE", "the mail server refused it"
    TEMPLATE_RENDER_EXCEPTION = "TEMPLATE_RENDER_EXCEPTION", "the text could not be made"
    MISSING_CONTENT = "MISSING_CONTENT", "the email is not published"
    INVALID_TO_ADDRESS = "INVALID_TO_ADDRESS", "no usable email address"
    INVALID_FROM_ADDRESS = "INVALID_FROM_ADDRESS", "no usable sender address"
    PREVIOUSLY_UNSUBSCRIBED_PORTAL = (
        "PREVIOUSLY_UNSUBSCRIBED_PORTAL",
        "unsubscribed from all email",
    )
    PREVIOUS_SPAM = "PREVIOUS_SPAM", "marked an earlier email as spam"
    PREVIOUSLY_BOUNCED = "PREVIOUSLY_BOUNCED", "an earlier email bounced"
    CAMPAIGN_CANCELLED = "CAMPAIGN_CANCELLED", "cancelled before it was sent"


class Email(Shareable):
    """An email that staff write: subject and text with personalization tokens."""

    class State(models.TextChoices):
        DRAFT = "DRAFT", "draft"
        PUBLISHED = "PUBLISHED", "published"

    class Kind(models.TextChoices):
        AUTOMATED = "AUTOMATED_EMAIL", "automated"

    name = models.CharField(max_length=256, help_text="Only you see this name.")
    kind = models.CharField(max_length=30, choices=Kind, default=Kind.AUTOMATED)
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT, editable=False)
    subject = models.CharField(max_length=500)
    preview_text = models.CharField(
        max_length=500,
        blank=True,
        help_text="Shown after the subject in many inboxes.",
    )
    from_name = models.CharField("sender's name", max_length=200, blank=True)
    from_address = models.CharField(
        "sender's address",
        max_length=254,
        blank=True,
        help_text="Empty: the address of this installation.",
    )
    reply_to = models.CharField("replies go to", max_length=254, blank=True)
    html = models.TextField("HTML", blank=True)
    plain_text = models.TextField(
        blank=True, help_text="Empty: made from the HTML when the email is published."
    )
    #: What goes out; null until it is published for the first time.
    revision = models.ForeignKey(
        "EmailRevision", models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class EmailUserPermission(UserObjectPermissionBase):
    """Who may see or edit an email that is kept to some: django-guardian's table."""

    content_object = models.ForeignKey(Email, models.CASCADE)


class EmailGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Email, models.CASCADE)


class EmailRevision(models.Model):
    """An email as it was published once: what was written and what was made of it.

    Never changed afterwards, so that what went out can always be shown.
    """

    email = models.ForeignKey(Email, models.CASCADE, related_name="revisions", db_index=False)
    number = models.IntegerField()
    #: The fields of the email as they were.
    source: models.JSONField[Any, dict[str, str]] = models.JSONField()
    #: emails.rendering.Content as JSON: pieces of text and tokens for each part.
    content: models.JSONField[Any, dict[str, Any]] = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email", "number"], name="emails_revision_once"),
        ]

    def __str__(self) -> str:
        return f"{self.email} revision {self.number}"


class Send(models.Model):
    """One email meant for one record: sent, waiting, or not sent and why.

    The key is that of the message in the outbox. Exactly one send exists per key, whatever
    happens to the workflow that asked for it.
    """

    key = models.CharField(max_length=200, unique=True)
    email = models.ForeignKey(Email, models.CASCADE, db_constraint=False, db_index=False)
    revision = models.ForeignKey(
        EmailRevision, models.CASCADE, null=True, db_constraint=False, db_index=False
    )
    record_id = models.BigIntegerField()
    #: As it was when the send was asked for; "" when there was none.
    address = models.CharField(max_length=320)
    #: Stands for this send in links; says nothing about the person.
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    message_id = models.CharField(max_length=255)
    result = models.CharField(max_length=40, choices=Result)
    #: What the mail server said, or what was wrong with the text.
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    #: When the hand-over to the mail server began.
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["record_id", "id"], name="emails_send_record"),
            models.Index(fields=["email", "id"], name="emails_send_email"),
        ]

    def __str__(self) -> str:
        return f"{self.email_id} to {self.address}"


class AddressState(models.Model):
    """What is known about an email address; outlives the contact that has it."""

    #: Lower case.
    address = models.CharField(max_length=320, unique=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)
    hard_bounced_at = models.DateTimeField(null=True, blank=True)
    complained_at = models.DateTimeField(null=True, blank=True)
    #: Why: the words of the mail server, or the send whose link was used.
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["address"]

    def __str__(self) -> str:
        return self.address
