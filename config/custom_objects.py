"""Pages of custom objects that were made after this process started."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

Respond = Callable[[HttpRequest], HttpResponseBase]

ADMIN = "/admin/"


def with_custom_objects(respond: Respond) -> Respond:
    """Middleware: before the address of a page of the admin is looked up, they are there."""

    def follow_first(request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(ADMIN):
            # Late: settings are read before the apps are known.
            from crm.admin import custom_records

            custom_records.follow()
        return respond(request)

    return follow_first
