"""The home page: what there is, what works, what needs somebody, what happened last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from crm import access
from crm.admin import overview as crm
from crm.admin.urls import RecordLink, record_links
from emails import overview as emails
from workflows import overview as workflows
from workflows.admin import health

CONTACT = "0-1"
VIEW_WORKFLOWS, VIEW_EMAILS = "workflows.view_workflow", "emails.view_email"
MOST_LATEST = 10


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number on the home page, with the page that explains it."""

    label: str
    icon: str
    value: str
    url: str
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One line of what happened last."""

    at: datetime
    icon: str
    record: RecordLink | None
    text: str
    url: str


def context(request: HttpRequest) -> dict[str, Any]:
    """What the template of the home page is given, as far as the user may see it."""
    user: Any = request.user
    state = health.look()
    figures = [figure for permission, figure in _figures(user, state) if user.has_perm(permission)]
    return {
        "figures": [*figures, *_health_figures(state)],
        "health": state,
        "latest": _latest(user),
        "running": workflows.running(user, 6) if user.has_perm(VIEW_WORKFLOWS) else [],
        "is_empty": not crm.has_records(),
        "name": getattr(user, "first_name", "") or user.get_username(),
    }


def _figures(user: Any, state: health.Health) -> list[tuple[str, Figure]]:
    """Figures, each with the permission that it asks for."""
    contacts = Figure(
        label="Contacts",
        icon="person",
        value=crm.count_records(CONTACT, access.of(user)),
        url=reverse("admin:crm_contact_changelist"),
    )
    running = Figure(
        label="In workflows now",
        icon="account_tree",
        value=f"{workflows.count_active():,}",
        url=reverse("admin:workflows_workflow_changelist"),
    )
    sent = Figure(
        label="Emails sent in 7 days",
        icon="mail",
        value=f"{emails.sent_last_week():,}",
        url=reverse("admin:emails_email_changelist"),
    )
    return [("crm.view_contact", contacts), (VIEW_WORKFLOWS, running), (VIEW_EMAILS, sent)]


def _health_figures(state: health.Health) -> list[Figure]:
    late = state.lateness > health.LATE_AFTER
    return [
        Figure(
            label="Oldest due step waits",
            icon="schedule",
            value=health.in_words(state.lateness),
            url=reverse("admin:health"),
            tone="bad" if late else "",
        ),
        Figure(
            label="Problems",
            icon="report",
            value=str(len(state.problems)),
            url=reverse("admin:health"),
            tone="bad" if state.problems else "",
        ),
    ]


def _latest(user: Any) -> list[Happened]:
    """What happened last to records that the user sees, in what the user sees."""
    rights = access.of(user)
    enrollments = workflows.latest(user, MOST_LATEST) if user.has_perm(VIEW_WORKFLOWS) else []
    sends = emails.latest(user, MOST_LATEST) if user.has_perm(VIEW_EMAILS) else []
    ids = [row.record_id for row in enrollments] + [send.record_id for send in sends]
    links = record_links(ids, rights)
    found = [
        Happened(
            at=row.enrolled_at,
            icon="login",
            record=links[row.record_id],
            text=f"enrolled in {row.workflow}",
            url=reverse("admin:workflows_workflow_page", args=[row.workflow_id]),
        )
        for row in enrollments
        if rights.is_unlimited or links[row.record_id].url
    ]
    found += [
        Happened(
            at=send.sent_at or send.created_at,
            icon="mail",
            record=links[send.record_id],
            text=f"{send.email}: {send.get_result_display()}",
            url=reverse("admin:emails_email_change", args=[send.email_id]),
        )
        for send in sends
        if rights.is_unlimited or links[send.record_id].url
    ]
    found += [
        Happened(
            at=job.created_at,
            icon="upload",
            record=None,
            text=f"Import of {job.file_name}: {job.get_state_display()}",
            url=reverse("admin:crm_importjob_change", args=[job.pk]),
        )
        for job in crm.latest_imports(rights, MOST_LATEST)
        if user.has_perm("crm.view_importjob")
    ]
    return sorted(found, key=lambda item: item.at, reverse=True)[:MOST_LATEST]
