"""Looking at pages of the admin as a browser would, for tests."""

from __future__ import annotations

import html
import re
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def text_of(response: Any) -> str:
    """What a page says, in one line and without its markup."""
    page = response.content.decode()
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def main_text(response: Any) -> str:
    """What stands on the page beside the menu."""
    page = response.content.decode()
    _, _, main = page.partition('<div id="main"')
    return text_of(type("Page", (), {"content": f"<div {main}".encode()})())


def queries_of(client: Client, url: str) -> list[str]:
    """The queries of a page that is there."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200, response.status_code
    return [query["sql"] for query in captured.captured_queries]


def viewer(*permissions: str) -> Client:
    """A member of staff with these permissions: "view_contact" ..."""
    user = User.objects.create_user("viewer", "viewer@example.com", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client
