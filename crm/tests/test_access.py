from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conftest import SameQueriesFor
from crm import access, teams
from crm.access import Access, Level, Scope, Verb
from crm.models import Owner, PermissionSet, Property, PropertyAccess, Record, Team, TeamMember
from crm.tests.people import Person, new_team, person, three
from crm.tests.writing import contacts

pytestmark = pytest.mark.django_db

CONTACT, DEAL = "0-1", "0-3"


def of(one: Person, **values: str) -> int:
    (key,) = contacts({"hubspot_owner_id": str(one.owner.pk), **values})
    return key


def seen(who: Access, verb: Verb = Verb.VIEW) -> set[int]:
    found = who.narrow(Record.objects.filter(object_type=CONTACT), CONTACT, verb)
    return set(found.values_list("pk", flat=True))


def rule(name: str, level: Level, *, who: Person | None = None, team: Team | None = None) -> None:
    PropertyAccess.objects.create(
        definition=Property.objects.get(object_type=CONTACT, name=name),
        user=who.user if who else None,
        team=team,
        level=level,
    )


def test_superusers_and_programs_of_the_account_see_everything() -> None:
    chief = User.objects.create_superuser("chief")
    assert access.visible(chief, CONTACT) is None
    assert access.visible(None, CONTACT) is None
    assert access.may(chief, CONTACT, Verb.DELETE)
    assert access.of(chief).can("import")


def test_who_has_no_permission_set_sees_nothing() -> None:
    nobody = person("nobody")
    of(nobody)
    assert seen(nobody.access) == set()
    assert not access.may(nobody.user, CONTACT, Verb.CREATE)
    assert not nobody.access.can("import")


def test_who_is_not_active_may_nothing() -> None:
    people = three()
    people.ada.user.is_active = False
    assert people.ada.access.scope(CONTACT, Verb.VIEW) is Scope.NONE


def test_scopes_are_own_team_and_everything() -> None:
    people = three()
    mine, hers, his, nobodys = of(people.ada), of(people.bea), of(people.cy), contacts({})[0]
    assert seen(people.ada.access) == {mine, hers}
    assert seen(people.ada.access, Verb.EDIT) == {mine}
    assert seen(people.cy.access) == {his}
    people.permission_set.records = {"": {"view": "ALL"}}
    people.permission_set.save()
    assert seen(people.cy.access) == {mine, hers, his, nobodys}
    assert seen(people.cy.access, Verb.EDIT) == set()


def test_what_is_not_seen_is_not_edited_either() -> None:
    people = three({"": {"view": "OWN", "edit": "ALL", "delete": "ALL"}})
    mine = of(people.ada)
    of(people.cy)
    assert seen(people.ada.access, Verb.EDIT) == {mine}
    assert seen(people.ada.access, Verb.DELETE) == {mine}


def test_records_without_an_owner_are_a_switch_of_their_own() -> None:
    people = three()
    (nobodys,) = contacts({})
    assert nobodys not in seen(people.ada.access)
    PermissionSet.objects.update(sees_unassigned=True)
    assert nobodys in seen(people.ada.access)


def test_an_object_type_may_have_a_rule_of_its_own() -> None:
    people = three({"": {"view": "ALL"}, CONTACT: {"view": "NONE"}})
    assert people.ada.access.scope(CONTACT, Verb.VIEW) is Scope.NONE
    assert people.ada.access.scope(DEAL, Verb.VIEW) is Scope.ALL


def test_a_team_above_sees_what_the_teams_below_own() -> None:
    people = three()
    chief = person("chief", people.permission_set)
    new_team("World", chief)
    teams_above = people.team
    teams_above.parent_id = new_team("Europe", chief).pk
    teams.save(teams_above)
    mine, hers = of(chief), of(people.ada)
    assert seen(chief.access) == {mine, hers}
    assert seen(people.ada.access) == {hers}


def test_a_permission_of_django_counts_for_every_record() -> None:
    nobody = person("nobody")
    mine = of(person("somebody"))
    nobody.user.user_permissions.set(Permission.objects.filter(codename="view_contact"))
    assert seen(nobody.access) == {mine}
    assert nobody.access.scope(CONTACT, Verb.EDIT) is Scope.NONE


def test_records_of_several_types_are_asked_for_at_once() -> None:
    people = three({"": {"view": "ALL"}, CONTACT: {"view": "OWN"}, DEAL: {"view": "NONE"}})
    of(people.bea)
    mine = of(people.ada)
    now = Record.objects.get(pk=mine).created_at
    company, _ = (
        Record.objects.create(object_type=kind, created_at=now, updated_at=now).pk
        for kind in ("0-2", DEAL)
    )
    found = people.ada.access.narrow_among(Record.objects.all())
    assert set(found.values_list("pk", flat=True)) == {mine, company}
    assert people.ada.access.visible_among(["0-2"]) is None


def test_the_nearest_rule_of_a_property_decides() -> None:
    people = three()
    rule("phone", Level.VIEW)
    rule("phone", Level.NONE, team=people.team)
    rule("phone", Level.EDIT, who=people.bea)
    rule("city", Level.NONE, team=people.team)
    levels = {one: one.access.levels(CONTACT) for one in (people.ada, people.bea, people.cy)}
    assert levels[people.ada] == {"phone": Level.NONE, "city": Level.NONE}
    assert levels[people.bea] == {"city": Level.NONE}
    assert levels[people.cy] == {"phone": Level.VIEW}
    assert people.ada.access.levels(DEAL) == {}


def test_of_several_teams_the_best_rule_counts() -> None:
    people = three()
    second = new_team("Second", people.ada)
    rule("phone", Level.NONE, team=people.team)
    rule("phone", Level.VIEW, team=second)
    assert people.ada.access.levels(CONTACT) == {"phone": Level.VIEW}


def test_hidden_properties_are_no_definitions_and_seen_ones_are_read_only() -> None:
    people = three()
    rule("phone", Level.NONE)
    rule("city", Level.VIEW)
    found = people.ada.access.definitions(CONTACT)
    assert "phone" not in found
    assert found["city"].is_read_only
    assert not found["firstname"].is_read_only
    assert "phone" in access.EVERYTHING.definitions(CONTACT)


def test_permission_sets_speak_to_django() -> None:
    user = three({"": {"view": "OWN"}}, ["manage_lists"]).ada.user
    assert user.has_perm("crm.view_contact")
    assert not user.has_perm("crm.change_contact")
    assert user.has_perm("crm.change_list")
    assert not user.has_perm("crm.view_property")
    assert user.has_module_perms("crm")
    assert not user.has_module_perms("auth")


def test_nobody_gives_rights_that_they_lack() -> None:
    def made(view: str, *switches: str) -> Access:
        return Access(records={"": {"view": view}}, switches=frozenset(switches))

    assert made("TEAM", "import").covers(made("OWN"))
    assert not made("OWN").covers(made("TEAM"))
    assert not made("ALL").covers(made("ALL", "import"))
    assert not made("ALL").covers(access.EVERYTHING)
    assert access.EVERYTHING.covers(made("ALL", "import"))


def test_a_user_is_read_in_one_query() -> None:
    user = three().ada.user
    with CaptureQueriesContext(connection) as captured:
        assert access.may(user, CONTACT, Verb.VIEW)
        assert access.visible(user, DEAL) is not None
        assert access.property_access(user, CONTACT) == {}
        assert access.of(user).permissions
    queries = [query["sql"] for query in captured if "crm_useraccess" in query["sql"]]
    assert len(queries) == 1


def test_the_same_queries_however_many_records(same_queries_for: SameQueriesFor) -> None:
    people = three()

    def make(size: int) -> list[int]:
        return contacts(*[{"hubspot_owner_id": str(people.ada.owner.pk)}] * size)

    def run(ids: list[int]) -> None:
        assert people.bea.access.allowed(CONTACT, ids, Verb.VIEW) == set(ids)
        assert people.cy.access.allowed(CONTACT, ids, Verb.VIEW) == set()

    assert same_queries_for(make, run) == 4


def test_teams_make_no_circle() -> None:
    above = new_team("Above")
    below = new_team("Below", parent=above)
    above.parent = below
    with pytest.raises(ValidationError, match="part of itself"):
        teams.save(above)


def test_members_of_a_team_are_in_its_group() -> None:
    ada, bea = person("ada"), person("bea")
    team = new_team("North", ada, bea)
    assert set(team.group.user_set.all()) == {ada.user, bea.user}
    teams.fill(team, [bea.owner])
    assert set(team.group.user_set.all()) == {bea.user}
    Owner.objects.filter(pk=ada.owner.pk).update(user=None)
    Owner.objects.filter(pk=bea.owner.pk).update(user=ada.user)
    teams.mirror()
    assert set(team.group.user_set.all()) == {ada.user}
    teams.delete(team)
    assert not ada.user.groups.exists()


def test_an_owner_has_one_main_team() -> None:
    ada = person("ada")
    north, south = new_team("North", ada), new_team("South", ada)

    def places() -> dict[str, bool]:
        found = TeamMember.objects.filter(owner=ada.owner)
        return dict(found.values_list("team__name", "is_main"))

    assert places() == {"North": True, "South": False}
    teams.place(ada.owner, south, [north])
    assert places() == {"North": False, "South": True}
    teams.place(ada.owner, None, [])
    assert places() == {}
