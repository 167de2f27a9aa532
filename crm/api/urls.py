from __future__ import annotations

from django.urls import URLPattern, path, re_path

from crm.api import (
    account,
    associations,
    document,
    event_definitions,
    event_occurrences,
    events,
    exports,
    imports,
    list_conversion,
    list_folders,
    list_members,
    lists,
    merging,
    named_associations,
    oauth_endpoints,
    oauth_pages,
    objects,
    owners,
    pipelines,
    properties,
    schemas,
    search,
    submissions,
    users,
)
from crm.api.routing import route

EVENTS = "events/v3/events"
EVENT_DEFINITIONS = "events/v3/event-definitions"
PIPELINES = "crm/v3/pipelines/{object_type}"
PROPERTIES = "crm/v3/properties/{object_type}"
PAIR = "crm/v4/associations/{start}/{end}"
NAMED_PAIR = "crm/v3/associations/{start}/{end}"
RELATED = "crm/v4/objects/{start}/{key}/associations"
RECORDS = "crm/v3/objects/{object_type}"


def _schemas(base: str) -> list[URLPattern]:
    """Custom object types; older programs know them under another address."""
    one = f"{base}/{{object_type}}"
    return [
        route(base, schemas.Schemas),
        route(f"{base}/batch/read", schemas.BatchRead),
        route(one, schemas.OneSchema),
        route(f"{one}/associations", schemas.Associations),
        route(f"{one}/associations/{{number}}", schemas.OneAssociation),
    ]


LISTS = "crm/v3/lists"
ONE_LIST = f"{LISTS}/{{key}}"
MEMBERS = f"{ONE_LIST}/memberships"


def _lists() -> list[URLPattern]:
    """Lists; the name of one may hold anything, slashes too."""
    named = rf"^{LISTS}/object-type-id/(?P<object_type>[^/]+)/name/(?P<name>.+?)/?$"
    return [
        route(LISTS, lists.Lists),
        route(f"{LISTS}/search", lists.Search),
        route(f"{LISTS}/idmapping", lists.Mapping),
        re_path(named, lists.NamedList.as_view()),
        route(f"{LISTS}/folders", list_folders.Folders),
        route(f"{LISTS}/folders/move-list", list_folders.MoveList),
        route(f"{LISTS}/folders/{{key}}", list_folders.OneFolder),
        route(f"{LISTS}/folders/{{key}}/rename", list_folders.Rename),
        route(f"{LISTS}/folders/{{key}}/move/{{parent}}", list_folders.Move),
        route(f"{LISTS}/records/memberships/batch/read", list_members.BatchRead),
        route(
            f"{LISTS}/records/{{object_type}}/{{record_id}}/memberships",
            list_members.ListsOfRecord,
        ),
        route(ONE_LIST, lists.OneList),
        route(f"{ONE_LIST}/restore", lists.Restore),
        route(f"{ONE_LIST}/update-list-name", lists.Rename),
        route(f"{ONE_LIST}/update-list-filters", lists.Filters),
        route(f"{ONE_LIST}/schedule-conversion", list_conversion.Conversion),
        route(MEMBERS, list_members.Members),
        route(f"{MEMBERS}/join-order", list_members.JoinOrder),
        route(f"{MEMBERS}/add", list_members.Add),
        route(f"{MEMBERS}/remove", list_members.Remove),
        route(f"{MEMBERS}/add-and-remove", list_members.AddAndRemove),
        route(f"{MEMBERS}/add-from/{{source}}", list_members.AddFrom),
    ]


urlpatterns: list[URLPattern] = [
    path("api/openapi.json", document.serve),
    route("account-info/v3/details", account.Details),
    path("oauth/authorize", oauth_pages.authorize, name="oauth_authorize"),
    route("oauth/v1/token", oauth_endpoints.Tokens),
    route("oauth/v1/access-tokens/{token}", oauth_endpoints.AccessToken),
    route("oauth/v1/refresh-tokens/{token}", oauth_endpoints.RefreshToken),
    route("oauth/v2/private-apps/get/access-token-info", account.TokenInfo),
    route("crm/v3/imports", imports.Imports),
    route("crm/v3/imports/{key}", imports.OneImport),
    route("crm/v3/imports/{key}/cancel", imports.Cancel),
    route("crm/v3/imports/{key}/errors", imports.Errors),
    route("crm/v3/exports/export/async", exports.Start),
    route("crm/v3/exports/export/async/tasks/{key}/status", exports.Status, name="export_status"),
    route("crm/v3/exports/export/{key}", exports.OneExport),
    path("crm/v3/exports/download/<str:key>", exports.download, name="export_download"),
    route("crm/v3/owners", owners.Owners),
    route("crm/v3/owners/{key}", owners.OneOwner),
    route("settings/v3/users", users.Users),
    route("settings/v3/users/roles", users.Roles),
    route("settings/v3/users/teams", users.Teams),
    route("settings/v3/users/{key}", users.OneUser),
    route("submissions/v3/integration/submit/{portal}/{form}", submissions.Submit),
    route("events/v3/send", events.Send),
    route("events/v3/send/batch", events.SendBatch),
    route(EVENTS, event_occurrences.Events),
    route(f"{EVENTS}/event-types", event_occurrences.EventTypes),
    route(EVENT_DEFINITIONS, event_definitions.Definitions),
    route(f"{EVENT_DEFINITIONS}/{{name}}", event_definitions.OneDefinition),
    route(f"{EVENT_DEFINITIONS}/{{name}}/property", event_definitions.Properties),
    route(
        f"{EVENT_DEFINITIONS}/{{name}}/property/{{property_name}}", event_definitions.OneProperty
    ),
    route(PIPELINES, pipelines.Pipelines),
    route(f"{PIPELINES}/{{key}}", pipelines.OnePipeline),
    route(f"{PIPELINES}/{{key}}/stages", pipelines.Stages),
    route(f"{PIPELINES}/{{key}}/stages/{{stage_id}}", pipelines.OneStage),
    route(f"{PROPERTIES}/batch/create", properties.BatchCreate),
    route(f"{PROPERTIES}/batch/read", properties.BatchRead),
    route(f"{PROPERTIES}/batch/archive", properties.BatchArchive),
    route(f"{PROPERTIES}/groups", properties.Groups),
    route(f"{PROPERTIES}/groups/{{name}}", properties.Group),
    route(PROPERTIES, properties.Properties),
    route(f"{PROPERTIES}/{{name}}", properties.OneProperty),
    route(f"{RECORDS}/batch/create", objects.BatchCreate),
    route(f"{RECORDS}/batch/read", objects.BatchRead),
    route(f"{RECORDS}/batch/update", objects.BatchUpdate),
    route(f"{RECORDS}/batch/upsert", objects.BatchUpsert),
    route(f"{RECORDS}/batch/archive", objects.BatchArchive),
    route(f"{RECORDS}/search", search.Search),
    route(f"{RECORDS}/merge", merging.Merge),
    route(f"{RECORDS}/gdpr-delete", merging.Erase),
    route(RECORDS, objects.Records),
    route(f"{RELATED}/default/{{end}}/{{to_key}}", associations.DefaultRelation),
    route(f"{RELATED}/{{end}}", associations.RelatedRecords),
    route(f"{RELATED}/{{end}}/{{to_key}}", associations.Relation),
    route(f"{PAIR}/batch/create", associations.BatchCreate),
    route(f"{PAIR}/batch/read", associations.BatchRead),
    route(f"{PAIR}/batch/archive", associations.BatchArchive),
    route(f"{PAIR}/batch/labels/archive", associations.BatchArchiveLabels),
    route(f"{PAIR}/batch/associate/default", associations.BatchDefault),
    route(f"{PAIR}/labels", associations.Labels),
    route(f"{PAIR}/labels/{{number}}", associations.Label),
    route(f"{NAMED_PAIR}/batch/create", named_associations.BatchCreate),
    route(f"{NAMED_PAIR}/batch/read", named_associations.BatchRead),
    route(f"{NAMED_PAIR}/batch/archive", named_associations.BatchArchive),
    route(f"{NAMED_PAIR}/types", named_associations.Types),
    route(f"{RECORDS}/{{key}}", objects.Record),
    *_lists(),
    *_schemas("crm-object-schemas/v3/schemas"),
    *_schemas("crm/v3/schemas"),
]
