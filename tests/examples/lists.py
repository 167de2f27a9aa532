"""Lists: their members, filters and folders."""

from __future__ import annotations

from tests.recording import Call, Json

LISTS = "/crm/v3/lists"
ONE, MEMBERS = f"{LISTS}/{{key}}", f"{LISTS}/{{key}}/memberships"


def in_city(name: str) -> Json:
    """Filters that want the contacts of a city."""
    operation = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": [name]}
    line = {"filterType": "PROPERTY", "property": "city", "operation": operation}
    group = {"filterBranchType": "AND", "filterBranches": [], "filters": [line]}
    return {"filterBranchType": "OR", "filterBranches": [group], "filters": []}


def tell(call: Call) -> None:
    ana, bo = (
        call.api.made("/crm/v3/objects/contacts", {"properties": {"firstname": name}})["id"]
        for name in ("Ana", "Bo")
    )
    new = {"name": "Guests", "objectTypeId": "0-1", "processingType": "MANUAL"}
    guests = call("POST", LISTS, new)["list"]["listId"]
    more = call.api.post(LISTS, new | {"name": "Helpers"}).body["list"]["listId"]
    tell_members(call, guests, more, ana, bo)
    call("GET", LISTS, query={"listIds": [guests, more]})
    call("GET", ONE, query={"includeFilters": "true"}, key=guests)
    call("PUT", f"{ONE}/update-list-name", query={"listName": "Visitors"}, key=guests)
    call("GET", f"{LISTS}/object-type-id/{{object_type}}/name/{{name}}", object_type="0-1",
         name="Visitors")  # fmt: skip
    call("POST", f"{LISTS}/search", {"query": "visit", "count": 20})
    call("GET", f"{LISTS}/idmapping", query={"legacyListId": guests})
    call("POST", f"{LISTS}/idmapping", [guests, "4"])
    tell_folders(call, guests)
    tell_active(call)
    call("DELETE", MEMBERS, key=guests)
    call("DELETE", ONE, key=guests)
    call("PUT", f"{ONE}/restore", key=guests)


def tell_members(call: Call, guests: str, more: str, ana: str, bo: str) -> None:
    call("PUT", f"{MEMBERS}/add", [ana, bo], key=guests)
    call("PUT", f"{MEMBERS}/add-from/{{source}}", key=more, source=guests)
    call("PUT", f"{MEMBERS}/remove", [bo], key=guests)
    both = {"recordIdsToAdd": [bo], "recordIdsToRemove": [ana]}
    call("PUT", f"{MEMBERS}/add-and-remove", both, key=guests)
    call("GET", MEMBERS, query={"limit": 1}, key=more)
    call("GET", f"{MEMBERS}/join-order", query={"limit": 1}, key=more)
    record: Json = {"object_type": "0-1", "record_id": ana}
    call("GET", f"{LISTS}/records/{{object_type}}/{{record_id}}/memberships", **record)
    wanted = {"inputs": [{"objectTypeId": "0-1", "recordId": bo}]}
    call("POST", f"{LISTS}/records/memberships/batch/read", wanted)


def tell_folders(call: Call, guests: str) -> None:
    folders = f"{LISTS}/folders"
    made = call("POST", folders, {"name": "Spring"})["folder"]["id"]
    other = call.api.post(folders, {"name": "2026"}).body["folder"]["id"]
    call("PUT", f"{folders}/{{key}}/rename", query={"newFolderName": "Summer"}, key=made)
    call("PUT", f"{folders}/{{key}}/move/{{parent}}", key=made, parent=other)
    call("PUT", f"{folders}/move-list", {"listId": guests, "newFolderId": made})
    call("GET", folders, query={"folderId": made})
    call.api("PUT", f"{folders}/move-list", {"listId": guests, "newFolderId": "0"})
    call("DELETE", f"{folders}/{{key}}", key=made)


def tell_active(call: Call) -> None:
    new = {"name": "Oslo", "objectTypeId": "0-1", "processingType": "DYNAMIC"}
    made = call.api.post(LISTS, new | {"filterBranch": in_city("Oslo")}).body["list"]["listId"]
    bergen = {"filterBranch": in_city("Bergen")}
    call("PUT", f"{ONE}/update-list-filters", bergen, key=made)
    when = {"conversionType": "CONVERSION_DATE", "year": 2026, "month": 9, "day": 1}
    call("PUT", f"{ONE}/schedule-conversion", when, key=made)
    call("GET", f"{ONE}/schedule-conversion", key=made)
    call("DELETE", f"{ONE}/schedule-conversion", key=made)
