from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from crm import association_labels, associations
from crm.association_labels import InvalidLabel, LabelTaken
from crm.models import Association, AssociationType
from crm.objects import base as objects
from crm.tests.writing import people

pytestmark = pytest.mark.django_db

CONTACT, COMPANY = objects.get("contact"), objects.get("company")


def labels() -> list[tuple[int, str, str]]:
    found = AssociationType.objects.filter(category="USER_DEFINED").order_by("type_id")
    return list(found.values_list("type_id", "label", "from_object_type"))


def test_one_label_for_both_directions() -> None:
    there, back = association_labels.create(CONTACT, COMPANY, " Billing ", name="billing")
    assert labels() == [(1, "Billing", "0-1"), (2, "Billing", "0-2")]
    assert (there.inverse, back.inverse) == (back, there)


def test_a_pair_of_labels_is_renamed_one_by_one_or_together() -> None:
    there, _ = association_labels.create(
        CONTACT, CONTACT, "Boss", name="boss", inverse_label="Report"
    )
    association_labels.rename(there, "Chief")
    assert [label for _, label, _ in labels()] == ["Chief", "Report"]
    association_labels.rename(there, "Head", "Member")
    assert [label for _, label, _ in labels()] == ["Head", "Member"]


def test_among_equals_one_number_serves_both_ways() -> None:
    there, back = association_labels.create(CONTACT, CONTACT, "Friend", name="friend")
    assert there == back
    first, second = people(2)
    associations.associate(there, associations.pairs([(first, second)]))
    friends = Association.objects.filter(type=there).values_list("from_record", "to_record")
    assert sorted(friends) == [(first, second), (second, first)]
    # Being friends they are associated.
    assert Association.objects.filter(type__type_id=449).count() == 2


def test_removing_a_label_takes_it_from_all_records_but_leaves_them_associated() -> None:
    there, _ = association_labels.create(CONTACT, CONTACT, "Boss", name="boss", inverse_label="R")
    first, second = people(2)
    associations.associate(there, associations.pairs([(first, second)]))
    assert Association.objects.count() == 4
    association_labels.remove(there)
    assert labels() == []
    assert set(Association.objects.values_list("type__type_id", flat=True)) == {449}


@pytest.mark.parametrize(
    ("label", "name", "message"),
    [
        ("", "x", "1 to 200 characters"),
        ("x" * 201, "x", "1 to 200 characters"),
        ("Primary", "x", "a standard one"),
        ("Fine", "", "no name of a label"),
        ("Fine", "a b", "no name of a label"),
        ("Fine", "x" * 93, "no name of a label"),
    ],
)
def test_labels_that_cannot_be(label: str, name: str, message: str) -> None:
    with pytest.raises(InvalidLabel, match=message):
        association_labels.create(CONTACT, COMPANY, label, name=name)
    assert labels() == []


def test_labels_and_names_are_told_apart_within_a_pair_only() -> None:
    association_labels.create(CONTACT, COMPANY, "Billing", name="billing")
    with pytest.raises(LabelTaken):
        association_labels.create(CONTACT, COMPANY, "billing", name="other")
    with pytest.raises(LabelTaken):
        association_labels.create(CONTACT, COMPANY, "Other", name="billing")
    association_labels.create(CONTACT, objects.get("deal"), "Billing", name="billing")
    assert len(labels()) == 4


def test_only_custom_labels_are_found_and_in_their_direction() -> None:
    there, back = association_labels.create(CONTACT, COMPANY, "Billing", name="billing")
    assert association_labels.find(CONTACT, COMPANY, there.type_id) == there
    assert association_labels.find(CONTACT, COMPANY, back.type_id) is None
    assert association_labels.find(CONTACT, COMPANY, 279) is None


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_get_numbers_of_their_own() -> None:
    def write(turn: int) -> None:
        association_labels.create(CONTACT, COMPANY, f"Label {turn}", name=f"label_{turn}")
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    assert [number for number, _, _ in labels()] == list(range(1, 25))
