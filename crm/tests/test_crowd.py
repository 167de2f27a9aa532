"""Generated records: as many as asked for, whole, and always the same."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from crm.demo import crowd
from crm.models import Association, Event, PropertyHistory, Record, UniqueValue

pytestmark = pytest.mark.django_db


def written(first: int = 0) -> list[dict[str, object]]:
    assert list(crowd.contacts(20, first=first)) == [20]
    return list(
        Record.objects.filter(object_type="0-1").order_by("pk").values_list("properties", flat=True)
    )


def test_contacts_are_whole_and_differ() -> None:
    people = written()
    assert len(people) == 20
    assert {person["email"] for person in people} == {
        f"person{n}@firm{n}.example" for n in range(20)
    }
    assert len({person["lastname"] for person in people}) > 10
    assert UniqueValue.objects.filter(property_name="email").count() == 20
    assert PropertyHistory.objects.count() == sum(map(len, people))


def test_the_same_number_is_the_same_contact() -> None:
    first = written()
    Record.objects.all().delete()
    UniqueValue.objects.all().delete()
    assert written() == first


def test_pieces_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PIECE", 8)
    assert list(crowd.companies(20)) == [8, 16, 20]
    assert list(crowd.contacts(10)) == [8, 10]
    assert list(crowd.employments(15)) == [8, 15]
    assert list(crowd.visits(20)) == [8, 16, 20]
    assert Record.objects.count() == 30
    plain = Association.objects.filter(type__type_id=crowd.CONTACT_TO_COMPANY)
    assert plain.values("from_record").distinct().count() == 10
    primary = Association.objects.filter(type__type_id=1)
    assert primary.count() == 10
    assert Event.objects.filter(type="page.visited").count() == 20


def test_an_account_in_use_is_left_alone() -> None:
    written()
    with pytest.raises(CommandError, match="There are records already"):
        call_command("generate", contacts=1)
    with pytest.raises(CommandError, match="between 0 and"):
        call_command("generate", contacts=-1)
