"""What an import is asked to do beyond its mapping, as it is kept with the job."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Operation(StrEnum):
    """What becomes of rows whose record exists, and of those whose record does not."""

    UPSERT = "UPSERT"
    CREATE = "CREATE"
    UPDATE = "UPDATE"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A column that names another record, with which that of the row is associated."""

    heading: str
    #: The object type of the other record, and the property by which it is found.
    to_object_type: str
    by: str
    #: Primary key of the AssociationType from the row's record to the other one.
    association_type_id: int


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the rows of a file become records."""

    #: What people call the import; "" for the name of its file.
    name: str = ""
    operation: Operation = Operation.UPSERT
    #: The unique property by which the record of a row is found; "" for those of the object type.
    key: str = ""
    #: Whether dates such as 3/4/2026 have the day first; None to find out from the file.
    day_first: bool | None = None
    links: tuple[Link, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Options:
        if not kept:
            return cls()
        links = tuple(Link(**link) for link in kept["links"])
        return cls(**kept | {"operation": Operation(kept["operation"]), "links": links})


UNASKED = Options()
