"""Cars: an object type of the account's own, at both addresses of its schema."""

from __future__ import annotations

from tests.recording import Call, Json


def tell(call: Call) -> None:
    for base, name in (("/crm-object-schemas/v3/schemas", "car"), ("/crm/v3/schemas", "boat")):
        tell_one(call, base, name)


def tell_one(call: Call, base: str, name: str) -> None:
    title = name.title()
    model = {"name": "model", "label": "Model", "type": "string", "fieldType": "text"}
    new = {
        "name": name, "labels": {"singular": title, "plural": f"{title}s"}, "properties": [model],
        "primaryDisplayProperty": "model", "requiredProperties": ["model"],
        "associatedObjects": ["CONTACT"],
    }  # fmt: skip
    made = call("POST", base, new)
    key: Json = {"object_type": made["objectTypeId"]}
    call("PATCH", f"{base}/{{object_type}}", {"description": "What people drive."}, **key)
    call("GET", f"{base}/{{object_type}}", **key)
    call("GET", base)
    call("POST", f"{base}/batch/read", {"inputs": [made["objectTypeId"]]})
    ends = {"fromObjectTypeId": made["objectTypeId"], "toObjectTypeId": "0-2"}
    relation = call("POST", f"{base}/{{object_type}}/associations", ends, **key)
    call("DELETE", f"{base}/{{object_type}}/associations/{{number}}", **key, number=relation["id"])
    call("DELETE", f"{base}/{{object_type}}", **key)
