"""One proxy model per object type, so that each has its own place and permissions in the admin."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import models

from crm.models import Record
from crm.objects.base import ObjectType, object_types
from crm.registry import discover


class RecordsOfType(models.Manager[Record]):
    """The records of one object type, archived ones too."""

    def __init__(self, type_id: str) -> None:
        super().__init__()
        self.type_id = type_id

    def get_queryset(self) -> models.QuerySet[Record]:
        return super().get_queryset().filter(object_type=self.type_id)


def model_of(kind: type[ObjectType], registry: Apps | None = None) -> type[Record]:
    """A proxy model of the records of an object type, kept in `registry` or with all models."""
    # Addresses and permissions carry it in lower case: crm_line_item_add, view_line_item.
    name = kind.name.capitalize()
    meta = type(
        "Meta",
        (),
        {
            "proxy": True,
            "app_label": "crm",
            "verbose_name": kind.label.lower(),
            "verbose_name_plural": kind.plural_label.lower(),
            **({"apps": registry} if registry else {}),
        },
    )
    body = {
        "__module__": __name__,
        "__qualname__": name,
        "__doc__": kind.__doc__,
        "__str__": lambda self: kind.title(self.properties, self.pk),
        "objects": RecordsOfType(kind.type_id),
        "Meta": meta,
    }
    return type(name, (Record,), body)


# The admin is discovered before crm has loaded its object types.
discover("crm.objects")

#: Proxy models by object type id.
record_models: dict[str, type[Record]] = {kind.type_id: model_of(kind) for kind in object_types}
# Each is found under its own name too, as Python expects of a class.
globals().update({model.__name__: model for model in record_models.values()})
