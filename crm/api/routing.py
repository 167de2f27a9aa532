"""Addresses of the API: with and without a final slash, never redirected."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, URLPattern, re_path, resolve
from rest_framework.request import Request

from crm.api.endpoint import Endpoint
from crm.api.errors import NotFound

#: All that HubSpot's API has; an address below these that nobody serves is answered in JSON.
PREFIXES = (
    "account-info", "automation", "communication-preferences", "crm", "crm-object-schemas",
    "events", "integrators", "marketing", "oauth", "settings", "submissions", "webhooks",
)  # fmt: skip

#: Newer clients put a date in the middle of the address instead of v3 or v4 behind the subject.
DATE = r"20\d\d-\d\d(?:-beta)?(?=/|$)"
ALIASES = [
    (re.compile(pattern.replace("DATE", DATE)), replacement)
    for pattern, replacement in [
        (r"^/crm/objects/DATE/([^/]+/[^/]+/associations/.*)$", r"/crm/v4/objects/\1"),
        (r"^/crm/associations/DATE/(.*)$", r"/crm/v4/associations/\1"),
        (
            r"^/crm/(objects|properties|lists|owners|pipelines|imports|exports)/DATE(.*)$",
            r"/crm/v3/\1\2",
        ),
        (r"^/(crm-object-schemas|webhooks|account-info)/DATE(.*)$", r"/\1/v3\2"),
        (r"^/settings/users/DATE(.*)$", r"/settings/v3/users\1"),
        (r"^/automation/actions/callbacks/DATE(.*)$", r"/automation/v4/actions/callbacks\1"),
        (r"^/automation/(actions|sequences|flows)/DATE(.*)$", r"/automation/v4/\1\2"),
        (r"^/automation/DATE/(flows|workflow-id-mappings)(.*)$", r"/automation/v4/\1\2"),
        (
            r"^/marketing/email-campaigns/DATE/single-send(.*)$",
            r"/marketing/v4/email/single-send\1",
        ),
        (
            r"^/marketing/(emails|transactional|forms|marketing-events|campaigns)/DATE(.*)$",
            r"/marketing/v3/\1\2",
        ),
        (r"^/communication-preferences/DATE(.*)$", r"/communication-preferences/v4\1"),
        (r"^/events/event-occurrences/DATE(.*)$", r"/events/v3/events\1"),
        (r"^/events/DATE(.*)$", r"/events/v3\1"),
        (r"^/oauth/DATE(.*)$", r"/oauth/v1\1"),
    ]
]


def route(template: str, endpoint: type[Endpoint], name: str | None = None) -> URLPattern:
    """`crm/v3/owners/{owner_id}` as a pattern; a segment in braces is any text without a slash."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    return re_path(rf"^{pattern}/?$", endpoint.as_view(), name=name)


def undated(path: str) -> str | None:
    """An address with a date in it as the one with a version; None for any other."""
    for pattern, replacement in ALIASES:
        if pattern.match(path):
            return pattern.sub(replacement, path)
    return None


class UnknownAddress(Endpoint):
    """Nobody serves this address; who asks does not matter."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise NotFound


def unserved(request: HttpRequest) -> HttpResponseBase:
    """Whatever no other route took: an address with a date in it, or one that is not known."""
    path = undated(request.path_info)
    if path is not None:
        try:
            found = resolve(path)
        except Resolver404:
            found = None
        if found is not None and found.func is not unserved:
            answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
            return answer
    return UnknownAddress.as_view()(request)


unserved.csrf_exempt = True  # type: ignore[attr-defined]

#: Behind the routes of every app.
fallback = re_path(rf"^(?:{'|'.join(PREFIXES)})/", unserved)
