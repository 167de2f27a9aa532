from __future__ import annotations

from crm.api import objects
from crm.api.routing import route

RECORDS = "crm/v3/objects/{object_type}"

urlpatterns = [
    route(f"{RECORDS}/batch/create", objects.BatchCreate),
    route(f"{RECORDS}/batch/read", objects.BatchRead),
    route(f"{RECORDS}/batch/update", objects.BatchUpdate),
    route(f"{RECORDS}/batch/upsert", objects.BatchUpsert),
    route(f"{RECORDS}/batch/archive", objects.BatchArchive),
    route(RECORDS, objects.Records),
    route(f"{RECORDS}/{{key}}", objects.Record),
]
