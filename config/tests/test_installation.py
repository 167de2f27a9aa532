from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.staticfiles import finders
from django.db import connections

from config import installation
from config.heartbeat import Heartbeat
from config.management.commands import up
from crm import clock
from crm.models import Record


@pytest.mark.django_db
def test_the_administrator_is_made_once_and_may_do_everything() -> None:
    password = installation.make_administrator()
    assert len(password) >= 16
    user = authenticate(username="admin", password=password)
    assert user is not None
    assert user.is_superuser
    assert installation.make_administrator() == ""


@pytest.mark.django_db
def test_nobody_is_made_where_there_is_a_user() -> None:
    get_user_model().objects.create_user("me")
    assert installation.make_administrator() == ""
    assert list(get_user_model().objects.values_list("username", flat=True)) == ["me"]


@pytest.fixture
def demos(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that would have been called."""
    called: list[str] = []
    monkeypatch.setattr(installation, "call_command", called.append)
    return called


@pytest.mark.django_db
def test_the_demo_fills_an_empty_installation(demos: list[str]) -> None:
    assert installation.load_demo()
    assert demos == ["demo"]


@pytest.mark.django_db
def test_the_demo_stays_away_from_records(demos: list[str]) -> None:
    Record.objects.create(
        object_type="0-1", properties={}, created_at=clock.now(), updated_at=clock.now()
    )
    assert not installation.load_demo()
    assert demos == []


@pytest.mark.django_db
def test_the_demo_can_be_refused(demos: list[str], settings: Any) -> None:
    settings.DEMO = False
    assert not installation.load_demo()
    assert demos == []


@pytest.mark.django_db(transaction=True)
def test_a_first_start_holds_the_other_hosts_back_until_it_is_done() -> None:
    other = connections.create_connection("default")
    ask = "SELECT pg_try_advisory_lock(hashtextextended('cohort.up', 0))"
    try:
        with other.cursor() as cursor:
            with installation.one_at_a_time():
                cursor.execute(ask)
                assert cursor.fetchone() == (False,)
            cursor.execute(ask)
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


@pytest.fixture
def statics(tmp_path: Path, settings: Any) -> Path:
    """A folder with the one static file there is; another takes what is collected."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "page.css").write_text("one")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [folder]
    settings.STATIC_ROOT = tmp_path / "collected"
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    return folder


@pytest.fixture(autouse=True)
def finders_as_before() -> Any:
    yield
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]


def test_static_files_are_collected_when_one_changed(statics: Path, settings: Any) -> None:
    collected = settings.STATIC_ROOT / "page.css"
    assert installation.collect_static()
    assert collected.read_text() == "one"
    assert not installation.collect_static()
    (statics / "page.css").write_text("another")
    assert installation.collect_static()
    assert collected.read_text() == "another"


def test_static_files_that_are_gone_are_not_served_any_more(statics: Path, settings: Any) -> None:
    (statics / "old.css").write_text("old")
    installation.collect_static()
    (statics / "old.css").unlink()
    installation.collect_static()
    assert not (settings.STATIC_ROOT / "old.css").exists()


def test_static_files_are_collected_for_another_version(statics: Path, settings: Any) -> None:
    installation.collect_static()
    settings.VERSION = "99"
    assert installation.collect_static()


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("no.such.host.invalid", "BIND='no.such.host.invalid': there is no such address."),
        ("192.0.2.1", "Cannot listen on 192.0.2.1:8000: Cannot assign requested address."),
    ],
)
def test_an_address_nobody_can_listen_on(host: str, message: str) -> None:
    with pytest.raises(SystemExit) as stop:
        up.check_port("PORT", host, 8000)
    assert stop.value.code == message


def test_a_port_in_use_and_a_free_one() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as stop:
            up.check_port("PORT", "127.0.0.1", port)
    assert stop.value.code == (
        f"Port {port} is in use. Choose another one: PORT={port + 1} make run"
    )
    up.check_port("PORT", "127.0.0.1", port)


@pytest.mark.django_db
def test_the_mailbox_runs_only_where_mail_has_nowhere_else_to_go(settings: Any) -> None:
    names = [program.name for program in up.programs(Heartbeat())]
    assert names == ["mailbox", "workers", "ticker", "web"]
    settings.EMAIL_TRANSPORT = settings.EMAIL_TRANSPORT.__class__(host="mail.example", port=25)
    names = [program.name for program in up.programs(Heartbeat())]
    assert names == ["workers", "ticker", "web"]
