"""Which PostgreSQL: the one DATABASE_URL names, else the embedded one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured

from config import env, postgres

BASE_DIR = Path(__file__).resolve().parent.parent
#: Everything this installation writes lives here: the database, uploads, reject files, mails.
DATA_DIR = env.env_path("COHORT_DATA_DIR", BASE_DIR / "var")

URL_SCHEMES = {"postgres", "postgresql"}
#: A session that hangs must not hold others up.
SESSION_SETTINGS = {
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}
#: A host that vanished is noticed after a minute, not after two hours.
KEEPALIVES = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


def is_embedded() -> bool:
    return _url() is None


def embedded_home() -> Path:
    return DATA_DIR / "postgres"


def ensure_running() -> None:
    """Start the embedded server where it is the one in use.

    Exits the process with one clear line when it cannot.
    """
    if not is_embedded():
        return
    try:
        postgres.ensure_running(embedded_home())
    except postgres.PostgresError as error:
        raise SystemExit(str(error)) from None


def look_after() -> None:
    """Start the embedded server or its keeper again if they are gone; raises PostgresError."""
    postgres.ensure_running(embedded_home())


def release() -> None:
    """Give up this process's hold on the embedded server; waits until an unused one is down."""
    postgres.release(embedded_home())


def limit_statements(seconds: int) -> None:
    """What a statement of this process may take unless STATEMENT_TIMEOUT is set (0: as long as
    it wants, for commands); call it before the settings load.
    """
    os.environ.setdefault("STATEMENT_TIMEOUT", str(seconds))


def connection() -> dict[str, Any]:
    """Django's DATABASES["default"]."""
    timeout = env.env_int("STATEMENT_TIMEOUT", 0, most=86400)
    session = SESSION_SETTINGS | {"statement_timeout": f"{timeout}s"}
    options: dict[str, Any] = {
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
        "application_name": "cohort",
    }
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
    url = _url()
    if url is None:
        server = postgres.Embedded(embedded_home())
        return common | {
            "NAME": postgres.DATABASE,
            "USER": postgres.SUPERUSER,
            "HOST": str(server.socket_directory),
        }
    if not url.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL: names no database.")
    options.update(KEEPALIVES | dict(parse_qsl(url.query)))
    return common | {
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or options.pop("host", ""),
        "PORT": url.port or "",
    }


def _url() -> SplitResult | None:
    return env.env_url("DATABASE_URL", URL_SCHEMES, local=URL_SCHEMES)
