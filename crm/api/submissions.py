"""Forms sent by websites and programs: /submissions/v3/integration/submit/{portal}/{form}.

Anybody may send a form, as on a website: the form is what has to be known. What is sent is worked
off in the background, like the forms that tracked websites report.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api import wire
from crm.api.account import PORTAL_ID
from crm.api.describing import describe
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, NotFound
from crm.api.rate_limits import TooManyRequests
from crm.api.rules import OPEN
from crm.api.shapes import submissions as shapes
from crm.api.wire import Fields
from crm.tracking import addresses, collecting, contacts, reading
from crm.tracking.collecting import Answer
from crm.tracking.reading import LONGEST_NAME, LONGEST_TEXT, LONGEST_URL, LONGEST_VALUE, Report

THANKS = "Thanks for submitting the form."
MINUTE = 60


class Submit(Endpoint):
    """Needs no token: the pages that send forms could not keep it secret."""

    rule = OPEN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if any(wire.unstorable(str(text)) for text in kwargs.values()):
            raise NotFound

    @describe("Submit a form", body=shapes.Submission, answer=shapes.Submitted, needs_token=False)
    def post(self, request: Request, portal: str, form: str) -> Response:
        """The contact with the email among the fields is made or updated within seconds."""
        form_id = _form_id(portal, form)
        report = _read(form_id, self.body())
        became = collecting.submit(report, form_id, addresses.sender(_plain(request)))
        if became is Answer.UNKNOWN:
            raise NotFound(f"There is no form {form_id}.")
        if became is Answer.TOO_MANY:
            raise TooManyRequests("MINUTELY", MINUTE)
        answer: shapes.Submitted = {"inlineMessage": THANKS}
        return Response(answer)


def _plain(request: Request) -> HttpRequest:
    found: HttpRequest = request._request  # noqa: SLF001 (DRF has no other way to ask)
    return found


def _form_id(portal: str, form: str) -> UUID:
    try:
        found = UUID(form)
    except ValueError:
        raise NotFound("There is no such form.") from None
    if portal != str(PORTAL_ID):
        raise NotFound("There is no such account.")
    return found


def _read(form_id: UUID, body: Fields) -> Report:
    """What was sent; raises ApiError."""
    given = body.objects("fields")
    if not 0 < len(given) <= reading.MOST_FIELDS:
        raise ApiError(f"fields must be a list of 1 to {reading.MOST_FIELDS} fields.")
    values: dict[str, str] = {}
    for field in given:
        name = reading.text(field.text("name"), LONGEST_NAME)
        value = reading.text(field.text("value", ""), LONGEST_VALUE)
        if name and value:
            values[name] = value
    email = values.get("email", "")
    if email and not contacts.address(email):
        raise ApiError(
            f"{email[:100]!r} is not an email address.",
            errors=[{"message": "Error in 'fields.email'.", "code": "INVALID_EMAIL"}],
        )
    context = body.object("context")
    item = {
        "kind": "submission",
        "form": str(form_id),
        "host": "",
        "page": _page(context),
        "fields": list(values.items()),
        "email": email,
    }
    return Report(visitor=_visitor(context), items=[item])


def _page(context: Fields) -> dict[str, str]:
    found = {
        "hs_url": reading.text(context.text("pageUri", ""), LONGEST_URL),
        "hs_title": reading.text(context.text("pageName", ""), LONGEST_TEXT),
        "hs_page_id": reading.text(context.text("pageId", ""), LONGEST_NAME),
    }
    return {name: value for name, value in found.items() if value}


def _visitor(context: Fields) -> UUID | None:
    text = context.text("hutk", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise ApiError(f"{context.place('hutk')} is not the token of a visitor.") from None
