"""Custom objects in workflows, lists, filters and imports: as every other record."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from crm import changes, clock, filters, schemas
from crm.lists import membership
from crm.models import List, Record
from crm.objects.custom import CustomObject
from crm.sql import rows
from crm.tests.custom_world import make_car
from crm.tests.importing import imported, numbers, records, rejects
from workflows import publishing
from workflows.definition import DefinitionError
from workflows.tests.documents import Json, edit, flow, list_based, where
from workflows.tests.world import STAFF, live, settle, value

pytestmark = pytest.mark.django_db

BEETLES = where("model", "IS_EQUAL_TO", operationType="STRING", value="Beetle")


def cars(kind: type[CustomObject], *models: str) -> list[int]:
    given = [{"vin": f"W{number}", "model": model} for number, model in enumerate(models)]
    return changes.create(kind.type_id, given, STAFF)


def car_flow(kind: type[CustomObject], tree: Json = BEETLES) -> Json:
    document = flow(edit("1", "seats", 4), criteria=list_based(tree))
    return document | {"objectTypeId": kind.type_id, "type": "PLATFORM_FLOW"}


def test_a_workflow_hears_of_a_property_and_edits_the_record() -> None:
    kind = make_car()
    live(car_flow(kind))
    beetle, golf = cars(kind, "Beetle", "Golf")
    settle()
    assert (value(beetle, "seats"), value(golf, "seats")) == (4, None)
    changes.update(kind.type_id, {golf: {"model": "Beetle"}}, STAFF)
    settle()
    assert value(golf, "seats") == 4


def test_a_workflow_of_a_type_that_is_gone_is_refused() -> None:
    kind = make_car()
    schemas.archive(kind)
    with pytest.raises(DefinitionError, match="Cars are not in use any more"):
        publishing.create(car_flow(kind))


@pytest.mark.parametrize(
    ("key", "asked", "offered"),
    [
        ("0-2", [], True),
        ("0-48", [], True),
        ("0-27", [], False),
        ("0-27", ["tasks"], True),
        ("0-8", ["0-8"], True),
        ("0-7", ["products"], False),
        ("0-46", [], False),
        ("0-999", [], False),
    ],
)
def test_workflows_are_made_for_some_objects_only(
    settings: Settings, key: str, asked: list[str], offered: bool
) -> None:
    settings.WORKFLOW_OBJECTS = asked
    kinds = [kind.type_id for kind in publishing.offered_objects()]
    assert (key in kinds) is offered
    document = flow(edit("1", "hubspot_owner_id", "")) | {
        "objectTypeId": key, "type": "PLATFORM_FLOW",
    }  # fmt: skip
    if offered:
        assert publishing.create(document).object_type == key
    else:
        with pytest.raises(DefinitionError, match=r"There (are|is) no"):
            publishing.create(document)


def test_a_custom_object_is_offered_at_once() -> None:
    kind = make_car()
    assert publishing.offered_objects()[-1] is kind


def test_the_pages_of_such_a_workflow_open(admin_client: Client) -> None:
    kind = make_car()
    workflow = live(car_flow(kind))
    cars(kind, "Beetle")
    settle()
    for page in ("", "change/", "enroll/"):
        address = f"/admin/workflows/workflow/{workflow.pk}/{page}"
        assert admin_client.get(address, follow=True).status_code == 200


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        (BEETLES, ["Beetle"]),
        (where("seats", "IS_GREATER_THAN", operationType="NUMBER", value=3), ["Golf"]),
        (where("vin", "IS_KNOWN", operationType="ALL_PROPERTY"), ["Beetle", "Golf"]),
    ],
)
def test_filters_find_them(tree: Json, found: list[str]) -> None:
    kind = make_car()
    _, golf = cars(kind, "Beetle", "Golf")
    changes.update(kind.type_id, {golf: {"seats": 5}}, STAFF)
    predicate = filters.base.compile(tree, kind.type_id, clock.now())
    assert predicate.problems == ()
    ids = [row[0] for row in rows(filters.base.match(predicate, kind.type_id))]
    names = Record.objects.filter(pk__in=ids).values_list("properties__model", flat=True)
    assert sorted(names) == found


def test_a_list_holds_them(admin_client: Client) -> None:
    kind = make_car()
    beetle, _ = cars(kind, "Beetle", "Golf")
    target = List.objects.create(name="Old ones", object_type=kind.type_id, created_at=clock.now())
    membership.add(target, changes.these([beetle]))
    page = admin_client.get(f"/admin/crm/list/{target.pk}/change/", follow=True)
    assert "W0" in page.content.decode()
    assert "Add from cars" in " ".join(page.content.decode().split())


def test_a_file_becomes_records_and_finds_them_again(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    kind = make_car()
    job = imported("VIN,Model,Seats\nW1,Beetle,4\n,Golf,5\nW2,Polo,x\n", "p1_car")
    assert numbers(job) == (3, 1, 0, 2)
    assert records(kind.type_id) == [{"vin": "W1", "model": "Beetle", "seats": 4}]
    again = imported("VIN,Model\nw1,Golf\n", kind.type_id)
    assert numbers(again) == (1, 0, 1, 0)
    assert records(kind.type_id)[0]["model"] == "Golf"


def test_rows_without_a_required_value_come_back(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    kind = make_car(required=["vin", "model"])
    job = imported("VIN,Model\nW1,Beetle\nW2,\n", "p1_car")
    assert numbers(job) == (2, 1, 0, 1)
    assert rejects(job) == [(3, "Model is required for a new one")]
    # Of a record that is there nothing is required.
    assert numbers(imported("VIN,Model,Seats\nW1,,5\n", "p1_car")) == (1, 0, 1, 0)
    assert records(kind.type_id)[0]["seats"] == 5
