from __future__ import annotations

from crm.models.association import Association, AssociationType
from crm.models.custom_event import CustomEvent, CustomEventProperty
from crm.models.event import Change, Event, EventKey
from crm.models.import_job import ImportJob
from crm.models.list import List, ListMembership
from crm.models.owner import Owner
from crm.models.pipeline import Pipeline, PipelineStage
from crm.models.property import Property, PropertyGroup, PropertyHistory
from crm.models.record import Record, SearchText, UniqueValue
from crm.models.token import ApiToken, ApiUsage
from crm.models.tracking import (
    Collected,
    Form,
    TrackedSite,
    TrackingUsage,
    Visitor,
    VisitorEvent,
)

__all__ = [
    "ApiToken",
    "ApiUsage",
    "Association",
    "AssociationType",
    "Change",
    "Collected",
    "CustomEvent",
    "CustomEventProperty",
    "Event",
    "EventKey",
    "Form",
    "ImportJob",
    "List",
    "ListMembership",
    "Owner",
    "Pipeline",
    "PipelineStage",
    "Property",
    "PropertyGroup",
    "PropertyHistory",
    "Record",
    "SearchText",
    "TrackedSite",
    "TrackingUsage",
    "UniqueValue",
    "Visitor",
    "VisitorEvent",
]
