"""The account, and what a token may do in it."""

from __future__ import annotations

from typing import TypedDict


class Account(TypedDict):
    portalId: int
    accountType: str
    timeZone: str
    companyCurrency: str
    additionalCurrencies: list[str]
    utcOffset: str
    utcOffsetMilliseconds: int
    uiDomain: str
    dataHostingLocation: str


class TokenKey(TypedDict):
    tokenKey: str


class TokenDetails(TypedDict):
    userId: int
    hubId: int
    appId: int
    scopes: list[str]
