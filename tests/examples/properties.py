"""A property group and its properties."""

from __future__ import annotations

from tests.recording import Call, Json

PROPERTIES = "/crm/v3/properties/{object_type}"
OF_CONTACTS: Json = {"object_type": "contacts"}


def tell(call: Call) -> None:
    groups = f"{PROPERTIES}/groups"
    call("POST", groups, {"name": "cars", "label": "Cars", "displayOrder": 3}, **OF_CONTACTS)
    call("PATCH", f"{groups}/{{name}}", {"label": "Vehicles"}, **OF_CONTACTS, name="cars")
    call("GET", f"{groups}/{{name}}", **OF_CONTACTS, name="cars")
    call("GET", groups, **OF_CONTACTS)
    new = {
        "name": "colour", "label": "Colour", "type": "enumeration", "fieldType": "select",
        "groupName": "cars", "options": [{"label": "Red", "value": "red"}],
    }  # fmt: skip
    call("POST", PROPERTIES, new, **OF_CONTACTS)
    call("PATCH", f"{PROPERTIES}/{{name}}", {"label": "Paint"}, **OF_CONTACTS, name="colour")
    call("GET", f"{PROPERTIES}/{{name}}", **OF_CONTACTS, name="colour")
    call("GET", PROPERTIES, query={"properties": ["colour"]}, **OF_CONTACTS)
    wheels = {"name": "wheels", "label": "Wheels", "type": "number", "fieldType": "number"}
    more = {"inputs": [wheels | {"groupName": "cars"}]}
    call("POST", f"{PROPERTIES}/batch/create", more, **OF_CONTACTS)
    names = {"inputs": [{"name": "wheels"}]}
    call("POST", f"{PROPERTIES}/batch/read", names, **OF_CONTACTS)
    call("POST", f"{PROPERTIES}/batch/archive", names, **OF_CONTACTS)
    call("DELETE", f"{PROPERTIES}/{{name}}", **OF_CONTACTS, name="colour")
    call("DELETE", f"{groups}/{{name}}", **OF_CONTACTS, name="cars")
