"""What tools ask first: whose account this is, and what their token may do."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from crm import clock, timezones
from crm.api import tokens
from crm.api.describing import describe
from crm.api.endpoint import Endpoint
from crm.api.errors import NotFound
from crm.api.rules import OPEN
from crm.api.shapes import account as shapes

#: One installation serves one account.
PORTAL_ID = 1


class Details(Endpoint):
    rule = OPEN

    @describe("Read the account", answer=shapes.Account)
    def get(self, request: Request) -> Response:
        zone = timezones.account_zone()
        offset = clock.now().astimezone(zone).utcoffset()
        assert offset is not None
        minutes = int(offset.total_seconds()) // 60
        sign = "-" if minutes < 0 else "+"
        return Response(
            {
                "portalId": PORTAL_ID,
                "accountType": "STANDARD",
                "timeZone": zone.key,
                "companyCurrency": "USD",
                "additionalCurrencies": [],
                "utcOffset": f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
                "utcOffsetMilliseconds": minutes * 60_000,
                "uiDomain": settings.SITE_URL.partition("://")[2],
                "dataHostingLocation": "self",
            }
        )


class TokenInfo(Endpoint):
    rule = OPEN

    @describe("Read what this token may do", body=shapes.TokenKey, answer=shapes.TokenDetails)
    def post(self, request: Request) -> Response:
        found = tokens.find(self.body().text("tokenKey"))
        # Of other tokens nothing is told, not even that they are there.
        if found != self.token:
            raise NotFound
        return Response(
            {
                "userId": self.token.user_id,
                "hubId": PORTAL_ID,
                "appId": self.token.pk,
                "scopes": self.token.scopes,
            }
        )
