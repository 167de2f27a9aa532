from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from conftest import SameQueriesFor
from crm import access, users
from crm.models import Owner, PermissionSet, UserAccess
from crm.tests.api_world import new_api
from crm.tests.people import new_team, person, three
from crm.users import EmailTaken, Place, RightsExceeded

pytestmark = pytest.mark.django_db


def new_set(view: str, *switches: str) -> PermissionSet:
    return PermissionSet.objects.create(
        name=f"{view} {switches}", records={"": {"view": view}}, switches=list(switches)
    )


def test_a_new_user_is_an_owner_and_cannot_log_in_yet() -> None:
    user = users.add(" ada@example.com ", Place(permission_set=new_set("ALL")), access.EVERYTHING)
    assert not user.has_usable_password()
    assert Owner.objects.get().user == user
    assert access.of(user).scope("0-1", access.Verb.VIEW) is access.Scope.ALL


def test_an_owner_without_a_user_becomes_the_new_user() -> None:
    owner = Owner.objects.create(email="Ada@example.com", first_name="Ada")
    user = users.add("ada@example.com", Place(main_team=new_team("North")), access.EVERYTHING)
    owner.refresh_from_db()
    assert owner.user == user
    assert [group.team.name for group in user.groups.all()] == ["North"]


def test_an_address_belongs_to_one_user() -> None:
    person("ada")
    with pytest.raises(EmailTaken):
        users.add("ADA@example.com", Place(), access.EVERYTHING)
    with pytest.raises(ValidationError, match="valid email"):
        users.add("ada", Place(), access.EVERYTHING)


def test_who_has_no_address_is_in_no_team() -> None:
    user = User.objects.create(username="root", is_staff=True)
    users.put(user, Place(permission_set=new_set("ALL")), access.EVERYTHING)
    with pytest.raises(ValidationError, match="email address"):
        users.put(user, Place(main_team=new_team("North")), access.EVERYTHING)


def test_nobody_gives_a_permission_set_that_is_larger_than_the_own_one() -> None:
    chief = person("chief", new_set("TEAM", "manage_users")).access
    users.add("ada@example.com", Place(permission_set=new_set("OWN")), chief)
    for larger in (new_set("ALL"), new_set("OWN", "import")):
        with pytest.raises(RightsExceeded):
            users.add("bea@example.com", Place(permission_set=larger), chief)


def test_nobody_changes_a_user_who_may_do_more() -> None:
    chief = person("chief", new_set("TEAM", "manage_users")).access
    boss = User.objects.create_superuser("boss", "boss@example.com")
    peer = person("peer", new_set("ALL"))
    for other in (boss, peer.user):
        with pytest.raises(RightsExceeded):
            users.put(other, Place(), chief)
        with pytest.raises(RightsExceeded):
            users.shut_out(other, chief)
    User.objects.filter(pk=boss.pk).update(is_active=False)
    with pytest.raises(RightsExceeded):
        users.add("boss@example.com", Place(), chief)


def test_who_is_shut_out_loses_the_tokens_and_stays_in_histories() -> None:
    ada = person("ada", new_set("ALL"))
    api = new_api(user=ada.user)
    assert api.get("/crm/v3/owners").status == 200
    users.shut_out(ada.user, access.EVERYTHING)
    ada.owner.refresh_from_db()
    assert ada.owner.archived_at is not None
    assert UserAccess.objects.filter(user=ada.user).exists()
    assert api.get("/crm/v3/owners").status == 401


def test_the_last_superuser_stays() -> None:
    boss = User.objects.create_superuser("boss", "boss@example.com")
    with pytest.raises(ValidationError, match="last superuser"):
        users.shut_out(boss, access.EVERYTHING)
    User.objects.create_superuser("other", "other@example.com")
    users.shut_out(boss, access.EVERYTHING)


def test_the_api_asks_for_the_right_to_manage_users() -> None:
    people = three(switches=["api_tokens"])
    api = new_api(user=people.ada.user)
    assert api.get("/settings/v3/users").status == 403
    people.permission_set.switches = ["manage_users"]
    people.permission_set.save()
    assert api.get("/settings/v3/users").status == 200
    larger = str(new_set("ALL").pk)
    answer = api.post("/settings/v3/users", {"email": "new@example.com", "roleId": larger})
    assert answer.status == 403
    assert not User.objects.filter(email="new@example.com").exists()


def test_users_cost_the_same_queries_however_many(same_queries_for: SameQueriesFor) -> None:
    api = new_api()
    first = new_team("North")

    def make(size: int) -> int:
        made = [person(f"p{User.objects.count()}") for _ in range(size)]
        new_team(f"Team of {size}", *made)
        return size

    def run(size: int) -> None:
        answer = api.get("/settings/v3/users?limit=100")
        assert len(answer.body["results"]) > size
        assert api.get("/settings/v3/users/teams").body["results"][0]["id"] == str(first.pk)
        assert api.get("/crm/v3/owners").body["results"][0]["teams"]

    same_queries_for(make, run, sizes=(3, 40))
