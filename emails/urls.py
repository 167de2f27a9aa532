from __future__ import annotations

from django.urls import path, re_path

from emails import mailbox_pages, unsubscribe_pages

app_name = "emails"
urlpatterns = [
    re_path(r"^u/(?P<token>[^/]{1,100})/?$", unsubscribe_pages.unsubscribe, name="unsubscribe"),
    path("mailbox/", mailbox_pages.index, name="mailbox"),
    path("mailbox/<str:name>/", mailbox_pages.mail, name="mail"),
]
