"""Websites that may report, and what they include to do so."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(?::[0-9]{1,5})?",
    re.ASCII,
)
USUAL_PORTS = {"http": ":80", "https": ":443"}


def clean_host(text: str) -> str:
    """The host, with its port unless that is the usual one, of an address or a bare host.

    Raises ValidationError.
    """
    given = text.strip().lower()
    scheme, separator, _ = given.partition("://")
    host = urlsplit(given).netloc if separator else re.split("[/?#]", given)[0]
    host = host.removesuffix(USUAL_PORTS.get(scheme, ":443"))
    try:
        name, colon, port = host.partition(":")
        host = name.encode("idna").decode("ascii") + colon + port
    except UnicodeError:
        host = ""
    if not HOST.fullmatch(host) or len(host) > 255:
        raise ValidationError("Write the name of a host, such as www.example.com.")
    return host


def snippet() -> str:
    """What a website puts into the head of its pages."""
    return f'<script async src="{settings.SITE_URL}/tracking/cohort.js"></script>'
