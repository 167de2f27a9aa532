"""Every URL prefix of the product; the only file that knows them all."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from crm.api.routing import fallback

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    # Unsubscribe links of emails, and the local mailbox.
    path("", include("emails.urls")),
    # The script of tracked websites, and where it reports to.
    path("", include("crm.tracking.urls")),
    path("", include("crm.api.urls")),
    # A fixed address: asking for the admin's would need the static manifest while URLs load.
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url="/static/cohort/mark.svg")),
    # Behind all others: what is left of the API's addresses.
    fallback,
]

handler400 = "crm.api.outside.bad_request"
handler403 = "crm.api.outside.permission_denied"
handler404 = "crm.api.outside.page_not_found"
handler500 = "crm.api.outside.server_error"
