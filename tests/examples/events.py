"""A custom event: defined, sent and read."""

from __future__ import annotations

from tests.recording import Call, Json

DEFINITIONS = "/events/v3/event-definitions"


def tell(call: Call) -> None:
    ana = call.api.made("/crm/v3/objects/contacts", {"properties": {"email": "ana@example.com"}})
    size = {"name": "size", "label": "Size", "type": "number"}
    new = {"label": "Tasted ice", "name": "tasted_ice", "primaryObject": "CONTACT"}
    made = call("POST", DEFINITIONS, new | {"propertyDefinitions": [size]})
    event: Json = {"name": made["name"]}
    flavour = {"name": "flavour", "label": "Flavour", "type": "string"}
    call("POST", f"{DEFINITIONS}/{{name}}/property", flavour, **event)
    one = event | {"property_name": "flavour"}
    taste = {"label": "Taste"}
    call("PATCH", f"{DEFINITIONS}/{{name}}/property/{{property_name}}", taste, **one)
    call("PATCH", f"{DEFINITIONS}/{{name}}", {"description": "At the counter."}, **event)
    call("GET", f"{DEFINITIONS}/{{name}}", **event)
    call("GET", DEFINITIONS, query={"limit": 10})
    name = made["fullyQualifiedName"]
    sent = {"eventName": name, "email": "ana@example.com", "properties": {"flavour": "lemon"}}
    call("POST", "/events/v3/send", sent)
    call("POST", "/events/v3/send/batch", {"inputs": [sent | {"properties": {"size": 2}}]})
    call("GET", "/events/v3/events/event-types", query={"objectType": "contacts"})
    seen = {"objectType": "contacts", "objectId": ana["id"], "limit": 1}
    call("GET", "/events/v3/events", query=seen)
    call("DELETE", f"{DEFINITIONS}/{{name}}/property/{{property_name}}", **one)
    call("DELETE", f"{DEFINITIONS}/{{name}}", **event)
