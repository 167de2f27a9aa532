"""Pages of custom objects that were made while the server runs."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from config import admin_site
from crm import associations, changes, schemas
from crm.access import EVERYTHING
from crm.admin.urls import record_links, record_url
from crm.models import Record
from crm.schema_checks import Look
from crm.sql import sql
from crm.tests.browsing import main_text, queries_of, text_of, viewer
from crm.tests.custom_world import make_car
from crm.tests.writing import SYSTEM

pytestmark = pytest.mark.django_db


def test_a_new_custom_object_has_its_pages_without_a_restart(admin_client: Client) -> None:
    assert admin_client.get("/admin/crm/p1_car/").status_code == 404
    kind = make_car()
    page = admin_client.get("/admin/crm/p1_car/")
    assert page.status_code == 200
    assert "Cars" in main_text(page)
    (car,) = changes.create(kind.type_id, [{"vin": "W1", "model": "Beetle"}], SYSTEM)
    listed = main_text(admin_client.get("/admin/crm/p1_car/"))
    assert "W1 Beetle" in listed
    assert "W1" in main_text(admin_client.get("/admin/crm/p1_car/?q=beetle"))
    assert "Beetle" in main_text(admin_client.get(f"/admin/crm/p1_car/{car}/"))
    assert record_url(kind, car) == f"/admin/crm/p1_car/{car}/"
    found = admin_client.get("/admin/search/?s=beetle&extended=1")
    assert "W1" in text_of(found)


def test_a_record_is_added_edited_and_archived(admin_client: Client) -> None:
    kind = make_car()
    add = "/admin/crm/p1_car/add/"
    assert "Add car" in main_text(admin_client.get(add))
    refused = admin_client.post(add, {"model": "Beetle"})
    assert "This field is required." in main_text(refused)
    assert 'id="id_vin_error"' in refused.content.decode()
    assert not Record.objects.exists()
    admin_client.post(add, {"vin": "W1", "model": "Beetle", "seats": "4"})
    car = Record.objects.get()
    assert car.properties == {"vin": "W1", "model": "Beetle", "seats": 4}
    taken = admin_client.post(add, {"vin": "w1"})
    assert "Another record has this vin already." in main_text(taken)
    change = f"/admin/crm/p1_car/{car.pk}/change/"
    admin_client.post(change, {"vin": "", "model": "Golf", "seats": "4"})
    car.refresh_from_db()
    assert car.properties == {"model": "Golf", "seats": 4}
    admin_client.post(f"/admin/crm/p1_car/{car.pk}/delete/")
    car.refresh_from_db()
    assert car.archived_at is not None
    assert kind.type_id == car.object_type


def menu_of(rf: RequestFactory, user: User) -> list[dict[str, str]]:
    request = rf.get("/")
    request.user = user
    groups = {group["title"]: group for group in admin_site.menu(request)}
    found: list[dict[str, str]] = groups["CRM"]["items"]
    return found


def test_the_menu_has_it_with_its_icon_and_follows_its_name(
    admin_client: Client, admin_user: User, rf: RequestFactory
) -> None:
    kind = make_car()
    admin_client.get("/admin/")
    items = {item["title"]: item for item in menu_of(rf, admin_user)}
    assert items["Cars"] == {
        "title": "Cars", "icon": "directions_car", "link": "/admin/crm/p1_car/",
    }  # fmt: skip
    schemas.update(kind, Look(plural="Vehicles", icon="star"))
    admin_client.get("/admin/")
    titles = [item["title"] for item in menu_of(rf, admin_user)]
    assert ("Vehicles" in titles, "Cars" in titles) == (True, False)


def test_what_was_taken_away_has_no_pages_and_breaks_none(admin_client: Client) -> None:
    kind = make_car()
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    assert admin_client.get(f"/admin/crm/p1_car/{car}/").status_code == 200
    changes.archive(kind.type_id, sql("SELECT {id}::bigint AS record_id", id=car), SYSTEM)
    schemas.archive(kind)
    assert admin_client.get("/admin/crm/p1_car/").status_code == 404
    assert admin_client.get("/admin/").status_code == 200
    assert record_links([car], EVERYTHING)[car].title == "W1"
    assert record_links([car], EVERYTHING)[car].url == ""
    for page in ("property", "list", "importjob", "pipeline"):
        assert admin_client.get(f"/admin/crm/{page}/").status_code == 200
    assert admin_client.get("/admin/workflows/workflow/").status_code == 200


def test_one_may_be_replaced_by_another_of_the_same_name(admin_client: Client) -> None:
    first = make_car()
    admin_client.get("/admin/")
    schemas.archive(first)
    schemas.purge(first, SYSTEM)
    second = make_car()
    changes.create(second.type_id, [{"vin": "W2"}], SYSTEM)
    assert "W2" in main_text(admin_client.get("/admin/crm/p1_car/"))


def test_who_may_see_it_is_decided_like_everywhere() -> None:
    make_car()
    assert viewer("view_contact").get("/admin/crm/p1_car/").status_code == 403
    User.objects.all().delete()
    client = viewer("view_p1_car")
    assert client.get("/admin/crm/p1_car/").status_code == 200
    assert client.get("/admin/crm/p1_car/add/").status_code == 403


def test_it_stands_beside_the_records_it_is_related_to(admin_client: Client) -> None:
    kind = make_car()
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    (person,) = changes.create("0-1", [{"email": "a@example.com", "firstname": "Ana"}], SYSTEM)
    there = associations.between(kind.type_id, "0-1")
    empty = main_text(admin_client.get(f"/admin/crm/contact/{person}/"))
    assert "cars" in empty
    associations.associate(there, associations.pairs([(car, person)]))
    assert "W1" in main_text(admin_client.get(f"/admin/crm/contact/{person}/"))
    assert "Ana" in main_text(admin_client.get(f"/admin/crm/p1_car/{car}/"))


def test_an_unchanged_page_costs_one_query_more_than_no_custom_objects(
    admin_client: Client,
) -> None:
    make_car()
    admin_client.get("/admin/crm/contact/")
    found = queries_of(admin_client, "/admin/crm/contact/")
    assert len([query for query in found if "crm_objectschema" in query]) == 1


def test_making_the_addresses_anew_takes_a_blink(admin_client: Client) -> None:
    admin_client.get("/admin/")
    make_car()
    started = time.monotonic()
    admin_client.get("/admin/crm/p1_car/")
    assert time.monotonic() - started < 5
