"""Batches: their inputs and HubSpot's answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import status
from rest_framework.response import Response

from crm import clock
from crm.api.errors import ApiError
from crm.api.values import as_moment
from crm.api.wire import Fields

MOST_INPUTS = 100


def inputs(body: Fields, most: int = MOST_INPUTS) -> list[Fields]:
    """The inputs of a batch; raises ApiError when they are too many."""
    found = body.objects("inputs")
    if len(found) > most:
        raise ApiError(f"A batch may have {most:,} inputs, this one has {len(found):,}.")
    return found


def answer(
    results: Sequence[Mapping[str, object]],
    errors: Sequence[ApiError] = (),
    *,
    success: int = status.HTTP_200_OK,
) -> Response:
    """The answer to a batch: 207 when something in it failed."""
    moment = as_moment(clock.now())
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": moment,
        "completedAt": moment,
    }
    if not errors:
        return Response(body, status=success)
    failed = [{"context": {}, "errors": [], "links": {}} | error.body() for error in errors]
    return Response(
        body | {"numErrors": len(failed), "errors": failed},
        status=status.HTTP_207_MULTI_STATUS,
    )
