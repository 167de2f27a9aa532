"""Which PostgreSQL: the one DATABASE_URL names, else the embedded one."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured

from config import env, postgres

BASE_DIR = Path(__file__).resolve().parent.parent
#: Everything this installation writes lives here: the database, uploads, reject files, mails.
DATA_DIR = env.env_path("COHORT_DATA_DIR", BASE_DIR / "var")

URL_SCHEMES = {"postgres", "postgresql"}
#: R-020: a session that hangs must not hold others up. The web keeps these; workers set their own.
SESSION_SETTINGS = {
    "statement_timeout": "120s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}


def is_embedded() -> bool:
    return env.env_url("DATABASE_URL", URL_SCHEMES) is None


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


def connection() -> dict[str, Any]:
    """Django's DATABASES["default"]."""
    options: dict[str, Any] = {
        "options": " ".join(f"-c {name}={value}" for name, value in SESSION_SETTINGS.items()),
        "application_name": "cohort",
    }
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
    url = env.env_url("DATABASE_URL", URL_SCHEMES)
    if url is None:
        server = postgres.Embedded(embedded_home())
        return common | {
            "NAME": postgres.DATABASE,
            "USER": postgres.SUPERUSER,
            "HOST": str(server.socket_directory),
        }
    if not url.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL: names no database.")
    options.update(parse_qsl(url.query))
    return common | {
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or options.pop("host", ""),
        "PORT": url.port or "",
    }
