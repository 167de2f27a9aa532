from __future__ import annotations

import pytest

from crm import clock, event_definitions
from crm.event_definitions import EventDefinition
from crm.event_types.base import event_types
from crm.models import CustomEvent, CustomEventProperty, Form

pytestmark = pytest.mark.django_db


def order_paid(**more: object) -> CustomEvent:
    values = {"name": "order_paid", "label": "Order paid", "created_at": clock.now()} | more
    event = CustomEvent.objects.create(updated_at=clock.now(), **values)
    CustomEventProperty.objects.create(
        event=event, name="amount", label="Amount", type="number", created_at=clock.now()
    )
    CustomEventProperty.objects.create(
        event=event, name="plan", label="Plan", type="enumeration", created_at=clock.now(),
        options=[{"label": "Basic", "value": "basic"}, {"label": "Large", "value": "large"}],
    )  # fmt: skip
    return event


def known(key: str) -> EventDefinition:
    found = event_definitions.find(key)
    assert found is not None
    return found


def test_declared_kinds_are_found_by_each_of_their_names() -> None:
    for key in ("4-96000", "page.visited", "e_visited_page"):
        found = known(key)
        assert (found.event_type_id, found.name, found.is_custom) == (
            "4-96000", "page.visited", False,
        )  # fmt: skip
        assert "hs_url" in found.definitions


def test_a_custom_event_is_a_kind_like_the_others() -> None:
    event = order_paid(has_default_properties=False)
    for key in (f"6-{event.pk}", "pe1_order_paid", "order_paid", "PE1_Order_Paid"):
        found = known(key)
        assert (found.name, found.label, found.is_custom) == ("pe1_order_paid", "Order paid", True)
    assert {name: item.type for name, item in found.definitions.items()} == {
        "amount": "number", "plan": "enumeration",
    }  # fmt: skip
    assert [option.value for option in found.definitions["plan"].options] == ["basic", "large"]
    assert event_definitions.load()[f"6-{event.pk}"] == found


def test_a_custom_event_has_the_default_properties_unless_told_otherwise() -> None:
    order_paid()
    found = known("order_paid")
    assert list(found.definitions)[-2:] == ["amount", "plan"]
    assert "hs_utm_campaign" in found.definitions


def test_what_is_archived_is_gone() -> None:
    event = order_paid()
    event.properties.filter(name="plan").update(archived_at=clock.now())
    found = known("order_paid")
    assert "plan" not in found.definitions
    CustomEvent.objects.update(archived_at=clock.now())
    assert event_definitions.find("order_paid") is None
    assert f"6-{event.pk}" not in event_definitions.load()


@pytest.mark.parametrize("key", ["", "4-1", "6-", "6-x", "6-" + "9" * 30, "6-²", "x" * 500])
def test_what_nobody_defined_is_not_found(key: str) -> None:
    assert event_definitions.find(key) is None


def test_forms_are_the_options_of_the_property_that_names_one() -> None:
    form = Form.objects.create(name="Newsletter", created_at=clock.now())
    found = known("form.submitted")
    options = found.definitions["hs_form_id"].options
    assert [(option.value, option.label) for option in options] == [(str(form.pk), "Newsletter")]


def test_no_two_kinds_share_a_name() -> None:
    for attribute in ("name", "api_name", "event_type_id"):
        names = [getattr(kind, attribute) for kind in event_types]
        assert len(set(names)) == len(names)
