"""A custom object for tests: cars, which contacts drive."""

from __future__ import annotations

from typing import Any

from crm import schemas
from crm.models import Property
from crm.objects import base as objects
from crm.objects.custom import CustomObject
from crm.schema_checks import Look


def field(name: str, label: str = "", **more: Any) -> Property:
    """A property definition for a new custom object; text unless said otherwise."""
    return Property(
        name=name,
        label=label or name.replace("_", " ").capitalize(),
        **{"type": "string", "field_type": "text"} | more,
    )


def car_fields() -> list[Property]:
    return [
        field("vin", "VIN", is_unique=True),
        field("model"),
        field("seats", type="number", field_type="number"),
    ]


def make_car(name: str = "Car", **more: Any) -> type[CustomObject]:
    """Cars with a unique, required VIN, a model and seats; contacts can be associated."""
    look: dict[str, Any] = {
        "singular": "Car",
        "plural": "Cars",
        "icon": "directions_car",
        "primary": "vin",
        "secondary": ["model"],
        "required": ["vin"],
        "searchable": ["vin", "model"],
    }
    fields = schemas.new_properties(name, car_fields())
    return schemas.create(name, Look(**look | more), fields, [objects.get("contact")])
