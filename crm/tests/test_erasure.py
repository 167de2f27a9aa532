"""People who are to be forgotten: nothing about them is left, and no import brings them back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection

from conftest import SameQueriesFor
from crm import associations, changes, clock, erasure
from crm.changes import Source, SourceKind
from crm.lists import membership
from crm.merging import merge, resolve
from crm.models import (
    Collected,
    ErasedAddress,
    Erasure,
    List,
    Record,
    Visitor,
    VisitorEvent,
)
from crm.sql import SQL, execute, rows, sql, value
from crm.tests.importing import imported, numbers, records, rejects
from crm.tests.writing import SYSTEM, contacts, people, select, take_changes

pytestmark = pytest.mark.django_db

#: Stands in everything that is known about the person.
MARK = "xyzzy"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def tables_with(text: str) -> list[str]:
    """The tables in whose rows a text stands, in any column."""
    found = []
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{text}%"]
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def relate(first: int, second: int) -> None:
    one, other = Record.objects.get(pk=first), Record.objects.get(pk=second)
    kind = associations.between(one.object_type, other.object_type)
    associations.associate(kind, associations.pairs([(first, second)]))


def test_nothing_is_left_of_a_person() -> None:
    ana, other = contacts(
        {"email": f"{MARK}@example.com", "firstname": MARK, "message": f"I am {MARK}"}, {}
    )
    changes.update("0-1", {ana: {"email": f"new.{MARK}@example.com", "city": MARK}}, SYSTEM)
    (double,) = contacts({"email": f"double.{MARK}@example.com", "lastname": MARK})
    merge("0-1", ana, double, SYSTEM)
    note, shared = changes.create(
        "0-46", [{"hs_note_body": f"Call {MARK}"}, {"hs_note_body": "Both came"}], SYSTEM
    )
    (company,) = changes.create("0-2", [{"name": "Acme"}], SYSTEM)
    for pair in ((note, ana), (shared, ana), (shared, other), (ana, company)):
        relate(*pair)
    visitor = Visitor.objects.create(
        token=uuid4(), contact_id=ana, first_seen_at=NOW, last_seen_at=NOW
    )
    VisitorEvent.objects.create(
        visitor=visitor, type="page.viewed", properties={"title": MARK}, source_id="", at=NOW
    )
    Collected.objects.create(visitor=visitor.token, item={"email": MARK}, at=NOW)
    target = List.objects.create(name="Guests", object_type="0-1", created_at=NOW)
    membership.add(target, select([ana, other]))
    take_changes()

    user = User.objects.create(username="ines")
    with clock.at(NOW):
        source = Source(kind=SourceKind.CRM_UI, user_id=user.pk)
        assert erasure.erase("0-1", [ana], source) == 2

    assert tables_with(MARK) == []
    assert set(Record.objects.values_list("pk", flat=True)) == {other, shared, company}
    assert list(target.memberships.values_list("record_id", flat=True)) == [other]
    assert resolve([double]) == {double: ana}
    proofs = Erasure.objects.order_by("record_id").values_list("record_id", "user_id", "at")
    assert list(proofs) == [(ana, user.pk, NOW), (double, user.pk, NOW)]
    assert ErasedAddress.objects.count() == 3
    told = [row for row in take_changes() if "association.changed" in row["event_types"]]
    assert {key for row in told for key in row["record_ids"]} == {shared, company}


def test_every_table_that_names_records_is_looked_after() -> None:
    """A new table with a record_id has to be in a holding, in crm.erasure, or here with a reason."""
    named = {
        model._meta.db_table
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.column == "record_id" or field.related_model is Record
    }
    known = {table for table, _ in erasure._TABLES} | {
        "crm_association",
        "crm_visitor",
        # Only ids, so that old links still lead somewhere; and the proof itself.
        "crm_mergedrecord",
        # Ids that an export waits to write; it passes over those that are gone.
        "crm_exportrow",
        "crm_erasure",
        # Figures stay, without words (workflows.holdings, emails.holdings).
        "workflows_enrollment",
        "workflows_action_run",
        "workflows_match",
        "emails_send",
    }
    assert named - known == set()


def test_an_archived_record_can_be_erased_and_an_unknown_one_is_left_out() -> None:
    (ana,) = people(1)
    changes.archive("0-1", select([ana]), SYSTEM)
    assert erasure.having("P0@example.com") == [ana]
    assert erasure.erase("0-1", [ana, 2**40], SYSTEM) == 1
    assert erasure.erase("0-1", [ana], SYSTEM) == 0
    assert erasure.having("p0@example.com") == []


def test_only_records_of_the_type_are_erased() -> None:
    (company,) = changes.create("0-2", [{}], SYSTEM)
    assert erasure.erase("0-1", [company], SYSTEM) == 0
    assert Record.objects.filter(pk=company).exists()


def test_having_takes_no_wildcards_and_no_parts() -> None:
    people(1)
    assert erasure.having("%@example.com") == []
    assert erasure.having("0@example.com") == []


def test_no_import_brings_an_address_back() -> None:
    ana, _ = people(2)
    erasure.erase("0-1", [ana], SYSTEM)
    job = imported("email,city\nP0@example.com,Oslo\np1@example.com,Oslo\np2@example.com,Oslo\n")
    assert numbers(job) == (3, 1, 1, 1)
    assert rejects(job) == [(2, "the owner of this address was erased on request")]
    assert {row["email"] for row in records()} == {"p1@example.com", "p2@example.com"}
    # By hand it can come back, as when the person writes again; then imports find the contact.
    contacts({"email": "p0@example.com"})
    assert numbers(imported("email,city\np0@example.com,Rome\n")) == (1, 0, 1, 0)


def test_rows_with_two_addresses_of_one_contact_do_not_write_it_twice() -> None:
    first, second = people(2)
    merge("0-1", first, second, SYSTEM)
    job = imported("email,city\np1@example.com,Oslo\np0@example.com,Rome\n")
    assert numbers(job) == (2, 0, 1, 1)
    assert rejects(job) == [(3, "an earlier row is about the same record")]
    found = Record.objects.get(pk=first).properties
    assert (found["email"], found["city"]) == ("p0@example.com", "Oslo")


def test_digests_tell_nothing_without_the_key_of_the_installation() -> None:
    erasure.block(["a@example.com"])
    [(kept,)] = rows(SQL("SELECT digest FROM crm_erasedaddress"))
    plain = value(SQL("SELECT encode(sha256('a@example.com'), 'hex')"))
    assert kept.startswith(erasure.PREFIX)
    assert plain not in kept
    assert value(sql("SELECT {yes}", yes=erasure.is_blocked(SQL("' A@Example.com '"))))
    assert not value(sql("SELECT {yes}", yes=erasure.is_blocked(SQL("'b@example.com'"))))


def test_erasing_many_costs_the_same_queries(same_queries_for: SameQueriesFor) -> None:
    start = iter(range(0, 100_000, 10_000))

    def make(size: int) -> list[int]:
        made = people(size, next(start))
        execute(SQL("ANALYZE"))
        return made

    same_queries_for(make, lambda ids: erasure.erase("0-1", ids, SYSTEM))
