"""A value in the environment is right, or it stops the start with its name in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import broker, database, env, secrets

ROOT = Path(__file__).resolve().parent.parent.parent


def run_manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("mysql://host/name", "DATABASE_URL: begin it with postgres:// or postgresql://."),
        ("host/name", "DATABASE_URL: begin it with postgres:// or postgresql://."),
        ("postgres://host", "DATABASE_URL: names no database."),
        ("postgres://host/", "DATABASE_URL: names no database."),
        (
            "postgres://host:99999/name",
            "DATABASE_URL: not a URL (Port out of range 0-65535).",
        ),
        (
            "postgres://host:five/name",
            "DATABASE_URL: not a URL (Port could not be cast to integer value as 'five').",
        ),
        ("postgres://[::1/name", "DATABASE_URL: not a URL (Invalid IPv6 URL)."),
    ],
)
def test_a_malformed_database_url(
    value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(ImproperlyConfigured) as error:
        database.connection()
    assert str(error.value) == message


def test_a_database_url_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", "postgres://me%40home:p%2Fw@db.example:6543/cohort?sslmode=require"
    )
    connection = database.connection()
    assert {name: connection[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "cohort",
        "USER": "me@home",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": 6543,
    }
    assert connection["OPTIONS"]["sslmode"] == "require"
    assert connection["OPTIONS"]["keepalives_idle"] == 30
    assert not database.is_embedded()


def test_a_database_url_may_name_a_local_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres:///cohort?host=/run/postgresql")
    assert database.connection()["HOST"] == "/run/postgresql"


def test_sessions_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATEMENT_TIMEOUT", "30")
    assert database.connection()["OPTIONS"]["options"] == (
        "-c lock_timeout=3s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
        " -c statement_timeout=30s"
    )


def test_a_limit_in_the_environment_stands_above_that_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATEMENT_TIMEOUT", "7")
    database.limit_statements(30)
    assert os.environ["STATEMENT_TIMEOUT"] == "7"
    monkeypatch.delenv("STATEMENT_TIMEOUT")
    database.limit_statements(30)
    assert os.environ["STATEMENT_TIMEOUT"] == "30"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("localhost:6379", "REDIS_URL: begin it with redis:// or rediss:// or unix://."),
        ("redis://", "REDIS_URL: names no host or a bad port."),
        ("redis://host:0", "REDIS_URL: names no host or a bad port."),
        ("redis://host/first", "REDIS_URL: after the / stands the number of a database."),
    ],
)
def test_a_malformed_redis_url(value: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    with pytest.raises(ImproperlyConfigured) as error:
        broker.broker()
    assert str(error.value) == message


@pytest.mark.parametrize("value", ["redis://host", "rediss://:pw@host:7/2", "unix:///run/redis"])
def test_a_redis_url_is_handed_on(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    assert broker.broker() == {"redis": value}


def test_without_redis_the_queue_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert broker.broker() == {"orm": "default"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("mail.example.com", "EMAIL_URL: begin it with smtp:// or smtp+starttls:// or smtps://."),
        ("http://host", "EMAIL_URL: begin it with smtp:// or smtp+starttls:// or smtps://."),
        ("smtp:///host", "EMAIL_URL: names no host or a bad port."),
        ("smtp://host:0", "EMAIL_URL: names no host or a bad port."),
    ],
)
def test_a_malformed_email_url(value: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_URL", value)
    with pytest.raises(ImproperlyConfigured) as error:
        secrets.email_transport()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("value", "port", "security"),
    [
        ("smtp://u:p%40w@host", 25, "none"),
        ("smtps://u:p%40w@host", 465, "tls"),
        ("smtp+starttls://u:p%40w@host", 587, "starttls"),
        ("smtp://u:p%40w@host:2500?tls=yes", 2500, "starttls"),
    ],
)
def test_an_email_url_is_taken_apart(
    value: str, port: int, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_URL", value)
    assert secrets.email_transport() == secrets.EmailTransport(
        host="host", port=port, username="u", password="p@w", security=security
    )


def test_without_an_email_url_mail_goes_to_the_local_mailbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("EMAIL_URL", raising=False)
    monkeypatch.setenv("MAILBOX_PORT", "2526")
    assert secrets.email_transport() == secrets.EmailTransport(
        host="127.0.0.1", port=2526, is_local_mailbox=True
    )


@pytest.mark.parametrize("value", ["", "x", "-1", "0", "65536", "8e3", "٣", "80.0"])
def test_a_number_is_checked(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", value)
    if not value:
        assert env.env_int("PORT", 8000, least=1, most=65535) == 8000
        return
    with pytest.raises(ImproperlyConfigured) as error:
        env.env_int("PORT", 8000, least=1, most=65535)
    assert str(error.value) == f"PORT={value!r}: write a number from 1 to 65535."


def test_yes_and_no_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, meaning in {"Yes": True, "1": True, "off": False, "": True}.items():
        monkeypatch.setenv("DEMO", value)
        assert env.env_bool("DEMO", default=True) is meaning
    monkeypatch.setenv("DEMO", "perhaps")
    with pytest.raises(ImproperlyConfigured, match=r"^DEMO='perhaps': write yes or no\.$"):
        env.env_bool("DEMO", default=True)


def test_a_choice_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "info")
    assert env.env_choice("LOG_LEVEL", ("INFO", "ERROR"), "ERROR") == "INFO"
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(
        ImproperlyConfigured, match=r"^LOG_LEVEL='LOUD': write one of INFO, ERROR\.$"
    ):
        env.env_choice("LOG_LEVEL", ("INFO", "ERROR"), "ERROR")


def test_a_list_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,")
    assert env.env_list("ALLOWED_HOSTS", []) == ["a.example", "b.example"]


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("x" * 60 + "\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(path))
    assert secrets.secret_key(tmp_path) == "x" * 60
    path.unlink()
    with pytest.raises(ImproperlyConfigured) as error:
        secrets.secret_key(tmp_path)
    assert str(error.value) == f"SECRET_KEY_FILE='{path}': No such file or directory."


def test_a_short_secret_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", "x" * 49)
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY: use at least 50 characters\.$"):
        secrets.secret_key(tmp_path)


def test_a_secret_key_is_made_once_and_readable_by_its_owner_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    key = secrets.secret_key(tmp_path / "new")
    assert len(key) >= 50
    assert secrets.secret_key(tmp_path / "new") == key
    assert (tmp_path / "new" / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"PORT": "eighty"}, "PORT='eighty': write a number from 1 to 65535.\n"),
        ({"DATABASE_URL": "x"}, "DATABASE_URL: begin it with postgres:// or postgresql://.\n"),
        ({"SITE_URL": "cohort.example"}, "SITE_URL: begin it with http:// or https://.\n"),
    ],
)
def test_the_command_line_says_it_in_one_line(
    environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    # The database is looked at first; one that is given is not started.
    elsewhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    done = run_manage("check", **elsewhere | {"COHORT_DATA_DIR": str(tmp_path)} | environment)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


def test_with_a_database_url_nothing_embedded_starts(tmp_path: Path) -> None:
    done = run_manage(
        "check",
        DATABASE_URL="postgres://nobody@127.0.0.1:1/none",
        COHORT_DATA_DIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_database_that_does_not_answer_is_named_in_one_line(tmp_path: Path) -> None:
    done = run_manage(
        "up",
        DATABASE_URL="postgres://nobody:secret@127.0.0.1:1/none",
        COHORT_DATA_DIR=str(tmp_path),
        PORT="18999",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL: no connection: ")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
