from __future__ import annotations

from crm.models.association import Association, AssociationType
from crm.models.event import Change, Event
from crm.models.import_job import ImportJob
from crm.models.list import List, ListMembership
from crm.models.owner import Owner
from crm.models.pipeline import Pipeline, PipelineStage
from crm.models.property import Property, PropertyGroup, PropertyHistory
from crm.models.record import Record, SearchText, UniqueValue
from crm.models.token import ApiToken, ApiUsage

__all__ = [
    "ApiToken",
    "ApiUsage",
    "Association",
    "AssociationType",
    "Change",
    "Event",
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
    "UniqueValue",
]
