"""Turning what staff wrote into what goes out: a revision that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from crm import clock
from emails import headers, rendering, sending
from emails.models import Email, EmailRevision
from emails.rendering import Rendered
from emails.tokens.base import Recipient

SOURCE = (
    "subject",
    "preview_text",
    "from_name",
    "from_address",
    "reply_to",
    "html",
    "plain_text",
)
#: Stands in links of a preview: it belongs to no send.
PREVIEW_TOKEN = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that has to be mended before an email can go out; `field` is one of the form."""

    field: str
    message: str


class NotPublishable(ValidationError):
    """The email has problems: all of them, by field."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        messages: dict[str, list[str]] = {}
        for problem in problems:
            messages.setdefault(problem.field, []).append(problem.message)
        super().__init__(messages)


def source_of(email: Email) -> dict[str, str]:
    """The fields of an email that decide what goes out."""
    return {name: getattr(email, name) for name in SOURCE}


def mistakes(email: Email) -> list[Problem]:
    """What is wrong with what is there: tokens and addresses. Drafts are checked for this too."""
    source = source_of(email)
    found = [
        Problem(field=part, message=str(error))
        for part, error in rendering.mistakes(source).items()
    ]
    return found + [
        Problem(field=name, message=message)
        for name in ("from_address", "reply_to")
        if (message := _wrong_address(source[name]))
    ]


def problems(email: Email) -> list[Problem]:
    """Everything that keeps an email from being published."""
    found = mistakes(email)
    if not email.subject.strip():
        found.append(Problem(field="subject", message="An email needs a subject."))
    if not email.html.strip() and not email.plain_text.strip():
        found.append(Problem(field="html", message="An email needs a text."))
    message = _wrong_address(sending.sender(email.from_address))
    if not email.from_address and message:
        found.append(Problem(field="from_address", message=message))
    return found


@transaction.atomic
def publish(email: Email) -> EmailRevision:
    """Save the email and make its current text the one that goes out; raises NotPublishable.

    An unchanged text keeps its revision.
    """
    found = problems(email)
    if found:
        raise NotPublishable(found)
    source = source_of(email)
    save(email)
    last = EmailRevision.objects.filter(email=email).order_by("-number").first()
    if last is None or last.source != source:
        last = EmailRevision.objects.create(
            email=email,
            number=last.number + 1 if last else 1,
            source=source,
            content=rendering.compile_content(source).to_json(),
            created_at=clock.now(),
        )
    email.revision = last
    email.state = Email.State.PUBLISHED
    email.save(update_fields=["revision", "state"])
    return last


def save(email: Email) -> None:
    """Save the draft; what goes out stays the text that was published last."""
    email.updated_at = clock.now()
    if email.created_at is None:
        email.created_at = email.updated_at
    email.save()


def preview(source: Mapping[str, str], record_id: int | None = None) -> Rendered:
    """An email as a contact would get it, without one with every default.

    Raises TemplateError or RenderError.
    """
    content = rendering.compile_content(source)
    recipient = Recipient(record_id=record_id or 0, token=PREVIEW_TOKEN)
    (values,) = rendering.values_for([recipient], content.names())
    return rendering.render(content, values)


def _wrong_address(value: str) -> str:
    if not value:
        return ""
    try:
        headers.address(value)
    except headers.InvalidAddress as error:
        return str(error)
    return ""
