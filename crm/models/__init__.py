from __future__ import annotations

from crm.models.association import Association, AssociationType
from crm.models.custom_event import CustomEvent, CustomEventProperty
from crm.models.event import Change, Event, EventKey
from crm.models.export_job import ExportJob, ExportRow
from crm.models.import_job import ImportJob
from crm.models.list import List, ListFolder, ListMembership, ListTally
from crm.models.list_permission import ListGroupPermission, ListUserPermission
from crm.models.merging import ErasedAddress, Erasure, MergedRecord
from crm.models.oauth import OAuthApp, OAuthCode, OAuthGrant
from crm.models.object_schema import ObjectSchema
from crm.models.owner import Owner
from crm.models.permission import PermissionSet, PropertyAccess, UserAccess
from crm.models.pipeline import Pipeline, PipelineStage
from crm.models.property import Property, PropertyGroup, PropertyHistory
from crm.models.record import Record, SearchText, UniqueValue
from crm.models.saved_view import SavedView
from crm.models.sharing import Shareable
from crm.models.team import Team, TeamMember
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
    "ErasedAddress",
    "Erasure",
    "Event",
    "EventKey",
    "ExportJob",
    "ExportRow",
    "Form",
    "ImportJob",
    "List",
    "ListFolder",
    "ListGroupPermission",
    "ListMembership",
    "ListTally",
    "ListUserPermission",
    "MergedRecord",
    "OAuthApp",
    "OAuthCode",
    "OAuthGrant",
    "ObjectSchema",
    "Owner",
    "PermissionSet",
    "Pipeline",
    "PipelineStage",
    "Property",
    "PropertyAccess",
    "PropertyGroup",
    "PropertyHistory",
    "Record",
    "SavedView",
    "SearchText",
    "Shareable",
    "Team",
    "TeamMember",
    "TrackedSite",
    "TrackingUsage",
    "UniqueValue",
    "UserAccess",
    "Visitor",
    "VisitorEvent",
]
