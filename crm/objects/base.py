"""Object types: what kinds of records there are, one file each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, ClassVar, Protocol

from crm.calculations.base import Calculation
from crm.property_types.base import Definition, Option
from crm.registry import Registry, UnknownKind


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A standard association type from this object type to another, in HubSpot's numbering."""

    type_id: int
    inverse_type_id: int
    to_object_type: str
    name: str
    label: str = ""
    inverse_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Pipelines:
    """How records of a type move through stages, and the pipeline an account begins with."""

    #: The property that names the pipeline of a record, and the one that names its stage.
    property_name: str
    stage_property_name: str
    #: What a stage means to the product: the key in its metadata, its values and their labels.
    state_name: str
    state_label: str
    states: Mapping[str, str]
    #: States in which nothing is left to do.
    closed_states: frozenset[str]
    default_id: str
    default_label: str
    #: The stages of the default pipeline: id -> (label, state).
    default_stages: Mapping[str, tuple[str, str]]


class Enrolled(StrEnum):
    """Whether workflows are made for an object type (W-005 to W-019)."""

    ALWAYS = "always"
    #: Where the installation asks for it: WORKFLOW_OBJECTS.
    ON_REQUEST = "on_request"
    NEVER = "never"


class MergeRule(Enum):
    """What becomes of a value when two records are merged, where the primary one's does not win."""

    #: True when one of them says so.
    EITHER = "either"
    #: The option that comes later.
    FURTHEST = "furthest"
    SUM = "sum"
    LEAST = "least"
    MOST = "most"


class ObjectType:
    """A kind of record. The class body is the only place that describes it."""

    type_id: ClassVar[str]
    #: In URLs and tokens: "contact".
    name: ClassVar[str]
    plural: ClassVar[str]
    label: ClassVar[str]
    plural_label: ClassVar[str]
    #: A name of Google's Material Symbols, for menus.
    icon: ClassVar[str] = "circle"
    #: Whether it has a place of its own in the menu; the others stand together below.
    in_main_menu: ClassVar[bool] = False
    #: A note, a call, an email ...: it says something about the records it is related to.
    is_activity: ClassVar[bool] = False
    #: Property groups in order: name -> label.
    groups: ClassVar[Mapping[str, str]]
    properties: ClassVar[tuple[Definition, ...]]
    relations: ClassVar[tuple[Relation, ...]] = ()
    pipelines: ClassVar[Pipelines | None] = None
    #: Shown in lists, in this order.
    list_columns: ClassVar[tuple[str, ...]]
    #: By which an import finds the record of a row: the first of these that the row has a value
    #: for. Empty: every row makes a new record.
    import_keys: ClassVar[tuple[str, ...]] = ()
    #: What the API shows when nothing is asked for, beside the dates and the id (A-061).
    shown_in_api: ClassVar[tuple[str, ...]] = ()
    #: Properties that every new record needs a value of.
    required_properties: ClassVar[tuple[str, ...]] = ()
    enrolled: ClassVar[Enrolled] = Enrolled.NEVER
    #: Defined by staff or a program, kept in a row: crm.objects.custom.
    is_custom: ClassVar[bool] = False
    #: Taken away: it still explains what refers to it, but nothing new is made of it.
    is_archived: ClassVar[bool] = False
    #: Property -> the one with further values of it, separated by semicolons: what merged records
    #: had. Further values of a unique property find the record and are kept unique too.
    additional_values: ClassVar[Mapping[str, str]] = {}
    merge_rules: ClassVar[Mapping[str, MergeRule]] = {}
    #: Properties that say something together; a merge takes all of them from one record.
    merged_together: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        """What people call a record with these properties."""
        return f"{cls.label} {record_id}"


class Source(Protocol):
    """Where object types are found beside the declared ones."""

    def find(self, key: str) -> type[ObjectType] | None:
        """A type by its id, or one in use by its name."""

    def live(self) -> Sequence[type[ObjectType]]:
        """The types in use."""


#: crm.objects.custom puts itself here.
sources: list[Source] = []
#: The declared ones; `get`, `find` and `in_order` know the custom ones too.
object_types: Registry[ObjectType] = Registry("object type", "type_id")


def get(key: str) -> type[ObjectType]:
    """An object type by its id ("0-1", "2-7"), name or plural; raises UnknownKind."""
    found = find(key)
    if found is None:
        raise UnknownKind(f"There is no object type {key!r}.")
    return found


def find(key: str) -> type[ObjectType] | None:
    """Like `get`, None for what is not there. Custom types that were taken away have only an id."""
    found = object_types.find(key)
    if found is not None:
        return found
    for kind in object_types:
        if key in (kind.name, kind.plural):
            return kind
    return next((its for source in sources if (its := source.find(key))), None)


def in_order() -> list[type[ObjectType]]:
    """All object types as people expect them: contacts, companies, deals ..., then custom ones."""
    return [*sorted(object_types, key=_number), *(k for source in sources for k in source.live())]


def _number(kind: type[ObjectType]) -> int:
    return int(kind.type_id.partition("-")[2])


def text(name: str, label: str, group: str, **more: Any) -> Definition:
    return Definition(
        name=name, label=label, group=group, type="string",
        **{"field_type": "text"} | more,
    )  # fmt: skip


def number(name: str, label: str, group: str, **more: Any) -> Definition:
    return Definition(
        name=name, label=label, group=group, type="number",
        **{"field_type": "number"} | more,
    )  # fmt: skip


def date(name: str, label: str, group: str, **more: Any) -> Definition:
    return Definition(name=name, label=label, group=group, type="date", field_type="date", **more)


def moment(name: str, label: str, group: str, **more: Any) -> Definition:
    return Definition(
        name=name, label=label, group=group, type="datetime", field_type="date", **more
    )


def yes_no(name: str, label: str, group: str, **more: Any) -> Definition:
    return Definition(
        name=name, label=label, group=group, type="bool", field_type="booleancheckbox", **more
    )


def choice(
    name: str, label: str, group: str, options: Mapping[str, str], **more: Any
) -> Definition:
    """An enumeration; `options` maps stored values to labels."""
    return Definition(
        name=name, label=label, group=group, type="enumeration",
        options=tuple(Option(value=value, label=shown) for value, shown in options.items()),
        **{"field_type": "select"} | more,
    )  # fmt: skip


def owner(group: str) -> Definition:
    return Definition(
        name="hubspot_owner_id",
        label="Owner",
        group=group,
        type="enumeration",
        field_type="select",
        external_options="OWNER",
        description="The person responsible for this record.",
    )


def pipeline(name: str, group: str) -> Definition:
    return Definition(
        name=name, label="Pipeline", group=group, type="enumeration", field_type="select",
        external_options="PIPELINE",
    )  # fmt: skip


def stage(name: str, label: str, group: str) -> Definition:
    return Definition(
        name=name, label=label, group=group, type="enumeration", field_type="radio",
        external_options="STAGE",
    )  # fmt: skip


#: For properties that are worked out by other parts of the product; nobody else writes them.
CALCULATED = {"is_read_only": True, "is_calculated": True}


def calculated(calculation: Calculation) -> dict[str, Any]:
    """What a property is that follows from others."""
    return CALCULATED | {"calculation": calculation}


#: Of the records that were merged into this one, separated by semicolons.
MERGED_IDS = "hs_merged_object_ids"


def system(group: str, modified: str, created: str = "createdate") -> tuple[Definition, ...]:
    """The properties every record has; their names differ between HubSpot's older and newer types.

    `modified` is the name of the last-modified one, `created` that of the create date.
    """
    return (
        moment(created, "Create date", group, is_read_only=True, column="created_at"),
        moment(modified, "Last modified date", group, is_read_only=True, column="updated_at"),
        number("hs_object_id", "Record ID", group, is_read_only=True, column="id"),
        text(MERGED_IDS, "Merged record IDs", group, is_read_only=True),
    )


def joined(properties: Mapping[str, Any], *names: str) -> str:
    """The values of some text properties with a space between them."""
    return " ".join(str(properties[name]) for name in names if properties.get(name))
