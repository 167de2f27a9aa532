from __future__ import annotations

from typing import Any

import pytest

from conftest import SameQueriesFor
from crm import calculating, changes, properties, property_editing
from crm.models import Property, PropertyGroup, Record, UniqueValue
from crm.property_editing import InvalidDefinition
from crm.tests.writing import SYSTEM, contacts, people, select, unique_values

pytestmark = pytest.mark.django_db


def definition(name: str = "member_number", **more: Any) -> Property:
    """A text property of contacts, not saved."""
    group = PropertyGroup.objects.get(object_type="0-1", name="contactinformation")
    given = {"label": "Member number", "type": "string", "field_type": "text", "group": group}
    return Property(object_type="0-1", name=name, **(given | more))


def choice(*values: str, **more: Any) -> Property:
    options = [{"value": value, "label": value.upper()} for value in values]
    return definition(**({"type": "enumeration", "field_type": "select"} | more), options=options)


def test_a_new_property_can_be_written() -> None:
    property_editing.create([definition(), definition("other")])
    (record,) = contacts({"email": "a@example.com", "member_number": "7"})
    assert Record.objects.get(pk=record).properties["member_number"] == "7"


@pytest.mark.parametrize(
    ("given", "attribute", "message"),
    [
        ({"name": "Member"}, "name", "Use lower-case letters"),
        ({"name": "1st"}, "name", "Use lower-case letters"),
        ({"name": "x" * 101}, "name", "Use lower-case letters"),
        ({"name": "größe"}, "name", "Use lower-case letters"),
        ({"name": "hs_mine"}, "name", "are reserved"),
        ({"label": " "}, "label", "1 to 200 characters"),
        ({"type": "money"}, "type", "'money' cannot be edited as 'text'"),
        ({"field_type": "select"}, "type", "'string' cannot be edited as 'select'"),
        ({"options": [{"value": "a", "label": "A"}]}, "options", "Only choices have options"),
        ({"type": "bool", "field_type": "booleancheckbox", "is_unique": True}, "is_unique", "Only"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], attribute: str, message: str) -> None:
    with pytest.raises(InvalidDefinition) as raised:
        property_editing.create([definition("fine"), definition(**given)])
    assert list(raised.value.errors) == [attribute]
    assert message in raised.value.errors[attribute]
    assert not Property.objects.filter(is_standard=False).exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [((), "needs at least one option"), (("a", "a"), "the same internal"), (("a;b",), "semicolon")],
)
def test_options_that_cannot_be(values: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidDefinition, match=message):
        property_editing.create([choice(*values)])


def test_everything_wrong_is_said_at_once() -> None:
    wrong = definition(
        "Bad", label="", group=PropertyGroup.objects.filter(object_type="0-2")[0], type="date",
        is_unique=True,
    )  # fmt: skip
    assert set(property_editing.problems(wrong)) == {"name", "label", "group", "type", "is_unique"}


def test_a_name_is_taken_by_standard_and_archived_properties_too() -> None:
    (made,) = property_editing.create([definition()])
    property_editing.archive([made])
    for name in ("member_number", "email"):
        with pytest.raises(InvalidDefinition, match="exists, maybe archived"):
            property_editing.create([definition(name)])


def test_labels_and_options_change_but_not_what_values_depend_on() -> None:
    (made,) = property_editing.create([choice("a", "b")])
    made.label, made.field_type = "Letters", "radio"
    made.options = [{"value": "b", "label": "Bee"}]
    property_editing.change(made)
    loaded = properties.load("0-1")["member_number"]
    assert (loaded.label, loaded.field_type) == ("Letters", "radio")
    assert [option.label for option in loaded.options] == ["Bee"]
    made.field_type = "checkbox"
    with pytest.raises(InvalidDefinition, match="stored as enumeration"):
        property_editing.change(made)
    made.type, made.field_type, made.options = "string", "text", []
    with pytest.raises(InvalidDefinition, match="stored as enumeration"):
        property_editing.change(made)
    assert properties.load("0-1")["member_number"].field_type == "radio"


def test_owners_and_stages_need_no_options_of_their_own() -> None:
    for object_type, name in (("0-1", "hubspot_owner_id"), ("0-3", "dealstage")):
        item = Property.objects.get(object_type=object_type, name=name)
        item.label = "Renamed"
        property_editing.change(item)
        assert properties.load(object_type)[name].label == "Renamed"


def test_archiving_keeps_the_values_and_restoring_shows_them_again() -> None:
    (made,) = property_editing.create([definition()])
    (record,) = contacts({"email": "a@example.com", "member_number": "7"})
    property_editing.archive([made])
    assert "member_number" not in properties.load("0-1")
    assert Record.objects.get(pk=record).properties["member_number"] == "7"
    property_editing.restore(made)
    assert "member_number" in properties.load("0-1")


def test_standard_properties_are_not_archived() -> None:
    with pytest.raises(InvalidDefinition, match="cannot be archived: city"):
        property_editing.archive([Property.objects.get(object_type="0-1", name="city")])
    assert "city" in properties.load("0-1")


def test_restoring_a_unique_property_looks_at_all_records() -> None:
    (made,) = property_editing.create([definition(is_unique=True)])
    first, second = people(2)
    changes.update("0-1", {first: {"member_number": "A1"}}, SYSTEM)
    with pytest.raises(changes.DuplicateValue):
        changes.update("0-1", {second: {"member_number": "a1"}}, SYSTEM)
    property_editing.archive([made])
    assert "a1" not in unique_values()
    property_editing.restore(made)
    assert unique_values()["a1"] == first
    property_editing.archive([made])
    # What another property of that name left behind.
    Record.objects.filter(pk=second).update(properties={"member_number": "a1"})
    with pytest.raises(InvalidDefinition) as raised:
        property_editing.restore(made)
    assert raised.value.errors == {"is_unique": "Records share values, or they are too long: 'a1'."}
    made.refresh_from_db()
    assert made.archived_at is not None


def test_a_new_unique_property_claims_values_of_former_times() -> None:
    first, second, third = people(3)
    for record, value in ((first, "A"), (second, "B"), (third, "B")):
        Record.objects.filter(pk=record).update(properties={"member_number": value})
    with pytest.raises(InvalidDefinition, match="'b'"):
        property_editing.create([definition(is_unique=True)])
    assert not Property.objects.filter(name="member_number").exists()
    changes.archive("0-1", select([third]), SYSTEM)
    property_editing.create([definition(is_unique=True)])
    claimed = UniqueValue.objects.filter(property_name="member_number")
    assert dict(claimed.values_list("value", "record_id")) == {"a": first, "b": second}


def test_claiming_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    def make(size: int) -> Property:
        records = people(size, start=size)
        for record in Record.objects.filter(pk__in=records):
            record.properties = {f"number_{size}": str(record.pk)}
            record.save()
        return definition(f"number_{size}", is_unique=True)

    same_queries_for(make, lambda item: property_editing.create([item]), sizes=(5, 50))


def formula(text: str, **more: Any) -> Property:
    return definition("score_share", type="number", field_type="calculation_equation",
                      formula=text, **more)  # fmt: skip


def test_a_calculated_number_is_read_only_and_worked_out_for_all() -> None:
    (record,) = contacts({"email": "a@example.com", "hubspotscore": 40})
    (made,) = property_editing.create([formula("hubspotscore / 100")])
    assert made.is_read_only
    assert calculating.go_on()
    assert Record.objects.get(pk=record).properties["score_share"] == 0.4
    made.formula = "hubspotscore / 10"
    property_editing.change(made)
    while calculating.go_on():
        pass
    assert Record.objects.get(pk=record).properties["score_share"] == 4
    assert made.updated_at >= made.created_at


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "hubspotscore /"}, "The formula lacks a number"),
        ({"text": ""}, "The formula is empty"),
        ({"text": "score_share + 1"}, "names score_share, which is no property"),
        ({"text": "1", "is_unique": True}, "cannot be unique"),
    ],
)
def test_a_wrong_formula_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        property_editing.create([formula(**given)])
    assert message in caught.value.errors["formula"]


def test_only_calculated_numbers_have_a_formula() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        property_editing.create([definition(formula="1 + 1")])
    assert caught.value.errors["formula"] == "Only calculated numbers have a formula."


def test_a_formula_cannot_come_to_follow_from_itself() -> None:
    (first,) = property_editing.create([formula("hubspotscore")])
    second = formula("score_share * 2")
    second.name = "second"
    property_editing.create([second])
    first.formula = "second + 1"
    with pytest.raises(InvalidDefinition) as caught:
        property_editing.change(first)
    assert caught.value.errors["formula"] == "The formula follows from itself."
