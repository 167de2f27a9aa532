"""Pages on which staff say who may see and change what."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crm import access, clock, sharing
from crm.access import Level, Scope, Verb
from crm.models import List, PermissionSet, Property, PropertyAccess, TeamMember
from crm.tests.browsing import main_text, queries_of
from crm.tests.people import People, new_team, person, three

pytestmark = pytest.mark.django_db
SETS = "/admin/crm/permissionset/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def given(form: Any) -> dict[str, Any]:
    """What a browser sends back of a form as it stands."""
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, False, "")}


def test_a_permission_set_is_written_as_a_table(admin_client: Client) -> None:
    page = admin_client.get(f"{SETS}add/")
    sent = given(page.context["form"]) | {
        "name": "Sales", "all-view": "TEAM", "all-edit": "OWN", "all-create": "ALL",
        "0-3-view": "ALL", "switch-import": "on",
    }  # fmt: skip
    assert admin_client.post(f"{SETS}add/", sent).status_code == 302
    made = PermissionSet.objects.get()
    rights = access.of_set(made)
    assert rights.scope("0-1", Verb.VIEW) is Scope.TEAM
    assert rights.scope("0-1", Verb.EDIT) is Scope.OWN
    assert rights.scope("0-3", Verb.VIEW) is Scope.ALL
    assert rights.scope("0-3", Verb.EDIT) is Scope.OWN
    assert rights.scope("0-3", Verb.DELETE) is Scope.NONE
    assert made.switches == ["import"]
    again = admin_client.get(f"{SETS}{made.pk}/change/")
    admin_client.post(f"{SETS}{made.pk}/change/", given(again.context["form"]))
    same = PermissionSet.objects.get()
    assert (same.records, same.switches) == (made.records, made.switches)


def test_a_permission_set_needs_a_name_of_its_own(admin_client: Client) -> None:
    PermissionSet.objects.create(name="Sales")
    sent = given(admin_client.get(f"{SETS}add/").context["form"]) | {"name": "Sales"}
    page = admin_client.post(f"{SETS}add/", sent)
    assert "already exists" in main_text(page)


def test_permission_sets_are_written_by_superusers_alone() -> None:
    people = three(switches=["manage_users"])
    client, url = client_of(people.ada.user), f"{SETS}{people.permission_set.pk}/change/"
    page = client.get(url)
    assert page.status_code == 200
    assert "Save" not in main_text(page)
    assert client.post(url, {"name": "Mine"}).status_code == 403
    assert client.get(f"{SETS}add/").status_code == 403


def test_a_set_that_somebody_has_is_not_deleted(admin_client: Client) -> None:
    people = three()
    assert admin_client.post(f"{SETS}{people.permission_set.pk}/delete/").status_code == 403
    free = PermissionSet.objects.create(name="Free")
    admin_client.post(f"{SETS}{free.pk}/delete/", {"post": "yes"})
    assert not PermissionSet.objects.filter(pk=free.pk).exists()


def test_a_user_gets_a_permission_set_and_teams(admin_client: Client) -> None:
    north, south = new_team("North"), new_team("South")
    usual = PermissionSet.objects.create(name="Usual")
    user = User.objects.create_user("ada", "ada@example.com", "x", is_staff=True)
    url = f"/admin/auth/user/{user.pk}/change/"
    sent = {
        "username": "ada", "email": "ada@example.com", "is_active": "on", "is_staff": "on",
        "date_joined_0": "2026-01-01", "date_joined_1": "00:00", "permission_set": usual.pk,
        "main_team": north.pk, "extra_teams": [south.pk, north.pk],
    }  # fmt: skip
    page = admin_client.post(url, sent)
    assert page.status_code == 302, page.context["errors"]
    found = TeamMember.objects.filter(owner__user=user)
    assert dict(found.values_list("team__name", "is_main")) == {"North": True, "South": False}
    assert set(User.objects.get(pk=user.pk).groups.all()) == {north.group, south.group}
    page = admin_client.get("/admin/auth/user/")
    assert "Usual" in main_text(page)
    assert "North" in main_text(page)
    assert "North" not in [
        str(group)
        for group in admin_client.get(url).context["adminform"].form.fields["groups"].queryset
    ]


def test_who_has_no_address_is_told_so_beside_the_team(admin_client: Client) -> None:
    user = User.objects.create_user("root", is_staff=True)
    sent = {
        "username": "root", "is_active": "on", "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00", "main_team": new_team("North").pk,
    }  # fmt: skip
    page = admin_client.post(f"/admin/auth/user/{user.pk}/change/", sent)
    assert page.context["adminform"].form.errors == {
        "main_team": ["Only users with an email address can be in a team."]
    }


def test_who_manages_users_gives_no_more_than_own_rights() -> None:
    people = three(switches=["manage_users"])
    client = client_of(people.ada.user)
    url = f"/admin/auth/user/{people.bea.user.pk}/change/"
    page = client.get(url)
    assert "Superuser status" not in main_text(page)
    larger = PermissionSet.objects.create(name="All", records={"": {"view": "ALL"}})
    sent = {
        "username": "bea", "email": "bea@example.com", "is_active": "on", "is_staff": "on",
        "permission_set": larger.pk, "is_superuser": "on",
    }  # fmt: skip
    page = client.post(url, sent)
    assert list(page.context["adminform"].form.errors) == ["permission_set"]
    assert client.post(url, sent | {"permission_set": people.permission_set.pk}).status_code == 302
    assert not User.objects.get(pk=people.bea.user.pk).is_superuser


def test_who_manages_users_does_not_touch_superusers() -> None:
    people = three(switches=["manage_users"])
    chief = User.objects.create_superuser("chief", is_active=False)
    client = client_of(people.ada.user)
    url = f"/admin/auth/user/{chief.pk}"
    assert client.post(f"{url}/change/", {"username": "x", "is_active": "on"}).status_code == 403
    assert client.get(f"{url}/password/").status_code == 403
    assert client.post(f"{url}/delete/", {"post": "yes"}).status_code == 403


def test_a_team_is_made_with_its_members(admin_client: Client) -> None:
    ada = person("ada")
    above = new_team("Above")
    sent = {"name": "North", "parent": above.pk, "members": [ada.owner.pk]}
    assert admin_client.post("/admin/crm/team/add/", sent).status_code == 302
    (member,) = TeamMember.objects.all()
    assert (member.owner, member.is_main) == (ada.owner, True)
    url = f"/admin/crm/team/{above.pk}/change/"
    page = admin_client.post(url, {"name": "Above", "parent": member.team_id})
    assert "part of itself" in main_text(page)
    admin_client.post(f"/admin/crm/team/{member.team_id}/delete/", {"post": "yes"})
    assert not ada.user.groups.exists()


def test_access_to_a_property_is_decided_on_its_page(admin_client: Client) -> None:
    people = three()
    phone = Property.objects.get(object_type="0-1", name="phone")
    url = f"/admin/crm/property/{phone.pk}/access/"
    team = f"team-{people.team.pk}"
    sent = {"everybody": str(Level.NONE.value), "add": team, "add_level": str(Level.EDIT.value)}
    page = admin_client.post(url, sent | {"_continue": "1"}, follow=True)
    assert "Team North" in main_text(page)
    assert people.ada.access.levels("0-1") == {}
    assert people.cy.access.levels("0-1") == {"phone": Level.NONE}
    assert "no access" in main_text(admin_client.get(f"/admin/crm/property/{phone.pk}/change/"))
    sent = {"everybody": str(Level.EDIT.value), team: "", "add_level": str(Level.VIEW.value)}
    admin_client.post(url, sent)
    assert not PropertyAccess.objects.exists()


def test_nobody_opens_a_property_for_themselves() -> None:
    people = three(switches=["edit_properties", "manage_users"])
    phone = Property.objects.get(object_type="0-1", name="phone")
    url = f"/admin/crm/property/{phone.pk}/access/"
    client = client_of(people.ada.user)
    assert client.get(url).status_code == 200
    rule = PropertyAccess.objects.create(definition=phone, level=Level.VIEW)
    assert client.get(url).status_code == 403
    PropertyAccess.objects.filter(pk=rule.pk).update(level=Level.NONE)
    assert client.get(url).status_code == 404
    assert client.get(f"/admin/crm/property/{phone.pk}/change/").status_code == 302


@pytest.fixture
def people(db: None) -> People:
    return three(switches=["view_lists", "manage_lists"])


def test_a_list_is_shared_on_a_page_of_its_own(people: People) -> None:
    friends = List.objects.create(name="Friends", object_type="0-1", created_at=clock.now())
    client, url = client_of(people.ada.user), f"/admin/crm/list/{friends.pk}"
    assert "Everybody whose" in main_text(client.get(f"{url}/change/"))
    sent = {"audience": "some", "add": f"user-{people.bea.user.pk}", "add_level": "view"}
    assert client.post(f"{url}/sharing/", sent).status_code == 302
    page = main_text(client.get(f"{url}/change/"))
    assert "bea" in page
    # Who closes it stays inside.
    assert sharing.may_edit(people.ada.user, friends)
    assert client_of(people.bea.user).get(f"{url}/sharing/").status_code == 403
    assert client_of(people.bea.user).get(f"{url}/change/").status_code == 200
    stranger = client_of(people.cy.user)
    assert stranger.get(f"{url}/sharing/").status_code == 404
    assert stranger.get(f"{url}/change/").status_code == 404
    assert "Friends" not in main_text(stranger.get("/admin/crm/list/"))
    client.post(f"{url}/sharing/", {"audience": "everybody", "add_level": "view"})
    assert stranger.get(f"{url}/change/").status_code == 200


def test_pages_cost_the_same_queries_however_many_people(admin_client: Client) -> None:
    people = three()
    pages = ["/admin/auth/user/", "/admin/crm/team/", SETS]
    before = [len(queries_of(admin_client, page)) for page in pages]
    new_team("East", *(person(f"p{n}", people.permission_set) for n in range(30)))
    assert [len(queries_of(admin_client, page)) for page in pages] == before
