"""The queue through which doorbells reach the workers: a table, or Redis where REDIS_URL is set."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import env


def broker() -> dict[str, Any]:
    """The part of Q_CLUSTER that says where the queue is."""
    url = env.env_url("REDIS_URL", {"redis", "rediss", "unix"}, local={"unix"})
    if url is None:
        return {"orm": "default"}
    number = url.path.strip("/")
    if url.scheme != "unix" and number and not number.isdecimal():
        # The client would take database 0 in silence.
        raise ImproperlyConfigured("REDIS_URL: after the / stands the number of a database.")
    return {"redis": env.env_text("REDIS_URL")}
