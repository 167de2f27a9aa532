"""HubSpot's own Python library on lists, changed in nothing but the base URL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hubspot.crm import lists

from crm.models import List
from crm.tests.listing import any_of, build, city, follow
from tests.test_hubspot_client import Server, create_contact, server

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["server"]


@pytest.fixture
def api(server: Server) -> Any:
    return server.client.crm.lists


def new(api: Any, name: str, kind: str = "MANUAL", **more: Any) -> Any:
    given = lists.ListCreateRequest(object_type_id="0-1", processing_type=kind, name=name, **more)
    return api.lists_api.create(given).list


def refused(call: Any, *given: Any, **named: Any) -> lists.ApiException:
    with pytest.raises(lists.ApiException) as caught:
        call(*given, **named)
    return caught.value


def ids(server: Server, count: int) -> list[str]:
    made = [create_contact(server.client, email=f"p{n}@example.com") for n in range(count)]
    return [record.id for record in made]


def test_a_list_is_created_read_renamed_deleted_and_restored(api: Any) -> None:
    made = new(api, "VIP / 1")
    assert (made.name, made.size, made.list_version) == ("VIP / 1", 0, 1)
    assert (made.processing_type, made.processing_status) == ("MANUAL", "COMPLETE")
    assert isinstance(made.created_at, datetime)
    assert api.lists_api.get_by_id(made.list_id).list.list_id == made.list_id
    assert api.lists_api.get_by_name("vip / 1", "0-1").list.list_id == made.list_id
    renamed = api.lists_api.update_name(made.list_id, list_name="Guests").updated_list
    assert renamed.name == "Guests"
    assert [one.name for one in api.lists_api.get_all(list_ids=[made.list_id]).lists] == ["Guests"]
    api.lists_api.remove(made.list_id)
    assert refused(api.lists_api.get_by_id, made.list_id).status == 404
    api.lists_api.restore(made.list_id)
    assert api.lists_api.get_by_id(made.list_id).list.name == "Guests"


def test_a_dynamic_list_follows_its_filters(server: Server, api: Any) -> None:
    one, two = ids(server, 2)
    made = new(api, "Oslo", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    assert made.processing_status == "PROCESSING"
    build()
    properties = {"properties": {"city": "Oslo"}}
    server.client.crm.contacts.basic_api.update(one, properties)
    follow()
    found = api.lists_api.get_by_id(made.list_id, include_filters=True).list
    assert (found.size, found.processing_status) == (1, "COMPLETE")
    assert found.filter_branch.filter_branch_type == "OR"
    changed = api.lists_api.update_list_filters(
        made.list_id,
        {"filterBranch": any_of(city("Bergen"))},
        enroll_objects_in_workflows=False,
    ).updated_list
    assert (changed.list_version, changed.processing_status) == (2, "PROCESSING")
    assert List.objects.get().is_build_quiet
    build()
    assert api.lists_api.get_by_id(made.list_id).list.size == 0
    assert refused(api.memberships_api.add, made.list_id, [two]).status == 400


def test_a_snapshot_needs_filters_and_then_takes_members(server: Server, api: Any) -> None:
    [one] = ids(server, 1)
    assert refused(new, api, "Then", "SNAPSHOT").status == 400
    made = new(api, "Then", "SNAPSHOT", filter_branch=any_of(city("Oslo")))
    build()
    assert api.memberships_api.add(made.list_id, [one]).records_ids_added == [one]


def test_wrong_filters_and_names_are_refused(api: Any) -> None:
    new(api, "Guests")
    assert "already" in refused(new, api, "guests").body
    root = {"filterBranchType": "AND", "filters": [city("Oslo")], "filterBranches": []}
    error = refused(new, api, "Oslo", "DYNAMIC", filter_branch=root)
    assert (error.status, "OR branch" in error.body) == (400, True)
    assert List.objects.count() == 1


def test_lists_are_searched(server: Server, api: Any) -> None:
    first, second = new(api, "VIP one"), new(api, "VIP two")
    new(api, "Others")
    api.memberships_api.add(first.list_id, ids(server, 2))
    search = lists.ListSearchRequest(query="vip", count=1, offset=0)
    page = api.lists_api.do_search(search)
    assert (page.total, page.offset, page.has_more) == (2, 1, True)
    assert page.lists[0].list_id == first.list_id
    assert page.lists[0].additional_properties["hs_list_size"] == "2"
    assert page.lists[0].additional_properties["hs_list_reference_count"] == "0"
    last = api.lists_api.do_search(lists.ListSearchRequest(query="vip", count=1, offset=1))
    assert ([row.list_id for row in last.lists], last.has_more) == ([second.list_id], False)
    assert api.lists_api.do_search({}).total == 3


def test_members_are_added_removed_and_listed(server: Server, api: Any) -> None:
    made, members = new(api, "Guests"), api.memberships_api
    one, two, three = ids(server, 3)
    added = members.add(made.list_id, [one, two, "999999"])
    assert (added.records_ids_added, added.record_ids_missing) == ([one, two], ["999999"])
    assert members.add(made.list_id, [one]).records_ids_added == []
    both = members.add_and_remove(
        made.list_id,
        lists.MembershipChangeRequest(record_ids_to_add=[three], record_ids_to_remove=[one]),
    )
    assert (both.records_ids_added, both.record_ids_removed) == ([three], [one])
    page = members.get_page(made.list_id, limit=1)
    assert [row.record_id for row in page.results] == [two]
    assert isinstance(page.results[0].membership_timestamp, datetime)
    last = members.get_page(made.list_id, limit=1, after=page.paging.next.after)
    assert [row.record_id for row in last.results] == [three]
    back = members.get_page(made.list_id, before=last.paging.prev.before)
    assert [row.record_id for row in back.results] == [two]
    assert members.remove(made.list_id, [two, one]).record_ids_removed == [two]
    members.remove_all(made.list_id)
    assert members.get_page(made.list_id).results == []


def test_members_in_the_order_of_joining_and_from_another_list(server: Server, api: Any) -> None:
    first, second, members = new(api, "First"), new(api, "Second"), api.memberships_api
    one, two = ids(server, 2)
    members.add(first.list_id, [two])
    members.add(first.list_id, [one])
    page = members.get_page_ordered_by_added_to_list_date(first.list_id, limit=1)
    assert [row.record_id for row in page.results] == [two]
    after = page.paging.next.after
    last = members.get_page_ordered_by_added_to_list_date(first.list_id, limit=1, after=after)
    assert [row.record_id for row in last.results] == [one]
    members.add_all_from_list(second.list_id, first.list_id)
    assert [row.record_id for row in members.get_page(second.list_id).results] == [one, two]
    found = members.get_lists("0-1", one)
    assert [row.list_id for row in found.results] == [first.list_id, second.list_id]
    assert found.total == 2


def test_folders_hold_lists(api: Any) -> None:
    folders, made = api.folders_api, new(api, "Guests")
    top = folders.create(lists.ListFolderCreateRequest(name="Events", parent_folder_id="0")).folder
    inner = folders.create({"name": "2026", "parentFolderId": str(top.id)}).folder
    folders.move_list(lists.ListMoveRequest(list_id=made.list_id, new_folder_id=str(inner.id)))
    found = folders.get_all(folder_id=str(top.id)).folder
    assert [(node.name, node.child_lists) for node in found.child_nodes] == [
        ("2026", [int(made.list_id)])
    ]
    assert folders.rename(str(inner.id), new_folder_name="2027").folder.name == "2027"
    assert folders.move(str(inner.id), "0").folder.parent_folder_id == 0
    assert refused(folders.remove, str(inner.id)).status == 400
    folders.move_list({"listId": made.list_id, "newFolderId": "0"})
    folders.remove(str(inner.id))
    assert [node.name for node in folders.get_all().folder.child_nodes] == ["Events"]


def test_former_ids_are_the_ids(api: Any) -> None:
    made = new(api, "Guests")
    found = api.mapping_api.translate_legacy_list_id_to_list_id(legacy_list_id=made.list_id)
    assert found.list_id == made.list_id
    several = api.mapping_api.translate_legacy_list_id_to_list_id_batch([made.list_id, "999"])
    assert [row.list_id for row in several.legacy_list_ids_to_ids_mapping] == [made.list_id]
    assert several.missing_legacy_list_ids == ["999"]
