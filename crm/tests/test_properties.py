from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from crm import catalogue, changes, clock, properties
from crm.models import AssociationType, Owner, Property, PropertyGroup, Record
from crm.objects import base as objects
from crm.objects.base import object_types
from crm.properties import InvalidProperties
from crm.property_types.base import InvalidValue, Option, property_types
from crm.registry import UnknownKind
from crm.sql import sql, value

pytestmark = pytest.mark.django_db

SYSTEM = changes.Source(kind=changes.SourceKind.SYSTEM)


def custom(name: str, kind: str = "string", **more: Any) -> Property:
    group = PropertyGroup.objects.filter(object_type="0-1").first()
    assert group is not None
    return Property.objects.create(
        object_type="0-1", name=name, label=name.title(), group=group, type=kind,
        **{"field_type": property_types.get(kind).field_types[0], "created_at": clock.now()} | more,
    )  # fmt: skip


def test_standard_and_custom_properties_are_loaded_together(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    custom("shoe_size", "number")
    custom("gone", archived_at=clock.now())
    Owner.objects.create(email="ola@example.com", first_name="Ola", last_name="Berg")
    with django_assert_num_queries(2):
        loaded = properties.load("0-1")
    assert loaded["email"].is_unique
    assert loaded["shoe_size"].type == "number"
    assert "gone" not in loaded
    owner = Owner.objects.get()
    assert loaded["hubspot_owner_id"].options == (Option(value=str(owner.pk), label="Ola Berg"),)
    assert loaded["createdate"].column == "created_at"


def test_all_faults_of_a_record_are_told_at_once() -> None:
    custom("wired", is_read_only=True)
    with pytest.raises(InvalidProperties) as caught:
        properties.clean(
            properties.load("0-1"),
            {
                "email": "nobody",
                "firstname": "Ana",
                "no_such": 1,
                "createdate": "2026-01-01",
                "wired": "x",
                "hubspotscore": "many",
            },
        )
    assert caught.value.errors == {
        "email": "'nobody' is not an email address",
        "no_such": "does not exist",
        "createdate": "is read only",
        "wired": "is read only",
        "hubspotscore": "'many' is not a number",
    }
    # As Django's forms expect it.
    assert isinstance(caught.value, ValidationError)
    assert caught.value.message_dict["no_such"] == ["does not exist"]


def test_blank_values_mean_none_while_zero_and_no_are_values() -> None:
    custom("colors", "enumeration", field_type="checkbox", options=[{"value": "a", "label": "A"}])
    given: dict[str, Any] = {
        "email": "  ", "city": None, "colors": [], "firstname": "", "hubspotscore": 0,
        "hs_email_optout": False,
    }  # fmt: skip
    assert properties.clean(properties.load("0-1"), given) == {
        "email": None, "city": None, "colors": None, "firstname": None, "hubspotscore": 0,
        "hs_email_optout": False,
    }  # fmt: skip
    assert properties.clean(properties.load("0-1"), {"colors": " ; "}) == {"colors": None}


def test_read_only_values_are_for_those_who_ask() -> None:
    definitions = properties.load("0-1")
    written = properties.clean(definitions, {"hs_email_open": "3"}, allow_read_only=True)
    assert written == {"hs_email_open": 3}
    with pytest.raises(InvalidProperties, match="is read only"):
        # It is a column of the table, not a value.
        properties.clean(definitions, {"createdate": "2026-01-01"}, allow_read_only=True)


def test_a_unique_value_fits_into_the_index() -> None:
    custom("badge", is_unique=True)
    definitions = properties.load("0-1")
    assert properties.clean_one(definitions, "badge", "x" * 1000) == "x" * 1000
    with pytest.raises(InvalidValue, match="is longer than 1,000 characters"):
        properties.clean_one(definitions, "badge", "x" * 1001)


def test_expressions_give_the_value_as_text_and_as_json() -> None:
    custom("colors", "enumeration", field_type="checkbox", options=[{"value": "a", "label": "A"}])
    row = {"email": "a@example.com", "hubspotscore": 1.5, "hs_email_optout": False, "colors": "a"}
    (pk,) = changes.create("0-1", [row], SYSTEM)
    definitions = properties.load("0-1")

    def seen(name: str) -> tuple[Any, Any]:
        return tuple(
            value(sql("SELECT {e} FROM crm_record x WHERE x.id = {pk}", e=made, pk=pk))
            for made in (
                properties.expression(definitions[name], "x"),
                properties.json_expression(definitions[name], "x"),
            )
        )

    created = Record.objects.get(pk=pk).created_at
    stamp = f"{created:%Y-%m-%dT%H:%M:%S}.{created.microsecond // 1000:03d}Z"
    assert seen("email") == ("a@example.com", '"a@example.com"')
    assert seen("hubspotscore") == ("1.5", "1.5")
    assert seen("hs_email_optout") == ("false", "false")
    assert seen("colors") == ('["a"]', '["a"]')
    assert seen("city") == (None, None)
    assert seen("hs_object_id") == (str(pk), str(pk))
    assert seen("createdate") == (stamp, f'"{stamp}"')


def test_a_hostile_name_never_reaches_the_database() -> None:
    definition = properties.load("0-1")["city"]
    hostile = type(definition)(**{**vars(definition), "name": "a' OR 1=1 --"})
    with pytest.raises(ValueError, match="is not a plain name"):
        properties.expression(hostile)


def test_object_types_are_found_by_id_name_and_plural() -> None:
    contact = objects.get("0-1")
    assert objects.get("contact") is contact
    assert objects.get("contacts") is contact
    with pytest.raises(UnknownKind, match="There is no object type 'martian'"):
        objects.get("martian")


def test_every_declaration_is_sound() -> None:
    types = {kind.type_id for kind in object_types}
    for kind in object_types:
        names = [item.name for item in kind.properties]
        assert len(set(names)) == len(names), kind
        assert set(kind.list_columns) <= set(names), kind
        assert set(kind.import_keys) <= set(names), kind
        assert all(relation.to_object_type in types for relation in kind.relations), kind
        for item in kind.properties:
            assert item.group in kind.groups, item.name
            assert item.field_type in property_types.get(item.type).field_types, item.name


def test_the_catalogue_is_written_once_and_staff_may_rename() -> None:
    before = (Property.objects.count(), AssociationType.objects.count())
    Property.objects.filter(object_type="0-1", name="city").update(label="Town", type="number")
    catalogue.synchronise()
    assert (Property.objects.count(), AssociationType.objects.count()) == before
    city = Property.objects.get(object_type="0-1", name="city")
    # The code relies on the type.
    assert (city.label, city.type, city.is_standard) == ("Town", "string", True)
    for kind in AssociationType.objects.select_related("inverse"):
        assert kind.inverse is not None
        assert kind.inverse.from_object_type == kind.to_object_type


@pytest.mark.parametrize(
    ("type_id", "name", "inverse"),
    [
        (1, "contact_to_company", "company_to_contact"),
        (279, "contact_to_company_unlabeled", "company_to_contact_unlabeled"),
        (203, "contact_to_task", "task_to_contact"),
    ],
)
def test_association_types_are_named_in_both_directions(
    type_id: int, name: str, inverse: str
) -> None:
    kind = AssociationType.objects.get(type_id=type_id)
    assert kind.inverse is not None
    assert (kind.name, kind.inverse.name) == (name, inverse)
