"""A contact and a company, associated in every way."""

from __future__ import annotations

from tests.recording import Call, Json

PAIR, NAMED_PAIR = "/crm/v4/associations/{start}/{end}", "/crm/v3/associations/{start}/{end}"
RELATED = "/crm/v4/objects/{start}/{key}/associations"
TYPES: Json = {"start": "contacts", "end": "companies"}
PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}


def tell(call: Call) -> None:
    ana = call.api.made("/crm/v3/objects/contacts", {"properties": {"firstname": "Ana"}})["id"]
    shop = call.api.made("/crm/v3/objects/companies", {"properties": {"name": "Shop"}})["id"]
    one = TYPES | {"key": ana}
    both = one | {"to_key": shop}
    call("PUT", f"{RELATED}/default/{{end}}/{{to_key}}", **both)
    call("PUT", f"{RELATED}/{{end}}/{{to_key}}", [PRIMARY], **both)
    call("GET", f"{RELATED}/{{end}}", query={"limit": 100}, **one)
    call("DELETE", f"{RELATED}/{{end}}/{{to_key}}", **both)
    tell_batches(call, {"from": {"id": ana}, "to": {"id": shop}})
    tell_labels(call)
    tell_named(call, {"from": {"id": ana}, "to": {"id": shop}, "type": "contact_to_company"})


def tell_batches(call: Call, pair: Json) -> None:
    labelled = {"inputs": [{**pair, "types": [PRIMARY]}]}
    call("POST", f"{PAIR}/batch/associate/default", {"inputs": [pair]}, **TYPES)
    call("POST", f"{PAIR}/batch/create", labelled, **TYPES)
    call("POST", f"{PAIR}/batch/read", {"inputs": [pair["from"]]}, **TYPES)
    call("POST", f"{PAIR}/batch/labels/archive", labelled, **TYPES)
    gone = {"inputs": [{"from": pair["from"], "to": [pair["to"]]}]}
    call("POST", f"{PAIR}/batch/archive", gone, **TYPES)


def tell_labels(call: Call) -> None:
    new = {"label": "Billing", "name": "billing", "inverseLabel": "Bills to"}
    made = call("POST", f"{PAIR}/labels", new, **TYPES)
    number = made["results"][0]["typeId"]
    call("PUT", f"{PAIR}/labels", {"associationTypeId": number, "label": "Pays"}, **TYPES)
    call("GET", f"{PAIR}/labels", **TYPES)
    call("DELETE", f"{PAIR}/labels/{{number}}", **TYPES, number=number)


def tell_named(call: Call, named: Json) -> None:
    call("GET", f"{NAMED_PAIR}/types", **TYPES)
    call("POST", f"{NAMED_PAIR}/batch/create", {"inputs": [named]}, **TYPES)
    call("POST", f"{NAMED_PAIR}/batch/read", {"inputs": [named["from"]]}, **TYPES)
    call("POST", f"{NAMED_PAIR}/batch/archive", {"inputs": [named]}, **TYPES)
