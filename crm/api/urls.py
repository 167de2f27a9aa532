from __future__ import annotations

from crm.api import account, objects, owners, properties
from crm.api.routing import route

PROPERTIES = "crm/v3/properties/{object_type}"
RECORDS = "crm/v3/objects/{object_type}"

urlpatterns = [
    route("account-info/v3/details", account.Details),
    route("oauth/v2/private-apps/get/access-token-info", account.TokenInfo),
    route("crm/v3/owners", owners.Owners),
    route("crm/v3/owners/{key}", owners.OneOwner),
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
    route(RECORDS, objects.Records),
    route(f"{RECORDS}/{{key}}", objects.Record),
]
