"""Errors that come before any endpoint does: JSON where the API is, pages everywhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from crm.api import errors
from crm.api.errors import ApiError, Forbidden, InternalError, NotFound
from crm.api.routing import PREFIXES

ADDRESSES = re.compile(rf"/(?:api|{'|'.join(PREFIXES)})/")

Page = Callable[..., HttpResponse]


def _in_json(error: ApiError, page: Page) -> Page:
    """An error view of Django's that answers the API with an envelope."""

    def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not ADDRESSES.match(request.path_info):
            return page(request, *args, **kwargs)
        body = error.body() | {"correlationId": errors.new_correlation_id()}
        return HttpResponse(
            json.dumps(body),
            status=error.status,
            content_type="application/json; charset=utf-8",
        )

    return respond


bad_request = _in_json(ApiError("The request cannot be read."), defaults.bad_request)
permission_denied = _in_json(Forbidden("This is not allowed."), defaults.permission_denied)
page_not_found = _in_json(NotFound(), defaults.page_not_found)
server_error = _in_json(
    InternalError("Something went wrong here. It has been noted."), defaults.server_error
)
