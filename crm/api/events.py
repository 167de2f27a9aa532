"""Custom events sent by integrations: /events/v3/send (A-198)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import event_sending
from crm.api import batches, checking, scopes, wire
from crm.api.describing import describe
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, NotFound
from crm.api.rules import PER_RECORD
from crm.api.shapes import events as shapes
from crm.api.shapes.base import PartBatch
from crm.api.values import as_given
from crm.api.wire import Fields
from crm.event_sending import Given, InvalidEvent, Refused, UnknownEvent, UnknownRecord
from crm.property_types.base import InvalidValue
from crm.property_types.date_time import parse_moment

MOST_INPUTS = 500


class SendEndpoint(Endpoint):
    """What both ways to send have in common."""

    rule = PER_RECORD

    def send(self, inputs: Sequence[Fields]) -> dict[int, ApiError]:
        """Record the events that can be; the errors of the others by their place."""
        scopes.require(self.token, (scopes.SEND_EVENTS,))
        given: dict[int, Given] = {}
        errors: dict[int, ApiError] = {}
        for place, fields in enumerate(inputs):
            try:
                given[place] = _read(fields)
            except ApiError as error:
                errors[place] = error
        refused = event_sending.send(list(given.values()), self.source, self.rights)
        places = list(given)
        return errors | {places[number]: _told(error) for number, error in refused.items()}


class Send(SendEndpoint):
    @describe("Send an event", body=shapes.SentEvent)
    def post(self, request: Request) -> Response:
        errors = self.send([self.body()])
        if errors:
            raise errors[0]
        return Response(status=status.HTTP_204_NO_CONTENT)


class SendBatch(SendEndpoint):
    @describe("Send events", body=shapes.SentEvents, partly=PartBatch[shapes.Occurrence])
    def post(self, request: Request) -> Response:
        inputs = batches.inputs(self.body(), MOST_INPUTS)
        errors = self.send(inputs)
        if not errors:
            return Response(status=status.HTTP_204_NO_CONTENT)
        for place, error in errors.items():
            error.context["index"] = [str(place)]
        found = [errors[place] for place in sorted(errors)]
        if len(found) == len(inputs):
            # Nothing was recorded: that is no success, not even in part.
            raise ApiError(
                f"None of the {len(found)} events could be recorded. The first: {found[0].message}",
                errors=[_entry(error) for error in found],
            )
        return batches.answer([], found)


def _entry(error: ApiError) -> dict[str, Any]:
    return {"message": error.message, "context": error.context}


def _read(fields: Fields) -> Given:
    """An event on the wire; raises ApiError."""
    object_id = fields.text("objectId", "").strip()
    record_id = wire.record_id(object_id) if object_id else None
    if object_id and record_id is None:
        raise ApiError(f"{fields.place('objectId')} must be the id of a record.")
    return Given(
        name=fields.text("eventName"),
        record_id=record_id,
        email=fields.text("email", ""),
        visitor=_visitor(fields),
        properties={
            name: as_given(value) for name, value in fields.object("properties").json.items()
        },
        at=_moment(fields),
        key=fields.text("uuid", ""),
    )


def _visitor(fields: Fields) -> UUID | None:
    text = fields.text("utk", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise ApiError(f"{fields.place('utk')} is not the token of a visitor.") from None


def _moment(fields: Fields) -> datetime | None:
    text = fields.text("occurredAt", "")
    try:
        return parse_moment(text) if text else None
    except InvalidValue as error:
        raise ApiError(f"{fields.place('occurredAt')} {error}.") from None


def _told(error: Refused) -> ApiError:
    """Why an event was refused, in the API's words."""
    if isinstance(error, InvalidEvent):
        return checking.invalid(error.definition.definitions, error.errors)
    if isinstance(error, UnknownEvent | UnknownRecord):
        return NotFound(str(error))
    return ApiError(str(error))
