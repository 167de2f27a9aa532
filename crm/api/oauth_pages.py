"""The page on which a user allows an app to act for them: /oauth/authorize (A-030)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm import access
from crm.access_switches import API_TOKENS
from crm.api import oauth, wire
from crm.models import OAuthApp


class Refused(Exception):
    """The user cannot be asked; the message says why. Nobody is sent anywhere."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an app asks for."""

    app: OAuthApp
    redirect_uri: str
    scopes: list[str]
    state: str


@never_cache
@staff_member_required(login_url="admin:login")  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Ask, and send the user back to the app with a code, or with their refusal."""
    assert isinstance(request.user, User)
    try:
        asked = _read(request, request.user)
    except Refused as error:
        return _page(request, {"problem": str(error)}, status=400)
    if request.method == "GET":
        return _page(request, {"asked": asked})
    if "allow" not in request.POST:
        return _back(asked, error="access_denied")
    return _back(asked, code=oauth.allow(asked.app, request.user, asked.redirect_uri, asked.scopes))


def _read(request: HttpRequest, user: User) -> Request:
    """What is asked for; raises Refused.

    Only once app and address are known to belong together may the user be sent there.
    """
    given = {name: request.GET.get(name, "") for name in ("client_id", "redirect_uri", "state")}
    app = oauth.find_app(given["client_id"])
    if app is None:
        raise Refused("There is no such app here.")
    if given["redirect_uri"] not in app.redirect_uris:
        raise Refused(f"{app} asked to send you to an address that is not its own.")
    if request.GET.get("response_type", "code") != "code":
        raise Refused(f"{app} asked in a way that is not supported.")
    if not access.of(user).can(API_TOKENS):
        raise Refused("You may not give programs access to this account.")
    wanted = _names(request, "scope") or [oauth.OAUTH]
    problem = oauth.grantable(app, user, wanted)
    if problem:
        raise Refused(problem)
    # What an app can do without is left out where it cannot be given.
    optional = [
        name for name in _names(request, "optional_scope") if not oauth.grantable(app, user, [name])
    ]
    return Request(
        app=app,
        redirect_uri=given["redirect_uri"],
        scopes=list(dict.fromkeys([*wanted, *optional])),
        state=given["state"],
    )


def _names(request: HttpRequest, parameter: str) -> list[str]:
    text = request.GET.get(parameter, "")
    if wire.unstorable(text):
        raise Refused("The address contains characters that cannot be stored.")
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _back(asked: Request, **answer: str) -> HttpResponse:
    parts = urlsplit(asked.redirect_uri)
    if asked.state:
        answer["state"] = asked.state
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *answer.items()])
    return HttpResponseRedirect(urlunsplit(parts._replace(query=query)))


def _page(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    site = admin.site.each_context(request)
    title = "Give access?" if "asked" in context else "This does not work"
    whole = {**site, "title": title, **context}
    return TemplateResponse(request, "admin/crm/consent.html", whole, status=status)
