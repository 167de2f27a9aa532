from __future__ import annotations

import pytest

from crm import changes, clock, search
from crm.models import Property, PropertyGroup, SearchText
from crm.sql import rows
from crm.tests.writing import SYSTEM, contacts

pytestmark = pytest.mark.django_db

ANA = {"email": "ana@example.com", "firstname": "Ana", "lastname": "Lima", "city": "Lisboa"}
BEN = {"email": "ben@example.com", "firstname": "Ben", "phone": "+44 20 100%", "company": "A_B\\C"}


def found(words: str, object_type: str = "0-1") -> list[int]:
    return sorted(row[0] for row in rows(search.matching(object_type, words)))


def test_records_are_found_by_words_of_their_searchable_properties() -> None:
    ana, ben = contacts(ANA, BEN)
    assert found("ana") == [ana]
    assert found("LIMA example.com") == [ana]
    assert found("example") == [ana, ben]
    # A part of a word will do; the order does not matter.
    assert found("im na@ex") == [ana]
    # Not searchable.
    assert found("lisboa") == []
    assert found("ana ben") == []


@pytest.mark.parametrize("sign", ["%", "_", "\\"])
def test_signs_of_patterns_mean_themselves(sign: str) -> None:
    _, ben = contacts(ANA, BEN)
    assert found(sign) == [ben]


def test_no_words_find_everybody() -> None:
    everybody = contacts(ANA, BEN)
    assert found("  ") == everybody


def test_types_are_apart() -> None:
    contacts(ANA)
    (company,) = changes.create("0-2", [{"name": "Ana & Co", "domain": "ana.com"}], SYSTEM)
    assert found("ana", "0-2") == [company]


def test_the_text_follows_the_values() -> None:
    (ana,) = contacts(ANA)
    changes.update("0-1", {ana: {"lastname": "Souza"}}, SYSTEM)
    assert (found("lima"), found("souza")) == ([], [ana])
    changes.update("0-1", {ana: {"lastname": None, "firstname": None}}, SYSTEM)
    assert found("souza") == []
    assert SearchText.objects.get(pk=ana).text == "ana@example.com"


def test_custom_properties_can_be_searchable() -> None:
    group = PropertyGroup.objects.filter(object_type="0-1").first()
    assert group is not None
    Property.objects.create(
        object_type="0-1", name="nickname", label="Nickname", group=group, type="string",
        field_type="text", is_searchable=True, created_at=clock.now(),
    )  # fmt: skip
    ana, ben = contacts(ANA | {"nickname": "Anchovy"}, BEN)
    changes.update("0-1", {ben: {"nickname": "Benji"}}, SYSTEM)
    assert (found("anchovy"), found("benji")) == ([ana], [ben])


def test_records_without_searchable_values_are_not_found_by_words() -> None:
    contacts({"city": "Oslo"})
    assert found("oslo") == []
