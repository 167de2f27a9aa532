"""HubSpot's own Python library adds, reads, changes and removes users."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from hubspot import HubSpot
from hubspot.settings import users as words
from hubspot.settings.users.exceptions import ApiException
from pytest_django.live_server_helper import LiveServer

from crm.api import scopes, tokens
from crm.models import Owner, PermissionSet
from crm.tests.people import new_team, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hubspot(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    # The library keeps its sockets, hence the server its threads: they must not keep the database.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    user = User.objects.create_superuser("ines", "ines@example.com")
    _, secret = tokens.issue("contract tests", user, scopes.known())
    url = live_server.url
    return HubSpot(access_token=secret, host=url, base_url=url)


@pytest.fixture
def client(hubspot: Any) -> Any:
    return hubspot.settings.users


def status_of(call: Any, *args: Any, **named: Any) -> int:
    with pytest.raises(ApiException) as caught:
        call(*args, **named)
    status: int = caught.value.status
    return status


def test_a_user_is_added_read_changed_and_removed(client: Any) -> None:
    role = PermissionSet.objects.create(name="Sales", records={"": {"view": "ALL"}})
    north, south, west = new_team("North"), new_team("South"), new_team("West")
    api = client.users_api
    given = words.UserProvisionRequest(
        email="ada@example.com",
        role_id=str(role.pk),
        primary_team_id=str(north.pk),
        secondary_team_ids=[str(south.pk), str(west.pk)],
        send_welcome_email=False,
    )
    made = api.create(given)
    assert made.email == "ada@example.com"
    assert (made.role_id, made.role_ids) == (str(role.pk), [str(role.pk)])
    assert made.primary_team_id == str(north.pk)
    assert made.secondary_team_ids == [str(south.pk), str(west.pk)]
    assert made.super_admin is False
    assert api.get_by_id(made.id) == made
    assert api.get_by_id("ADA@example.com", id_property="EMAIL") == made
    change = words.PublicUserUpdate(primary_team_id=str(south.pk), secondary_team_ids=[])
    changed = api.replace(made.id, change)
    assert (changed.primary_team_id, changed.secondary_team_ids) == (str(south.pk), [])
    assert changed.role_id == str(role.pk)
    api.archive("ada@example.com", id_property="EMAIL")
    assert status_of(api.get_by_id, made.id) == 404
    assert not User.objects.get(pk=made.id).is_active
    again = api.create(
        words.UserProvisionRequest(email="ada@example.com", send_welcome_email=False)
    )
    assert again.id == made.id
    assert again.role_ids == []


def test_users_are_listed_page_by_page(client: Any) -> None:
    people = [User.objects.get().pk, *(person(name).user.pk for name in ("ada", "bea", "cy"))]
    first = client.users_api.get_page(limit=3)
    assert [user.id for user in first.results] == [str(key) for key in people[:3]]
    second = client.users_api.get_page(limit=3, after=first.paging.next.after)
    assert [user.id for user in second.results] == [str(people[3])]
    assert second.paging is None
    assert first.results[0].super_admin is True


def test_roles_and_teams_are_listed(client: Any) -> None:
    role = PermissionSet.objects.create(name="Sales")
    ada, bea = person("ada"), person("bea")
    north, south = new_team("North", ada, bea), new_team("South", ada)
    (shown,) = client.roles_api.get_all().results
    assert (shown.id, shown.name, shown.requires_billing_write) == (str(role.pk), "Sales", False)
    teams = {team.id: team for team in client.teams_api.get_all().results}
    assert teams[str(north.pk)].user_ids == [str(ada.user.pk), str(bea.user.pk)]
    assert teams[str(north.pk)].secondary_user_ids == []
    assert teams[str(south.pk)].secondary_user_ids == [str(ada.user.pk)]


def test_owners_carry_their_teams(hubspot: Any, client: Any) -> None:
    given = words.UserProvisionRequest(
        email="ada@example.com",
        primary_team_id=str(new_team("North").pk),
        secondary_team_ids=[str(new_team("South").pk)],
        send_welcome_email=False,
    )
    client.users_api.create(given)
    owner = hubspot.crm.owners.owners_api.get_by_id(Owner.objects.get().pk)
    assert [(team.name, team.primary) for team in owner.teams] == [
        ("North", True),
        ("South", False),
    ]


def test_what_cannot_be_is_refused(client: Any) -> None:
    api = client.users_api
    person("ada")

    def asked(**given: Any) -> int:
        body = {"email": "new@example.com", "send_welcome_email": False} | given
        return status_of(api.create, words.UserProvisionRequest(**body))

    assert asked(email="ADA@example.com") == 409
    assert asked(email="nobody") == 400
    assert asked(role_id="77") == 400
    assert asked(primary_team_id="77") == 400
    assert asked(secondary_team_ids=["x"]) == 400
    assert asked(send_welcome_email=True) == 400
    assert status_of(api.get_by_id, "77") == 404
    assert status_of(api.get_by_id, "1", id_property="NAME") == 400
    assert status_of(api.archive, str(User.objects.get(username="ines").pk)) == 400
    assert not User.objects.filter(username="new@example.com").exists()
