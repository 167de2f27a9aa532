"""The pages behind the links in emails: public, without cookies, useful without JavaScript."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from emails import unsubscribing


# No CSRF token: a mail program posts here without ever having seen a page of ours (RFC 8058), and
# whoever knows the token in the address may unsubscribe; nothing else can be done with it.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, because programs that scan mails open every link; only POST acts."""
    uuid = _parse(token)
    if uuid is None:
        return _page(request, "unknown", status=404 if request.method != "POST" else 400)
    if request.method == "POST":
        return _act(request, uuid)
    send = unsubscribing.find(uuid)
    if send is None:
        return _page(request, "unknown", status=404)
    return _page(request, "ask", address=_masked(send.address))


def _act(request: HttpRequest, token: UUID) -> HttpResponse:
    is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    if not is_one_click and "confirm" not in request.POST:
        return _page(request, "unknown", status=400)
    send = unsubscribing.find(token)
    # An unknown token gets the same answer: nobody learns which tokens exist.
    if send is not None:
        unsubscribing.unsubscribe(send)
    if is_one_click:
        return _private(HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8"))
    return _page(request, "done")


def _parse(token: str) -> UUID | None:
    try:
        return UUID(hex=token) if len(token) == 32 else None
    except ValueError:
        return None


def _masked(address: str) -> str:
    """Enough of the address to know which one it is: a forwarded mail gives nothing away."""
    local, _, domain = address.partition("@")
    if not domain:
        # Its owner was erased: only a digest is left.
        return "your address"
    return f"{local[:1]}…@{domain}"


def _page(request: HttpRequest, name: str, *, status: int = 200, address: str = "") -> HttpResponse:
    template = f"emails/unsubscribe_{name}.html"
    return _private(render(request, template, {"address": address}, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
