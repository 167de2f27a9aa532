"""What happened: /events/v3/events (A-199)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from rest_framework.request import Request
from rest_framework.response import Response

from crm import event_definitions, occurrences
from crm.api import identity, paging, scopes, wire
from crm.api.describing import Parameter, describe, filtered, several
from crm.api.endpoint import Endpoint, find_kind
from crm.api.errors import ApiError, NotFound
from crm.api.rules import OPEN, PER_RECORD
from crm.api.shapes import events as shapes
from crm.api.shapes.base import GivenId, Moment, Page, Says
from crm.api.values import as_moment, as_text
from crm.event_definitions import EventDefinition
from crm.objects import base as objects
from crm.objects.base import ObjectType
from crm.occurrences import Asked, Occurrence
from crm.property_types.base import InvalidValue
from crm.property_types.date_time import parse_moment

PAGE, MOST = 20, 100
OLDEST_FIRST = {"occurredAt", "ASCENDING", "occurredAt.asc"}
NEWEST_FIRST = {"", "-occurredAt", "DESCENDING", "occurredAt.desc"}
OBJECT_PROPERTY = "objectProperty."
EVENT_PROPERTY = "property."
QUERY = (
    filtered("objectType", "The type of the records, by name or id; contacts unless told."),
    Parameter(name="objectId", shape=GivenId, text="The record it happened to."),
    filtered("objectProperty.email", "The record, by the value of a unique property."),
    filtered("eventType", "The name of a kind of event."),
    several("id", "The events with these ids."),
    Parameter(name="occurredAfter", shape=Moment, text="Only later ones."),
    Parameter(name="occurredBefore", shape=Moment, text="Only earlier ones."),
    filtered("property.hs_url", "Only those whose property has this value."),
    Parameter(
        name="sort",
        shape=Literal["occurredAt", "-occurredAt", "ASCENDING", "DESCENDING"],
        text="The newest stand first unless told.",
    ),
    Parameter(
        name="limit",
        shape=Annotated[int, Says(minimum=1, maximum=MOST, default=PAGE)],
        text="How many at most.",
    ),
    filtered("after", "Where the page begins: `paging.next.after` of the page before."),
)


class Events(Endpoint):
    """A page of what happened to a record, of one kind of event, or of single events by id."""

    rule = PER_RECORD

    @describe("Read what happened", answer=Page[shapes.Occurrence], query=QUERY)
    def get(self, request: Request) -> Response:
        limit = self.query.limit(PAGE, MOST)
        kinds = {item.name: item.api_name for item in event_definitions.load().values()}
        asked = self._asked()
        after = self.query.text("after")
        try:
            found, more = occurrences.page(asked, after, limit)
        except ValueError as error:
            raise ApiError(str(error)) from None
        body: Page[shapes.Occurrence] = {"results": [_shown(one, kinds) for one in found]}
        if more:
            body["paging"] = paging.next_page(request, more)
        return Response(body)

    def _asked(self) -> Asked:
        keys = self.query.names("id")
        wanted = _type_named(self.query.text("eventType"))
        kind = self._kind(wanted)
        record_ids = self._record_ids(kind)
        if record_ids is None and not keys and wanted is None:
            raise ApiError(
                "Ask for the events of one record (objectType with objectId or objectProperty),"
                " of one eventType, or by id."
            )
        return Asked(
            record_ids=record_ids,
            visible=self.rights.visible(kind.type_id),
            object_type=kind.type_id,
            types=None if wanted is None else [wanted.name],
            after=self._moment("occurredAfter"),
            before=self._moment("occurredBefore"),
            properties=self._prefixed(EVENT_PROPERTY),
            keys=keys or None,
            is_oldest_first=self._is_oldest_first(),
        )

    def _kind(self, wanted: EventDefinition | None) -> type[ObjectType]:
        """The type of the records asked about: as given, as the event has it, else contacts."""
        given = self.query.text("objectType")
        kind = find_kind(given or (wanted.object_type if wanted else "") or "contact")
        scopes.require(self.token, scopes.records(kind, scopes.READ))
        return kind

    def _record_ids(self, kind: type[ObjectType]) -> list[int] | None:
        """The records asked about, None if that does not matter."""
        text = self.query.text("objectId").strip()
        by_property = self._prefixed(OBJECT_PROPERTY)
        if not text and not by_property:
            return None
        if not self.query.text("objectType"):
            raise ApiError("objectId and objectProperty need an objectType.")
        if text:
            record_id = wire.record_id(text)
            return [] if record_id is None else [record_id]
        if len(by_property) > 1:
            raise ApiError("Only one objectProperty can name the record.")
        ((name, value),) = by_property.items()
        definitions = self.rights.definitions(kind.type_id)
        found = identity.find(kind, definitions, name, [value], rights=self.rights)
        return list(found.values())

    def _prefixed(self, prefix: str) -> dict[str, str]:
        names = [name for name in self.request.GET if name.startswith(prefix)]
        return {name.removeprefix(prefix): self.query.text(name) for name in names}

    def _moment(self, name: str) -> datetime | None:
        text = self.query.text(name)
        try:
            # In a query string a plus is a blank.
            return parse_moment(text.replace(" ", "+")) if text else None
        except InvalidValue as error:
            raise ApiError(f"{name} {error}.") from None

    def _is_oldest_first(self) -> bool:
        text = self.query.text("sort")
        if text not in OLDEST_FIRST | NEWEST_FIRST:
            raise ApiError("sort must be occurredAt or -occurredAt.")
        return text in OLDEST_FIRST


class EventTypes(Endpoint):
    """The names of all kinds of events."""

    rule = OPEN

    @describe("List the names of events", answer=shapes.EventTypes)
    def get(self, request: Request) -> Response:
        found = event_definitions.load().values()
        return Response({"eventTypes": sorted(item.api_name for item in found)})


def _type_named(key: str) -> EventDefinition | None:
    """A kind of event; raises NotFound."""
    found = event_definitions.find(key) if key else None
    if key and found is None:
        raise NotFound(f"There is no event type {key[:100]!r}.")
    return found


def _shown(one: Occurrence, kinds: dict[str, str]) -> shapes.Occurrence:
    return {
        "id": one.key,
        "eventType": kinds.get(one.type, one.type),
        "objectType": objects.get(one.object_type).name.upper(),
        "objectId": str(one.record_id),
        "occurredAt": as_moment(one.at),
        "properties": dict(_texts(one)),
    }


def _texts(one: Occurrence) -> list[tuple[str, str]]:
    """What an occurrence carries, as texts; the fields of a form stand beside the rest."""
    flat: dict[str, Any] = {}
    for name, value in one.properties.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return [(name, as_text(value) or "") for name, value in flat.items() if value is not None]
