"""The local mailbox in the browser, for staff."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from crm import timezones
from emails import mailbox

#: Opens links of a mail in a new tab: the frame it is shown in has no way out.
FRAME_HEAD = '<base target="_blank"><meta name="color-scheme" content="light">'
#: What can be shown of a mail.
TABS = {"html": "Email", "text": "Plain text", "headers": "Headers"}


@staff_member_required
@permission_required("workflows.view_outboxmessage", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The list of mails; POST empties the mailbox."""
    if request.method == "POST":
        mailbox.clear()
        return redirect("emails:mailbox")
    words = request.GET.get("q", "").strip()
    number = request.GET.get("page", "1")
    page = mailbox.page(int(number) if number.isdecimal() and int(number) else 1, words)
    context = {
        "title": "Mailbox",
        "subtitle": None,
        "page": page,
        "words": words,
        "server": settings.EMAIL_TRANSPORT,
        "zone": timezones.account_zone(),
    }
    return render(request, "emails/mailbox.html", admin.site.each_context(request) | context)


@staff_member_required
@permission_required("workflows.view_outboxmessage", raise_exception=True)
@require_GET
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: as it looks, as text, or its headers."""
    found = mailbox.read(name)
    if found is None:
        raise Http404("There is no such mail.")
    tab = request.GET.get("show", "html" if found.html else "text")
    tab = tab if tab in TABS else "html"
    context = {
        "title": found.summary.subject or "(no subject)",
        "subtitle": None,
        "mail": found,
        "tab": tab,
        "tabs": [
            {"label": label, "url": f"?show={key}", "active": key == tab}
            for key, label in TABS.items()
        ],
        "zone": timezones.account_zone(),
        "frame": FRAME_HEAD + found.html,
    }
    return render(request, "emails/mail.html", admin.site.each_context(request) | context)
