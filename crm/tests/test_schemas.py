from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conftest import SameQueriesFor
from crm import associations, catalogue, changes, property_editing, schemas, search
from crm.association_labels import LabelTaken
from crm.changes import DuplicateValue
from crm.features import CUSTOM_OBJECT_TYPES, CUSTOM_OBJECTS
from crm.models import Association, AssociationType, ObjectSchema, Property, Record
from crm.objects import base as objects
from crm.objects import custom
from crm.properties import InvalidProperties, load
from crm.registry import UnknownKind
from crm.schema_checks import InvalidSchema, Look, SchemaInUse, SchemaTaken
from crm.schema_rules import TypeIsGone
from crm.sql import rows, sql
from crm.tests.api_world import agree
from crm.tests.custom_world import field, make_car
from crm.tests.writing import SYSTEM
from subscriptions.features import Feature, LimitReached, UpgradeRequired

pytestmark = pytest.mark.django_db


def one(record_id: int) -> Any:
    return sql("SELECT {id}::bigint AS record_id", id=record_id)


def test_a_custom_object_is_an_object_type_like_every_other() -> None:
    kind = make_car()
    assert re.fullmatch(r"2-\d+", kind.type_id)
    assert (kind.name, kind.full_name, kind.label, kind.plural_label) == (
        "p1_car", "p1_Car", "Car", "Cars",
    )  # fmt: skip
    assert objects.get(kind.type_id) is objects.get("p1_car") is kind
    assert objects.in_order()[-1] is kind
    assert (kind.title({"vin": "W1"}, 7), kind.title({}, 7)) == ("W1", "Car 7")
    assert (kind.list_columns[0], kind.import_keys) == ("model", ("vin",))


def test_it_has_its_own_properties_and_those_of_every_record() -> None:
    definitions = load(make_car().type_id)
    assert list(definitions)[:3] == ["vin", "model", "seats"]
    assert set(definitions) >= {
        "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate", "hs_object_id",
    }  # fmt: skip
    assert definitions["vin"].is_required
    assert definitions["vin"].is_unique
    assert definitions["model"].is_searchable
    assert not definitions["seats"].is_required
    assert {item.group for item in definitions.values()} == {"car_information"}


def test_the_first_property_is_the_title_if_nothing_else_is_said() -> None:
    fields = schemas.new_properties("boat", [field("sail_number"), field("name")])
    kind = schemas.create("boat", Look(singular="Boat", plural="Boats"), fields)
    assert kind.title_property == "sail_number"


def test_it_is_related_to_what_was_asked_and_to_activities_in_both_directions() -> None:
    kind = make_car()
    there = associations.between(kind.type_id, "0-1")
    assert there.name == "Car_to_contact"
    assert there.inverse is not None
    assert (there.inverse.name, there.inverse.inverse) == ("contact_to_Car", there)
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    (person,) = changes.create("0-1", [{"email": "a@example.com"}], SYSTEM)
    associations.associate(there, associations.pairs([(car, person)]))
    pairs = Association.objects.values_list("from_record_id", "to_record_id")
    assert set(pairs) == {(car, person), (person, car)}
    for activity in ("0-18", "0-27", "0-46", "0-47", "0-48", "0-49"):
        assert associations.between(activity, kind.type_id).label == ""
    with pytest.raises(AssociationType.DoesNotExist):
        associations.between(kind.type_id, "0-2")


def test_a_type_may_be_related_to_itself_and_to_another_custom_one() -> None:
    kind = make_car()
    there, back = schemas.relate(kind, kind)
    assert there == back
    fields = schemas.new_properties("garage", [field("address")])
    other = schemas.create("garage", Look(singular="Garage", plural="Garages"), fields, [kind])
    assert associations.between(kind.type_id, other.type_id).name == "Car_to_garage"
    with pytest.raises(LabelTaken, match="Garages and cars are related already"):
        schemas.relate(other, kind)


def test_a_relation_goes_with_the_associations_in_both_directions() -> None:
    kind = make_car()
    there = associations.between(kind.type_id, "0-1")
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    (person,) = changes.create("0-1", [{"email": "a@example.com"}], SYSTEM)
    associations.associate(there, associations.pairs([(car, person)]))
    assert schemas.unrelate(kind, there.type_id)
    assert not schemas.unrelate(kind, there.type_id)
    assert not Association.objects.exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Use letters, digits and _"),
        ("1car", "Use letters, digits and _"),
        ("my car", "Use letters, digits and _"),
        ("café", "Use letters, digits and _"),
        ("x'; DROP TABLE crm_record--", "Use letters, digits and _"),
        ("c" * 51, "at most 50"),
        ("contact", "reserved"),
        ("Companies", "reserved"),
        ("LISTS", "reserved"),
    ],
)
def test_a_bad_name_is_refused(name: str, message: str) -> None:
    with pytest.raises(InvalidSchema) as raised:
        make_car(name)
    assert message in raised.value.errors["name"]
    assert not ObjectSchema.objects.exists()


def test_every_mistake_is_reported_at_once() -> None:
    fields = [field("vin"), field("vin"), field("Bad name"), field("hubspot_owner_id")]
    fields.append(field("colour", type="enumeration", field_type="select"))
    with pytest.raises(InvalidSchema) as raised:
        schemas.create(
            "no good",
            Look(singular="", plural="Contacts"),
            schemas.new_properties("x", fields),
        )
    assert raised.value.errors == {
        "name": "Use letters, digits and _, beginning with a letter; at most 50.",
        "singular": "A label has 1 to 100 characters.",
        "plural": "Another object is called Contacts already.",
        "properties.vin": "A property of this name exists.",
        "properties.Bad name": "Use lower-case letters, digits and _, beginning with a letter;"
        " at most 100.",
        "properties.hubspot_owner_id": "A property of this name exists.",
        "properties.colour": "A choice needs at least one option.",
    }


def test_what_is_shown_and_required_has_to_be_there() -> None:
    with pytest.raises(InvalidSchema) as raised:
        make_car(
            primary="nope", secondary=["no", "nor"], searchable=["vin", "x"],
            required=["hs_object_id"], icon="<script>",
        )  # fmt: skip
    assert raised.value.errors == {
        "primary": "There is no property nope.",
        "secondary": "There is no property no, nor.",
        "searchable": "There is no property x.",
        "required": "hs_object_id cannot be written, so it cannot be required.",
        "icon": "Choose one of the icons.",
    }
    assert not Property.objects.filter(object_type__startswith="2-").exists()


def test_names_are_told_apart_without_regard_to_capitals() -> None:
    make_car()
    with pytest.raises(SchemaTaken, match="exists already"):
        make_car("CAR", singular="Other", plural="Others")


def test_the_plan_decides_whether_and_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    agree(CUSTOM_OBJECT_TYPES, 1)
    make_car()
    with pytest.raises(LimitReached):
        make_car("boat", singular="Boat", plural="Boats")

    def refuse(feature: Feature) -> None:
        raise UpgradeRequired(feature)

    monkeypatch.setattr(Feature, "require", refuse)
    with pytest.raises(UpgradeRequired, match=CUSTOM_OBJECTS.label):
        make_car("boat", singular="Boat", plural="Boats")


def test_what_it_is_called_and_shows_can_be_changed() -> None:
    kind = make_car()
    changes.create(kind.type_id, [{"vin": "W1", "model": "Beetle"}], SYSTEM)
    changed = schemas.update(
        kind, Look(singular="Vehicle", primary="model", searchable=["model"], required=[])
    )
    assert changed is not kind
    assert (changed.label, changed.plural_label, changed.title_property) == (
        "Vehicle", "Cars", "model",
    )  # fmt: skip
    assert changed.required_properties == ()
    assert [len(rows(search.matching(kind.type_id, word))) for word in ("w1", "beetle")] == [0, 1]
    schemas.update(kind, Look(searchable=[]))
    assert rows(search.matching(kind.type_id, "beetle")) == []
    with pytest.raises(InvalidSchema) as raised:
        schemas.update(kind, Look(singular=" ", primary="nope"))
    assert set(raised.value.errors) == {"singular", "primary"}


def test_a_required_property_is_asked_of_new_records_only() -> None:
    kind = make_car()
    with pytest.raises(InvalidProperties) as raised:
        changes.create(kind.type_id, [{"model": "Beetle", "vin": " ", "seats": "x"}], SYSTEM)
    assert raised.value.errors["vin"] == "is required"
    assert set(raised.value.errors) == {"vin", "seats"}
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    changes.update(kind.type_id, {car: {"vin": ""}}, SYSTEM)
    assert Record.objects.get().properties == {}


def test_whoever_writes_stored_values_is_asked_too() -> None:
    kind = make_car()
    with pytest.raises(InvalidProperties, match="is required"):
        changes.insert(kind.type_id, [{"model": "Beetle"}], SYSTEM)
    assert not Record.objects.exists()


def test_unique_values_are_kept_apart() -> None:
    kind = make_car()
    changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    with pytest.raises(DuplicateValue):
        changes.create(kind.type_id, [{"vin": "w1"}], SYSTEM)


def test_it_stays_while_there_are_records() -> None:
    kind = make_car()
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    with pytest.raises(SchemaInUse, match=r"There is 1 car\. Archive them first\."):
        schemas.archive(kind)
    assert objects.find("p1_car") is kind
    changes.archive(kind.type_id, one(car), SYSTEM)
    schemas.archive(kind)
    assert objects.find("p1_car") is None
    assert kind.name not in [other.name for other in objects.in_order()]
    # What refers to it can still say what it was.
    assert objects.get(kind.type_id).label == "Car"
    with pytest.raises(TypeIsGone, match="Cars are not in use any more"):
        changes.restore(kind.type_id, one(car), SYSTEM)
    with pytest.raises(TypeIsGone):
        changes.create(kind.type_id, [{"vin": "W2"}], SYSTEM)
    with pytest.raises(InvalidSchema):
        schemas.update(kind, Look(singular="Vehicle"))
    with pytest.raises(SchemaTaken):
        make_car()


def test_purged_it_leaves_nothing_but_its_name_which_is_free() -> None:
    kind = make_car()
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    (person,) = changes.create("0-1", [{"email": "a@example.com"}], SYSTEM)
    there = associations.between(kind.type_id, "0-1")
    associations.associate(there, associations.pairs([(car, person)]))
    with pytest.raises(InvalidSchema, match="has to be archived"):
        schemas.purge(kind, SYSTEM)
    changes.archive(kind.type_id, one(car), SYSTEM)
    schemas.archive(kind)
    schemas.purge(kind, SYSTEM)
    assert not Property.objects.filter(object_type=kind.type_id).exists()
    assert not AssociationType.objects.filter(to_object_type=kind.type_id).exists()
    assert list(Record.objects.values_list("pk", flat=True)) == [person]
    for table, column in (("crm_property_history", "record_id"), ("crm_event", "record_id")):
        found = sql(f"SELECT FROM {table} WHERE {column} = {{id}}", id=car)
        assert rows(found) == []
    assert objects.get(kind.type_id).label == "Car"
    again = make_car()
    assert again.type_id != kind.type_id
    assert objects.get("p1_car") is again


def test_the_catalogue_brings_custom_objects_up_to_date_too() -> None:
    kind = make_car()
    Property.objects.filter(object_type=kind.type_id, name="hubspot_owner_id").delete()
    catalogue.synchronise()
    assert "hubspot_owner_id" in load(kind.type_id)
    ObjectSchema.objects.all().delete()
    Property.objects.filter(object_type=kind.type_id).delete()
    catalogue.synchronise()
    assert not Property.objects.filter(object_type=kind.type_id).exists()


def test_what_was_rolled_back_never_was() -> None:
    with transaction.atomic():
        made = make_car()
        assert objects.find("p1_car") is made
        transaction.set_rollback(True)
    custom.refresh()
    assert objects.find("p1_car") is None
    with pytest.raises(UnknownKind):
        objects.get(made.type_id)


def test_a_property_that_is_shown_or_required_stays() -> None:
    kind = make_car()
    found = {item.name: item for item in Property.objects.filter(object_type=kind.type_id)}
    for name in ("vin", "model"):
        with pytest.raises(property_editing.InvalidDefinition, match="custom object Car"):
            property_editing.archive([found[name]])
    property_editing.archive([found["seats"]])


def test_types_are_read_once_for_any_number_of_questions() -> None:
    kind = make_car()
    custom.forget()
    with CaptureQueriesContext(connection) as captured:
        for _ in range(100):
            objects.get(kind.type_id)
            objects.get("contact")
            objects.in_order()
    assert len(captured) == 1


def test_records_cost_the_same_queries_however_many(same_queries_for: SameQueriesFor) -> None:
    kind = make_car()

    def make(size: int) -> list[dict[str, str]]:
        return [{"vin": f"{size}-{number}"} for number in range(size)]

    same_queries_for(make, lambda values: changes.create(kind.type_id, values, SYSTEM))


@pytest.mark.django_db(transaction=True)
def test_a_record_and_the_end_of_its_type_wait_for_each_other() -> None:
    kind = make_car()
    outcome: list[object] = []

    def make_record() -> None:
        try:
            changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
            outcome.append("made")
        except TypeIsGone as error:
            outcome.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        schemas.archive(kind)
        other = threading.Thread(target=make_record)
        other.start()
        other.join(0.3)
        assert outcome == []
    other.join(10)
    assert isinstance(outcome[0], TypeIsGone)
    assert not Record.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_with_one_name_at_once_one_is_made() -> None:
    outcome: list[str] = []

    def make() -> None:
        try:
            outcome.append(make_car().label)
        except SchemaTaken:
            outcome.append("taken")
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcome) == ["Car", "taken", "taken"]
    assert objects.find("p1_car") is not None


@pytest.mark.django_db(transaction=True)
def test_another_thread_finds_a_new_type_at_once() -> None:
    ready, made = threading.Event(), threading.Event()
    found: list[object] = []

    def look() -> None:
        objects.in_order()
        ready.set()
        made.wait(10)
        found.append(objects.find("p1_car"))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    ready.wait(10)
    kind = make_car()
    made.set()
    thread.join(10)
    assert found == [kind]
