from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from pytest_django.fixtures import Settings

from config.secrets import EmailTransport
from crm import changes
from crm.changes import Source, SourceKind
from crm.sql import SQL, sql
from emails import publishing
from emails.models import Email
from emails.tests.sink import Sink
from emails.transports.connections import pool

CONTACT = "0-1"


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    """A mail server that runs, and that the settings point to."""
    server = Sink().start()
    settings.EMAIL_TRANSPORT = EmailTransport(host="127.0.0.1", port=server.port)
    yield server
    pool.close()
    server.end()


class MakeEmail(Protocol):
    def __call__(self, **fields: str) -> Email: ...


@pytest.fixture
def make_email(db: None) -> MakeEmail:
    """Makes a published email; fields may be given."""

    def make(**fields: str) -> Email:
        made = Email(
            **{
                "name": "Welcome",
                "subject": "Hello {{ contact.firstname | default: 'you' }}",
                "from_name": "Ada of Cohort",
                "from_address": "ada@cohort.example.com",
                "html": "<p>Dear {{ contact.firstname | default: 'friend' }}</p>",
            }
            | fields
        )
        publishing.publish(made)
        return made

    return make


class MakeContacts(Protocol):
    def __call__(self, *rows: dict[str, Any]) -> list[int]: ...


@pytest.fixture
def make_contacts(db: None) -> MakeContacts:
    def make(*rows: dict[str, Any]) -> list[int]:
        return changes.create(CONTACT, rows, Source(kind=SourceKind.SYSTEM))

    return make


@pytest.fixture
def asked() -> Callable[..., SQL]:
    """The SELECT of (record_id, key, lane) that asks for a send to records; keys are "round:id"."""

    def select(record_ids: list[int], round_: int = 1, lane: int = 1) -> SQL:
        return sql(
            "SELECT id AS record_id, {round}::text || ':' || id AS key, {lane}::smallint AS lane"
            " FROM unnest({ids}::bigint[]) AS id",
            round=round_,
            lane=lane,
            ids=record_ids,
        )

    return select
