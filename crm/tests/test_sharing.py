from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import get_objects_for_user

from conftest import SameQueriesFor
from crm import access, clock, sharing
from crm.models import List
from crm.tests.people import People, three

pytestmark = pytest.mark.django_db


def new_list(name: str = "Friends") -> List:
    return List.objects.create(name=name, object_type="0-1", created_at=clock.now())


def seen(user: User, verb: str = sharing.VIEW) -> set[str]:
    return {item.name for item in sharing.open_to(user, List.objects.all(), verb)}


@pytest.fixture
def people(db: None) -> People:
    return three()


def test_a_list_is_open_until_it_is_shared(people: People) -> None:
    friends = new_list()
    assert seen(people.cy.user) == {"Friends"}
    sharing.share(friends, viewers=[people.bea.user], editors=[people.ada.user])
    assert seen(people.cy.user) == set()
    assert seen(people.bea.user) == {"Friends"}
    assert not sharing.may_edit(people.bea.user, friends)
    assert sharing.may_edit(people.ada.user, friends)
    sharing.unshare(friends)
    assert sharing.may_edit(people.cy.user, friends)


def test_a_list_is_shared_with_a_team(people: People) -> None:
    sharing.share(new_list(), editors=[people.team.group])
    assert seen(people.bea.user, sharing.EDIT) == {"Friends"}
    assert seen(people.cy.user) == set()


def test_superusers_see_every_list(people: People) -> None:
    sharing.share(new_list())
    assert seen(User.objects.create_superuser("chief")) == {"Friends"}
    assert seen(people.ada.user) == set()


def test_a_list_stays_closed_when_its_last_reader_goes(people: People) -> None:
    friends = new_list()
    sharing.share(friends, viewers=[people.bea.user])
    people.bea.owner.delete()
    people.bea.user.delete()
    assert seen(people.cy.user) == set()


def test_who_has_what_is_told(people: People) -> None:
    friends = new_list()
    assert sharing.shared_with(friends) == ({}, False)
    sharing.share(friends, viewers=[people.team.group], editors=[people.cy.user])
    expected: dict[User | Group, str] = {people.cy.user: "change", people.team.group: "view"}
    assert sharing.shared_with(friends) == (expected, True)


def test_guardian_says_the_same(people: People) -> None:
    friends = new_list()
    sharing.share(friends, viewers=[people.team.group])
    assert list(get_objects_for_user(people.bea.user, "crm.view_list")) == [friends]
    assert people.bea.user.has_perm("crm.view_list", friends)
    assert not people.cy.user.has_perm("crm.view_list", friends)


def test_the_same_queries_however_many_lists(
    people: People, same_queries_for: SameQueriesFor
) -> None:
    def make(size: int) -> int:
        made = List.objects.bulk_create(
            List(name=f"{size} {n}", object_type="0-1", is_restricted=True) for n in range(size)
        )
        sharing.share(made[0], viewers=[people.bea.user])
        List.objects.exclude(name__startswith=f"{size} ").delete()
        return size

    def run(_: int) -> None:
        access.forget(people.bea.user)
        access.forget(people.cy.user)
        assert len(seen(people.bea.user)) == 1
        assert seen(people.cy.user) == set()

    assert same_queries_for(make, run, sizes=(10, 1000)) == 4


def test_asking_is_one_subquery(people: People) -> None:
    sharing.share(new_list(), viewers=[people.bea.user])
    seen(people.bea.user)
    with CaptureQueriesContext(connection) as captured:
        seen(people.bea.user)
    assert len(captured) == 1
