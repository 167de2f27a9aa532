"""What `manage.py up` sees to before anything runs: tables, static files, first contents."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.db import connection

from crm.models import Record

ADMINISTRATOR = "admin"


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the other hosts on this database back while the block runs."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('cohort.up', 0))")
        cursor.execute("RESET lock_timeout")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('cohort.up', 0))")


def collect_static() -> bool:
    """Bring the static files to where the web server serves them from; returns whether it had to."""
    fingerprint = static_fingerprint()
    stamp = Path(settings.STATIC_ROOT) / ".fingerprint"
    if stamp.exists() and stamp.read_text() == fingerprint:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(fingerprint)
    return True


def static_fingerprint() -> str:
    """Changes with any static file, and with the version of the product."""
    digest = hashlib.sha256(settings.VERSION.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def load_demo() -> bool:
    """Fill an installation that has no records yet with the demo; returns whether it did."""
    if not settings.DEMO or "demo" not in get_commands() or Record.objects.exists():
        return False
    call_command("demo")
    return True


def make_administrator() -> str:
    """Make the first user, of all rights; returns the password, or "" if there are users already.

    The password is kept nowhere.
    """
    users = get_user_model().objects
    with one_at_a_time():
        if users.exists():
            return ""
        password = secrets.token_urlsafe(12)
        users.create_superuser(username=ADMINISTRATOR, password=password)
        return password
