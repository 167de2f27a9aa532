"""What every endpoint does: who asks, how often, and an answer in HubSpot's form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from django.http import HttpRequest
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm import access, clock
from crm.access import Access
from crm.api import errors, rate_limits, scopes, tokens, wire
from crm.api.errors import ApiError, Forbidden, Unauthenticated
from crm.api.rules import Rule
from crm.changes import Source, SourceKind
from crm.models import ApiToken
from crm.objects import base as objects
from crm.objects import custom
from crm.objects.base import ObjectType

BEARER = "bearer "
#: The full name of a custom object; the number is that of the account.
CUSTOM_NAME = re.compile(r"p[0-9]*_(.+)", re.ASCII)


class JsonRenderer(JSONRenderer):
    charset = "utf-8"


class AlwaysJson(BaseContentNegotiation):
    """Nobody is told that JSON is not acceptable."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[Any], format_suffix: str | None = None
    ) -> Any:
        return next(iter(renderers)), JsonRenderer.media_type


class Endpoint(APIView):
    """One address of the API. Methods raise ApiError; everything else is looked after here."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (JsonRenderer,)
    content_negotiation_class = AlwaysJson
    http_method_names = ["get", "post", "put", "patch", "delete"]
    #: Search has a limit of its own at HubSpot and carries no headers about this one.
    has_rate_headers: ClassVar[bool] = True
    #: Without a rule only the tokens of superusers may ask.
    rule: ClassVar[Rule | None] = None

    token: ApiToken
    usage: rate_limits.Usage | None = None

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.correlation_id = errors.new_correlation_id()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        texts = [request.path, *request.GET, *(v for vs in request.GET.lists() for v in vs[1])]
        if any(wire.unstorable(text) for text in texts):
            raise ApiError("The address contains characters that cannot be stored.")
        self.token = authenticate(request)
        self.usage = rate_limits.count(self.token)
        self.usage.require()
        self._require_rule()

    def _require_rule(self) -> None:
        if self.rule is not None:
            self.rule.require(self.rights, self.request.method)
        elif not self.rights.is_unlimited:
            raise Forbidden("Only tokens of superusers may ask this.")

    def handle_exception(self, exc: Exception) -> Response:
        response = errors.answer(exc, self.correlation_id)
        response.exception = True
        return response

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished[errors.CORRELATION_HEADER] = self.correlation_id
        if self.usage is not None and self.has_rate_headers:
            for name, value in self.usage.headers().items():
                finished[name] = value
        return finished

    @property
    def rights(self) -> Access:
        """What the user who answers for the token may see and change."""
        return access.of(self.token.user)

    @property
    def query(self) -> wire.Query:
        return wire.Query(self.request.GET)

    @property
    def source(self) -> Source:
        """What the history says about changes made by this request."""
        return Source(kind=SourceKind.API, id=self.token.name, user_id=self.token.user_id)

    def json(self) -> Any:
        """The body, None without one; raises ApiError for what is not JSON."""
        raw = self.request.stream.read(wire.MOST_BYTES + 1) if self.request.stream else b""
        wire.check_size(raw)
        if not raw.strip():
            return None
        media_type = self.request.content_type.partition(";")[0].strip().lower()
        if media_type and media_type != JsonRenderer.media_type:
            raise errors.UnsupportedMediaType("The body must be application/json.")
        return wire.parse(raw)

    def body(self) -> wire.Fields:
        """The body as an object; no body is an empty object."""
        value = self.json()
        return wire.Fields({} if value is None else value)

    def kind(self, key: str, verb: str) -> type[ObjectType]:
        """An object type that the token may read or write the records of."""
        kind = find_kind(key)
        scopes.require(self.token, scopes.records(kind, verb))
        return kind


def authenticate(request: Request) -> ApiToken:
    """The token of a request; raises Unauthenticated."""
    given = request.headers.get("Authorization", "")
    if not given.lower().startswith(BEARER):
        raise Unauthenticated("Authentication credentials not found: send a bearer token.")
    token = tokens.find(given[len(BEARER) :].strip())
    if token is None:
        raise Unauthenticated("This token is not known.")
    reason = tokens.why_invalid(token, clock.now())
    if reason:
        raise Unauthenticated(reason)
    return token


def find_kind(key: str) -> type[ObjectType]:
    """An object type by id, name or plural in any case; custom ones also by `p_car`, `p1_car`, `car`.

    Raises ApiError (A-058).
    """
    name = key.strip().lower()
    kind = objects.find(name)
    if kind is None:
        bare = CUSTOM_NAME.fullmatch(name)
        kind = custom.find(f"p{custom.PORTAL}_{bare[1]}") if bare else None
    # A name that begins with p_ itself.
    kind = kind or custom.find(f"p{custom.PORTAL}_{name}")
    if kind is None or kind.is_archived:
        raise ApiError(f"Unable to infer object type from: {key[:100]}")
    return kind
