"""Lists: when an active one becomes static, /crm/v3/lists/{id}/schedule-conversion (A-121)."""

from __future__ import annotations

from datetime import date

from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.describing import describe
from crm.api.errors import ApiError, NotFound
from crm.api.lists import ListEndpoint, refusals
from crm.api.shapes import lists as shapes
from crm.api.values import as_moment
from crm.api.wire import Fields
from crm.lists import conversion
from crm.lists.conversion import Inactivity
from crm.models import List


class Conversion(ListEndpoint):
    @describe("Read when a list becomes static", answer=shapes.ListConversion)
    def get(self, request: Request, key: str) -> Response:
        row = self.one(key)
        if row.convert_on is None and row.convert_after is None and row.converted_at is None:
            raise NotFound(f"The list {row.pk} is not to become static.")
        return Response(_shown(row))

    @describe(
        "Let a list become static",
        body=shapes.ConversionDate | shapes.ConversionInactivity,
        answer=shapes.ListConversion,
    )
    def put(self, request: Request, key: str) -> Response:
        """On a day, or so long after the last record entered or left the list."""
        row = self.one(key)
        with refusals():
            return Response(_shown(conversion.schedule(row, _when(self.body()))))

    @describe("Let a list stay active")
    def delete(self, request: Request, key: str) -> Response:
        conversion.cancel(self.one(key))
        return Response(status=204)


def _when(body: Fields) -> date | Inactivity:
    kind = body.text("conversionType")
    if kind == "INACTIVITY":
        return Inactivity(count=body.integer("offset"), unit=body.text("timeUnit").upper())
    if kind != "CONVERSION_DATE":
        raise ApiError("conversionType must be CONVERSION_DATE or INACTIVITY.")
    try:
        return date(body.integer("year"), body.integer("month"), body.integer("day"))
    except ValueError:
        raise ApiError("year, month and day are not a date.") from None


def _shown(row: List) -> shapes.ListConversion:
    body: shapes.ListConversion = {"listId": str(row.pk)}
    if row.convert_on is not None:
        day = row.convert_on
        body["requestedConversionTime"] = {
            "conversionType": "CONVERSION_DATE",
            "year": day.year,
            "month": day.month,
            "day": day.day,
        }
    elif row.convert_after is not None:
        body["requestedConversionTime"] = {
            "conversionType": "INACTIVITY",
            "offset": row.convert_after,
            "timeUnit": row.convert_unit,  # type: ignore[typeddict-item]
        }
    if row.converted_at is not None:
        body["convertedAt"] = as_moment(row.converted_at)
    return body
