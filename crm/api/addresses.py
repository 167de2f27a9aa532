"""The parts of an address in braces, by name: what they are and which texts they can be."""

from __future__ import annotations

from typing import Annotated, Any

from crm.api.shapes.base import Id, Says

#: Names, plurals and ids of the types that everybody has; custom ones are made besides.
ObjectTypeKey = Annotated[
    str, Says(pattern="^(contacts|companies|deals|tickets|tasks|notes|calls|0-[0-9]+|2-[0-9]+)$")
]
Name = Annotated[str, Says(minLength=1)]

PARTS: dict[str, tuple[Any, str]] = {
    "object_type": (ObjectTypeKey, "An object type: its name, its plural or its id."),
    "start": (ObjectTypeKey, "The object type at this end: its name, its plural or its id."),
    "end": (ObjectTypeKey, "The object type at the other end: its name, its plural or its id."),
    "key": (Name, "The id of what is asked for."),
    "to_key": (Id, "The id of the record at the other end."),
    "number": (Id, "The id of the association type."),
    "name": (Name, "The internal name."),
    "property_name": (Name, "The internal name of the property."),
    "record_id": (Id, "The id of the record."),
    "source": (Id, "The id of the list whose members are added."),
    "parent": (Id, "The id of the folder it goes into; 0 is the top."),
    "portal": (Id, "The number of the account."),
    "form": (Name, "The id of a form."),
    "stage_id": (Name, "The id of the stage."),
    "token": (Name, "The token."),
}
