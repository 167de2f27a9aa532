from __future__ import annotations

import uuid
from typing import Any

from django.db import models


class TrackedSite(models.Model):
    """A website whose pages may report to us."""

    #: As in the address of its pages, with a port unless it is the usual one: "shop.example.com".
    host = models.CharField(max_length=260, unique=True)
    with_subdomains = models.BooleanField("also its subdomains", default=False)

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host


class Form(models.Model):
    """A form on a website: made by staff, or found there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    #: By what a form that was found is known again: where it is and its id; none if staff made it.
    key = models.CharField(max_length=400, unique=True, null=True, editable=False)
    #: The names of the fields that were ever filled in, in the order in which they came up.
    fields: models.JSONField[Any, list[str]] = models.JSONField(default=list, editable=False)
    #: Field name -> name of the contact property that it fills; "" for none.
    mapping: models.JSONField[Any, dict[str, str]] = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Visitor(models.Model):
    """A browser that visited a tracked website, and the contact whose it turned out to be."""

    #: Stands in a cookie of the website; HubSpot calls it utk.
    token = models.UUIDField(primary_key=True)
    contact = models.ForeignKey(
        "crm.Record", models.SET_NULL, null=True, related_name="+", db_constraint=False
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_seen_at"], name="crm_visitor_last_seen")]

    def __str__(self) -> str:
        return str(self.token)


class VisitorEvent(models.Model):
    """What a visitor did before anybody knew who it is."""

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="events")
    #: As in crm_event.
    type = models.CharField(max_length=60)
    properties: models.JSONField[Any, dict[str, Any]] = models.JSONField(default=dict)
    source_id = models.CharField(max_length=200)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.type} of {self.visitor_id}"


class Collected(models.Model):
    """One thing a page reported, as it came in; waits to be worked off with many others."""

    visitor = models.UUIDField(null=True)
    #: Checked for its form only: see crm.tracking.reading.
    item: models.JSONField[Any, dict[str, Any]] = models.JSONField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.visitor} {self.at}"


class TrackingUsage(models.Model):
    """How often an address reported within the present minute; "" is everybody."""

    #: A keyed hash: addresses are not kept.
    address = models.CharField(max_length=64, primary_key=True)
    minute = models.BigIntegerField()
    count = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.count} in {self.minute}"
