from __future__ import annotations

from typing import Any

import pytest

from crm import event_definitions, event_editing
from crm.event_editing import name_from
from crm.models import CustomEvent, CustomEventProperty
from crm.property_editing import InvalidDefinition

pytestmark = pytest.mark.django_db


def event(**more: Any) -> CustomEvent:
    return CustomEvent(**({"name": "order_paid", "label": "Order paid"} | more))


def amount(**more: Any) -> CustomEventProperty:
    return CustomEventProperty(**({"name": "amount", "label": "Amount", "type": "number"} | more))


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (event(name=""), "name"),
        (event(name="Order"), "name"),
        (event(name="1st"), "name"),
        (event(name="x" * 51), "name"),
        (event(label=" "), "label"),
        (event(label="x" * 101), "label"),
        (event(object_type="0-99"), "object_type"),
        (event(object_type="contact"), "object_type"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(wrong: CustomEvent, place: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        event_editing.create(wrong)
    assert list(refused.value.errors) == [place]
    assert not CustomEvent.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (amount(name="a-b"), "name"),
        (amount(name="hs_city"), "name"),
        (amount(label=""), "label"),
        (amount(type="money"), "type"),
        (amount(options=[{"label": "A", "value": "a"}]), "options"),
        (amount(type="enumeration"), "options"),
        (amount(type="enumeration", options=[{"label": "A", "value": "a;b"}]), "options"),
        (amount(type="enumeration", options=[{"label": "A", "value": "a"}] * 2), "options"),
    ],
)
def test_a_property_that_cannot_be_takes_the_event_with_it(
    wrong: CustomEventProperty, place: str
) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        event_editing.create(event(), [wrong])
    assert list(refused.value.errors) == [place]
    assert not CustomEvent.objects.exists()


def test_names_are_taken_once() -> None:
    event_editing.create(event(), [amount()])
    with pytest.raises(InvalidDefinition, match="exists, maybe archived"):
        event_editing.create(event(label="Another"))
    with pytest.raises(InvalidDefinition, match="the same name"):
        event_editing.create(event(name="other"), [amount(), amount()])
    with pytest.raises(InvalidDefinition, match="exists, maybe archived"):
        event_editing.add_property(amount(event=CustomEvent.objects.get()))
    assert CustomEvent.objects.count() == 1


def test_an_event_has_no_end_of_properties() -> None:
    many = [amount(name=f"p{number}") for number in range(51)]
    with pytest.raises(InvalidDefinition, match="at most 50"):
        event_editing.create(event(), many)
    made = event_editing.create(event(), many[:50])
    with pytest.raises(InvalidDefinition, match="at most 50"):
        event_editing.add_property(amount(event=made))


def test_what_values_are_kept_by_cannot_change() -> None:
    made = event_editing.create(event(), [amount()])
    made.label, made.name = "Paid", "paid"
    with pytest.raises(InvalidDefinition, match="make a new event"):
        event_editing.change(made)
    item = made.properties.get()
    item.type = "string"
    with pytest.raises(InvalidDefinition, match="make a new property"):
        event_editing.change_property(item)


def test_labels_and_options_can_change() -> None:
    made = event_editing.create(event(), [amount()])
    made.label = "Paid"
    event_editing.change(made)
    item = made.properties.get()
    item.label = "Sum"
    event_editing.change_property(item)
    found = event_definitions.find("order_paid")
    assert found is not None
    assert (found.label, found.definitions["amount"].label) == ("Paid", "Sum")


def test_an_archived_event_can_come_back() -> None:
    made = event_editing.create(event(), [amount()])
    event_editing.archive(made)
    assert event_definitions.find("order_paid") is None
    event_editing.restore(made)
    assert event_definitions.find("order_paid") is not None


@pytest.mark.parametrize(
    ("label", "name"),
    [("Order paid!", "order_paid"), ("2 steps", "steps"), ("Ørsted", "rsted"), ("!!", "")],
)
def test_a_name_is_made_of_a_label(label: str, name: str) -> None:
    assert name_from(label) == name
