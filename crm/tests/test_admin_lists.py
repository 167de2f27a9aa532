from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from crm import clock
from crm.admin.filter_builder.drawing import dump, read
from crm.admin.list_picture import draw
from crm.filters import scopes
from crm.lists import conversion, editing, folders, membership
from crm.models import List, ListFolder
from crm.tests.browsing import main_text, queries_of, viewer
from crm.tests.listing import active, any_of, build, city, follow, in_list, members, static
from crm.tests.writing import people, select

pytestmark = pytest.mark.django_db

INDEX = "/admin/crm/list/"
ADD = f"{INDEX}add/"


def url(target: List, page: str = "change") -> str:
    return f"{INDEX}{target.pk}/{page}/"


def drawn(*groups: Any) -> str:
    """Filters as the builder writes them into its hidden input."""
    return dump(read(any_of(*groups), scopes.load("0-1")))


def test_a_static_list_is_made_on_one_page(admin_client: Client) -> None:
    folder = folders.create("Events")
    given = {"name": "Guests", "object_type": "0-1", "processing_type": "MANUAL"}
    response = admin_client.post(ADD, given | {"folder": folder.pk})
    made = List.objects.get()
    assert response["Location"] == url(made)
    assert (made.name, made.processing_type, made.folder) == ("Guests", "MANUAL", folder)
    assert made.created_by is not None
    again = main_text(admin_client.post(ADD, given))
    assert "There is a list with the name 'Guests' already." in again


def test_an_active_list_is_asked_for_its_filters_on_a_second_page(admin_client: Client) -> None:
    given = {"name": "Oslo", "object_type": "0-1", "processing_type": "DYNAMIC", "folder": ""}
    second = admin_client.post(ADD, given)["Location"]
    assert not List.objects.exists()
    assert "Who is in Oslo" in main_text(admin_client.get(second))
    assert "Add at least one filter." in main_text(admin_client.post(second, {}))
    response = admin_client.post(second, {"filter_branch": drawn(city("Oslo"))})
    made = List.objects.get()
    assert response["Location"] == url(made)
    assert (made.name, made.processing_status) == ("Oslo", "PROCESSING")
    assert made.filter_branch["filterBranches"][0]["filters"][0]["property"] == "city"


def test_the_index_finds_lists_by_object_kind_and_folder(admin_client: Client) -> None:
    folder = folders.create("Events")
    guests, _ = static("Guests"), active("Oslo", city("Oslo"))
    static("Firms", "0-2")
    folders.put(guests, folder)
    for query, names in [
        ("", {"Guests", "Oslo", "Firms"}),
        ("?q=gue", {"Guests"}),
        ("?object_type=0-2", {"Firms"}),
        ("?kind=DYNAMIC", {"Oslo"}),
        (f"?folder={folder.pk}", {"Guests"}),
        ("?folder=none", {"Oslo", "Firms"}),
        ("?folder=x&kind=x", set()),
    ]:
        links = admin_client.get(INDEX + query).content.decode()
        found = {row.name for row in List.objects.all() if f'href="{url(row)}' in links}
        assert found == names, query


def test_the_index_costs_the_same_queries_for_any_number_of_lists(admin_client: Client) -> None:
    static("First")
    before = len(queries_of(admin_client, INDEX))
    for number in range(20):
        static(f"List {number}")
    assert len(queries_of(admin_client, INDEX)) == before


def test_the_page_of_an_active_list_says_what_it_asks_and_who_is_in_it(
    admin_client: Client,
) -> None:
    oslo = active("Oslo", city("Oslo"))
    active("Follower", in_list(oslo))
    people(2, city="Oslo")
    follow()
    page = main_text(admin_client.get(url(oslo)))
    assert "p1@example.com" in page
    assert "Used by Follower list" in page.replace("link Used", "Used")
    assert "Remove" not in page
    assert "Size in 90 days" in page
    assert 'role="img"' in admin_client.get(url(oslo)).content.decode()


def test_members_are_shown_page_by_page(admin_client: Client) -> None:
    guests = static("Guests")
    ids = people(60)
    membership.add(guests, select(ids))
    first = admin_client.get(url(guests)).content.decode()
    assert ("p59@example.com" in first, "p9@example.com" in first) == (True, False)
    assert f"?before={ids[10]}" in first
    second = main_text(admin_client.get(f"{url(guests)}?before={ids[10]}"))
    assert ("p9@example.com" in second, "p59@example.com" in second) == (True, False)


def test_records_are_added_by_id_by_address_and_by_search(admin_client: Client) -> None:
    guests = static("Guests")
    one, two, three = people(3)
    membership.add(guests, select([three]))
    given = f"{one}, P1@EXAMPLE.com\n{three};nobody@example.com 999999"
    response = admin_client.post(url(guests, "members"), {"records": given}, follow=True)
    page = main_text(response)
    assert members(guests) == [one, two, three]
    assert "2 added, 1 in the list already." in page
    assert "Not found: nobody@example.com, 999999." in page
    found = main_text(admin_client.get(f"{url(guests)}?find=p1@example"))
    assert "p1@example.com in the list" in found
    assert "Nobody has these words" in main_text(admin_client.get(f"{url(guests)}?find=zzz"))


def test_an_active_list_takes_nobody(admin_client: Client) -> None:
    oslo = active("Oslo", city("Oslo"))
    one, two = people(2)
    set_in = people(1, start=9, city="Oslo")
    follow()
    page = admin_client.post(url(oslo, "members"), {"records": str(one)}, follow=True)
    assert "active list" in main_text(page)
    admin_client.post(url(oslo, f"remove/{set_in[0]}"))
    assert members(oslo) == set_in
    assert two


def test_filters_are_changed_with_or_without_starting_workflows(admin_client: Client) -> None:
    oslo = active("Town", city("Oslo"))
    given = {"name": "Town", "folder": "", "convert": "never"}
    stored = dump(read(List.objects.get().filter_branch, scopes.load("0-1")))
    same = {"filter_branch": stored, "starts_workflows": "on"}
    admin_client.post(url(oslo, "edit"), given | same)
    assert List.objects.get().version == 1
    admin_client.post(url(oslo, "edit"), given | {"filter_branch": drawn(city("Bergen"))})
    changed = List.objects.get()
    assert (changed.version, changed.is_build_quiet) == (2, True)
    build()
    loud = {"filter_branch": drawn(city("Rome")), "starts_workflows": "on"}
    admin_client.post(url(oslo, "edit"), given | loud)
    assert not List.objects.get().is_build_quiet


def test_what_filters_cannot_be_stands_beside_them(admin_client: Client) -> None:
    oslo = active("Oslo", city("Oslo"))
    given = {"name": "Oslo", "folder": "", "convert": "never"}
    page = admin_client.post(url(oslo, "edit"), given | {"filter_branch": drawn(in_list(oslo))})
    assert "The filters lead back to this list itself." in main_text(page)
    assert List.objects.get().version == 1


def test_a_conversion_is_planned_and_called_off(admin_client: Client) -> None:
    oslo = active("Oslo", city("Oslo"))
    given = {
        "name": "Oslo", "folder": "", "filter_branch": drawn(city("Oslo")),
        "starts_workflows": "on", "convert_unit": "WEEK",
    }  # fmt: skip
    page = admin_client.post(url(oslo, "edit"), given | {"convert": "day"})
    assert "Choose the day." in main_text(page)
    page = admin_client.post(
        url(oslo, "edit"), given | {"convert": "day", "convert_on": "2000-01-01"}
    )
    assert "The day is over already." in main_text(page)
    admin_client.post(url(oslo, "edit"), given | {"convert": "inactivity", "convert_after": "2"})
    planned = List.objects.get()
    assert (planned.convert_after, planned.convert_unit) == (2, "WEEK")
    assert "after 2 quiet weeks" in main_text(admin_client.get(url(oslo)))
    admin_client.post(url(oslo, "edit"), given | {"convert": "never"})
    assert List.objects.get().convert_after is None


def test_a_list_is_made_static_after_a_question(admin_client: Client) -> None:
    oslo = active("Oslo", city("Oslo"))
    assert "It cannot be made active again." in main_text(
        admin_client.get(url(oslo, "make-static"))
    )
    assert List.objects.get().is_dynamic
    admin_client.post(url(oslo, "make-static"))
    assert List.objects.get().processing_type == "SNAPSHOT"
    page = main_text(admin_client.post(url(oslo, "make-static"), follow=True))
    assert "static already" in page


def test_a_clone_opens(admin_client: Client) -> None:
    oslo = active("Oslo", city("Oslo"))
    assert admin_client.get(url(oslo, "clone")).status_code == 405
    page = main_text(admin_client.post(url(oslo, "clone"), follow=True))
    assert "This is Copy of Oslo." in page


def test_deleting_says_who_uses_it_and_can_be_undone(admin_client: Client) -> None:
    guests = static("Guests")
    active("Invited", in_list(guests))
    assert "list Invited" in main_text(admin_client.get(url(guests, "delete")))
    admin_client.post(url(guests, "delete"))
    assert admin_client.get(url(guests)).status_code == 404
    page = admin_client.get(f"{INDEX}deleted/")
    assert "Guests" in main_text(page)
    static("Guests")
    page = admin_client.post(f"{INDEX}deleted/", {"id": guests.pk}, follow=True)
    assert "already" in main_text(page)
    editing.rename(List.objects.get(name="Guests", archived_at=None), "Others")
    admin_client.post(f"{INDEX}deleted/", {"id": guests.pk})
    assert admin_client.get(url(guests)).status_code == 200
    assert admin_client.post(f"{INDEX}deleted/", {"id": "x"}).status_code == 404


def test_what_was_deleted_long_ago_is_not_offered(admin_client: Client) -> None:
    guests = static("Guests")
    with clock.at(datetime(2020, 1, 1, tzinfo=UTC)):
        editing.delete(guests)
    assert "No list was deleted" in main_text(admin_client.get(f"{INDEX}deleted/"))


def test_the_page_says_how_far_the_list_is_filled(admin_client: Client) -> None:
    people(4)
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    assert "Being filled" in main_text(admin_client.get(url(made)))
    progress = admin_client.get(url(made, "progress")).content.decode()
    assert ("hx-get" in progress, 'value="0"' in progress) == (True, True)
    build()
    progress = admin_client.get(url(made, "progress")).content.decode()
    assert ("hx-get" in progress, "The list is filled." in progress) == (False, True)


def test_who_may_only_look_is_offered_nothing_else() -> None:
    guests = static("Guests")
    client = viewer("view_list", "view_contact")
    page = main_text(client.get(url(guests)))
    assert ("Guests" in page, "Edit" in page, "Delete" in page) == (True, False, False)
    for name in ("edit", "make-static", "delete"):
        assert client.get(url(guests, name)).status_code == 403
    for name in ("members", "clone", "remove/1"):
        assert client.post(url(guests, name), {"records": "1"}).status_code == 403
    for address in (ADD, f"{INDEX}deleted/"):
        assert client.get(address).status_code == 403


def test_folders_are_made_moved_and_deleted_when_empty(admin_client: Client) -> None:
    base = "/admin/crm/listfolder/"
    admin_client.post(f"{base}add/", {"name": "Events", "parent": ""})
    top = ListFolder.objects.get()
    admin_client.post(f"{base}add/", {"name": "2026", "parent": top.pk})
    inner = ListFolder.objects.get(name="2026")
    assert inner.parent == top
    page = admin_client.post(f"{base}{top.pk}/change/", {"name": "Events", "parent": inner.pk})
    assert "cannot be moved into itself" in main_text(page)
    assert admin_client.post(f"{base}{top.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(f"{base}{inner.pk}/change/", {"name": "2027", "parent": ""})
    assert list(ListFolder.objects.filter(name="2027", parent=None)) == [inner]
    admin_client.post(f"{base}{inner.pk}/delete/", {"post": "yes"})
    assert list(ListFolder.objects.values_list("name", flat=True)) == ["Events"]


def test_a_picture_shows_the_size_from_least_to_most() -> None:
    days = [date(2026, 3, 1) + timedelta(days=number) for number in range(3)]
    assert draw([(day, 0) for day in days]) is None
    picture = draw(list(zip(days, [0, 10, 5], strict=True)))
    assert picture is not None
    assert picture.line == "0.0,114.0 300.0,6.0 600.0,60.0"
    assert (picture.least, picture.most) == (0, 10)
    assert picture.text.startswith("From 0 on 01 March to 5 on 03 March")
    flat = draw([(day, 7) for day in days])
    assert flat is not None
    assert flat.line == "0.0,114.0 300.0,114.0 600.0,114.0"


def test_the_day_of_a_conversion_is_shown(admin_client: Client) -> None:
    oslo = active("Oslo", city("Oslo"))
    day = conversion.today() + timedelta(days=3)
    conversion.schedule(oslo, day)
    assert f"{day.day} {day:%b} {day.year}" in main_text(admin_client.get(url(oslo)))
