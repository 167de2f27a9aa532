"""Pages show times in the account's zone; everything else stays in UTC."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from crm import timezones


def in_account_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(timezones.account_zone()):
            return get_response(request)

    return middleware
