"""The installation's own secret key, and how mail leaves the house."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote

from django.core.exceptions import ImproperlyConfigured

from config import env

#: Where `manage.py up` runs the local mailbox; MAILBOX_PORT changes it.
MAILBOX_HOST = "127.0.0.1"
LEAST_KEY_LENGTH = 50


def secret_key(folder: Path) -> str:
    """SECRET_KEY from the environment, else one made once and kept in `folder`."""
    given = env.env_secret("SECRET_KEY")
    if given and len(given) < LEAST_KEY_LENGTH:
        raise ImproperlyConfigured(f"SECRET_KEY: use at least {LEAST_KEY_LENGTH} characters.")
    if given:
        return given
    path = folder / "secret_key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # O_EXCL: of two processes that start at once, one writes and the other reads.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise SystemExit(
            f"Cannot write {path}: {error.strerror}. Set COHORT_DATA_DIR to a folder you may write."
        ) from None
    key = secrets.token_urlsafe(64)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key


@dataclass(frozen=True, kw_only=True)
class EmailTransport:
    """An SMTP server: where it is, how to log in, how the line is protected."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    security: str = "none"  # none, starttls or tls
    is_local_mailbox: bool = False


def email_transport() -> EmailTransport:
    """EMAIL_URL, e.g. smtp+starttls://user:secret@mail.example.com:587; else the local mailbox."""
    url = env.env_url("EMAIL_URL", {"smtp", "smtps", "smtp+starttls"})
    if url is None:
        port = env.env_int("MAILBOX_PORT", 2525, least=1, most=65535)
        return EmailTransport(host=MAILBOX_HOST, port=port, is_local_mailbox=True)
    security = {"smtp": "none", "smtps": "tls", "smtp+starttls": "starttls"}[url.scheme]
    if parse_qs(url.query).get("tls") == ["yes"]:
        security = "starttls"
    return EmailTransport(
        host=url.hostname or "",
        port=url.port or {"none": 25, "tls": 465, "starttls": 587}[security],
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        security=security,
    )
