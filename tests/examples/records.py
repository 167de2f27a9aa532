"""Contacts: made, changed, found, merged and archived."""

from __future__ import annotations

from tests.recording import Call, Json

RECORDS = "/crm/v3/objects/{object_type}"
OF_CONTACTS: Json = {"object_type": "contacts"}


def tell(call: Call) -> None:
    new = {"properties": {"email": "ana@example.com", "firstname": "Ana", "lastname": "Lind"}}
    ana = call("POST", RECORDS, new, **OF_CONTACTS)["id"]
    one = OF_CONTACTS | {"key": ana}
    call("PATCH", f"{RECORDS}/{{key}}", {"properties": {"city": "Oslo"}}, **one)
    seen = {"properties": ["email", "city"], "propertiesWithHistory": ["city"]}
    call("GET", f"{RECORDS}/{{key}}", query=seen, **one)
    people = [
        {"properties": {"email": f"{name}@example.com", "firstname": name.title()}}
        for name in ("bo", "cleo")
    ]
    made = call("POST", f"{RECORDS}/batch/create", {"inputs": people}, **OF_CONTACTS)
    bo, cleo = (record["id"] for record in made["results"])
    call("GET", RECORDS, query={"limit": 2, "properties": ["firstname"]}, **OF_CONTACTS)
    wanted = {"inputs": [{"id": "bo@example.com"}], "idProperty": "email", "properties": ["email"]}
    call("POST", f"{RECORDS}/batch/read", wanted, **OF_CONTACTS)
    changes = {"inputs": [{"id": bo, "properties": {"city": "Bergen"}}]}
    call("POST", f"{RECORDS}/batch/update", changes, **OF_CONTACTS)
    upserts = [
        {"id": email, "idProperty": "email", "properties": {"city": "Malmö"}}
        for email in ("bo@example.com", "dag@example.com")
    ]
    call("POST", f"{RECORDS}/batch/upsert", {"inputs": upserts}, **OF_CONTACTS)
    line = {"propertyName": "city", "operator": "EQ", "value": "Malmö"}
    search = {"filterGroups": [{"filters": [line]}], "sorts": ["-email"], "properties": ["city"]}
    call("POST", f"{RECORDS}/search", search | {"limit": 1}, **OF_CONTACTS)
    both = {"primaryObjectId": ana, "objectIdToMerge": bo}
    call("POST", f"{RECORDS}/merge", both, **OF_CONTACTS)
    call("POST", f"{RECORDS}/batch/archive", {"inputs": [{"id": cleo}]}, **OF_CONTACTS)
    call("DELETE", f"{RECORDS}/{{key}}", **one)
    call("POST", f"{RECORDS}/gdpr-delete", {"objectId": "dag@example.com", "idProperty": "email"},
         **OF_CONTACTS)  # fmt: skip
