"""Who may see and change what.

Superusers may do everything. Others have a permission set: for every object type and verb a scope
(every record, those of the team, their own, none), and switches for the rest. A permission that
Django itself gave, such as crm.view_contact, counts for all records. Properties may be kept from
users and teams. Workflows act with the right of the account and never ask here.

Conditions are SQL over the record (alias `r` unless told otherwise), so that sets are asked at
once; all that is known of a user is read in one statement and kept on the user object, which
lives as long as its request.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from crm import access_switches, properties
from crm.models import PermissionSet, Property, PropertyAccess, Record
from crm.objects import base as objects
from crm.properties import Definitions
from crm.property_types.base import Definition
from crm.sql import SQL, identifier, join, rows, sql

Level = PropertyAccess.Level
#: The property that says whose a record is.
OWNER = "hubspot_owner_id"


class Verb(StrEnum):
    VIEW = "view"
    EDIT = "edit"
    DELETE = "delete"
    CREATE = "create"


class Scope(IntEnum):
    """Which records: each includes the ones before."""

    NONE = 0
    OWN = 1
    TEAM = 2
    ALL = 3


#: The verb in the name of Django's permission.
DJANGO = {Verb.VIEW: "view", Verb.EDIT: "change", Verb.DELETE: "delete", Verb.CREATE: "add"}


@dataclass(frozen=True, kw_only=True)
class Access:
    """What one user may do."""

    user_id: int | None = None
    #: A superuser, or a program that no user answers for.
    is_unlimited: bool = False
    owner_id: int | None = None
    #: The owners in the user's teams and in the teams below them, the user among them.
    mates: Sequence[int] = ()
    #: As in PermissionSet.
    records: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()
    sees_unassigned: bool = False
    #: Object type -> property name -> level, for those that the user may not edit freely.
    limited: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)
    #: Permissions that Django itself gave: "crm.view_contact".
    given: frozenset[str] = frozenset()

    def scope(self, object_type: str, verb: Verb) -> Scope:
        """Which records of a type the user may do `verb` with; nothing exceeds what is seen."""
        if self.is_unlimited:
            return Scope.ALL
        return min(self._scope(object_type, verb), self._scope(object_type, Verb.VIEW))

    def _scope(self, object_type: str, verb: Verb) -> Scope:
        if f"crm.{DJANGO[verb]}_{objects.get(object_type).name}" in self.given:
            return Scope.ALL
        rules = (self.records.get(object_type, {}), self.records.get("", {}))
        return Scope[next((rule[verb] for rule in rules if verb in rule), Scope.NONE.name)]

    def may(self, object_type: str, verb: Verb) -> bool:
        """Whether there may be records of a type that the user may do `verb` with."""
        return self.scope(object_type, verb) is not Scope.NONE

    def can(self, switch: str) -> bool:
        return self.is_unlimited or switch in self.switches

    def visible(self, object_type: str, verb: Verb = Verb.VIEW, alias: str = "r") -> SQL | None:
        """Which records of a type the user may do `verb` with, None for every one."""
        scope = self.scope(object_type, verb)
        if scope is Scope.ALL:
            return None
        if scope is Scope.NONE:
            return SQL("false")
        owner = SQL(f"({identifier(alias).text}.properties->>'{OWNER}')")
        conditions = [sql("{owner} = ANY({ids})", owner=owner, ids=self._owners(scope))]
        if self.sees_unassigned:
            conditions.append(sql("{owner} IS NULL", owner=owner))
        return sql("({any})", any=join(" OR ", conditions))

    def _owners(self, scope: Scope) -> list[str]:
        found = {self.owner_id, *(self.mates if scope is Scope.TEAM else ())} - {None}
        return sorted(map(str, found))

    def visible_among(
        self, object_types: Iterable[str], verb: Verb = Verb.VIEW, alias: str = "r"
    ) -> SQL | None:
        """The same for records of several types; None for every one of these types."""
        found = {key: self.visible(key, verb, alias) for key in object_types}
        limits = {key: condition for key, condition in found.items() if condition is not None}
        if not limits:
            return None
        kind = SQL(f"{identifier(alias).text}.object_type")
        free = [key for key in found if key not in limits]
        parts = [
            sql("({kind} = {key} AND {condition})", kind=kind, key=key, condition=condition)
            for key, condition in limits.items()
        ]
        return join(
            " OR ", [sql("({kind} = ANY({free})", kind=kind, free=free), *parts, SQL("false)")]
        )

    def everywhere(self, alias: str = "r", verb: Verb = Verb.VIEW) -> SQL:
        """Which records of all types the user sees (or may do `verb` with); always SQL."""
        every = [] if self.is_unlimited else [kind.type_id for kind in objects.in_order()]
        return self.visible_among(every, verb, alias) or SQL("true")

    def narrow(
        self, found: QuerySet[Any], object_type: str, verb: Verb = Verb.VIEW
    ) -> QuerySet[Any]:
        """Those of a query of records of one type that the user may do `verb` with."""
        return _filtered(found, self.visible(object_type, verb, Record._meta.db_table))

    def narrow_among(self, found: QuerySet[Any], verb: Verb = Verb.VIEW) -> QuerySet[Any]:
        """The same for a query of records of any type."""
        if self.is_unlimited:
            return found
        every = [kind.type_id for kind in objects.in_order()]
        return _filtered(found, self.visible_among(every, verb, Record._meta.db_table))

    def allowed(self, object_type: str, ids: Collection[int], verb: Verb) -> set[int]:
        """Those of some records of a type that the user may do `verb` with."""
        condition = self.visible(object_type, verb)
        if condition is None or not ids:
            return set(ids)
        query = sql(
            "SELECT r.id FROM crm_record r WHERE r.id = ANY({ids}) AND {condition}",
            ids=list(ids),
            condition=condition,
        )
        return {row[0] for row in rows(query)}

    def levels(self, object_type: str) -> Mapping[str, Level]:
        """The properties whose values the user may not edit freely; all others may be edited."""
        return {} if self.is_unlimited else self.limited.get(object_type, {})

    def hidden(self, object_type: str) -> list[str]:
        """The properties that the user does not see."""
        return [key for key, level in self.levels(object_type).items() if level == Level.NONE]

    def hidden_rows(self) -> QuerySet[Any]:
        """The definitions of all properties that the user does not see."""
        hidden = Q()
        for key in () if self.is_unlimited else self.limited:
            hidden |= Q(object_type=key, name__in=self.hidden(key))
        return Property.objects.filter(hidden).values("pk") if hidden else Property.objects.none()

    def definitions(self, object_type: str) -> dict[str, Definition]:
        """The properties of a type as far as the user sees them; what is only seen is read only."""
        return self.seen(object_type, properties.load(object_type))

    def seen(self, object_type: str, definitions: Definitions) -> dict[str, Definition]:
        """`definitions` without those that are hidden from the user."""
        levels = self.levels(object_type)
        return {
            name: replace(item, is_read_only=True) if levels.get(name) == Level.VIEW else item
            for name, item in definitions.items()
            if levels.get(name) != Level.NONE
        }

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Permissions of Django that come with the permission set: "crm.view_contact"."""
        about_records = {
            f"crm.{word}_{kind.name}"
            for kind in objects.in_order()
            for verb, word in DJANGO.items()
            if self.may(kind.type_id, verb)
        }
        return access_switches.granted(self.switches) | about_records

    def covers(self, other: Access) -> bool:
        """Whether the user may do all that `other` may: nobody gives rights that they lack."""
        if self.is_unlimited:
            return True
        return (
            not other.is_unlimited
            and other.switches <= self.switches
            and other.given <= self.given | self.permissions
            and other.sees_unassigned <= self.sees_unassigned
            and all(
                other.scope(kind.type_id, verb) <= self.scope(kind.type_id, verb)
                for kind in objects.in_order()
                for verb in Verb
            )
        )


EVERYTHING = Access(is_unlimited=True)


def _filtered(found: QuerySet[Any], condition: SQL | None) -> QuerySet[Any]:
    if condition is None:
        return found
    # Built from checked names above, with its values as parameters.
    raw = RawSQL(condition.text, condition.params, output_field=BooleanField())  # noqa: S611
    return found.filter(raw)


def of(user: Any) -> Access:
    """What a user may do, None standing for a program of the account; read once per object."""
    if user is None:
        return EVERYTHING
    kept: Access | None = user.__dict__.get("_access")
    if kept is None:
        kept = user.__dict__["_access"] = _load(user)
    return kept


def of_set(permission_set: PermissionSet) -> Access:
    """What a permission set allows whoever has it."""
    return Access(
        records=permission_set.records,
        switches=frozenset(permission_set.switches),
        sees_unassigned=permission_set.sees_unassigned,
    )


def forget(user: Any) -> None:
    """Read it anew when asked next: something about the user was changed."""
    user.__dict__.pop("_access", None)


def visible(user: Any, object_type: str, verb: Verb = Verb.VIEW) -> SQL | None:
    """Which records of a type a user may do `verb` with: SQL over `r`, None for every one."""
    return of(user).visible(object_type, verb)


def may(user: Any, object_type: str, verb: Verb) -> bool:
    return of(user).may(object_type, verb)


def property_access(user: Any, object_type: str) -> Mapping[str, Level]:
    """The properties whose values a user may not edit freely, by name."""
    return of(user).levels(object_type)


_QUERY = """
WITH RECURSIVE mine AS (
    SELECT m.team_id FROM crm_teammember m JOIN crm_owner o ON o.id = m.owner_id
    WHERE o.user_id = {user}
), below AS (
    SELECT team_id FROM mine
    UNION SELECT t.id FROM crm_team t JOIN below b ON t.parent_id = b.team_id
)
SELECT
    (SELECT id FROM crm_owner WHERE user_id = {user}),
    (SELECT array_agg(DISTINCT owner_id) FROM crm_teammember WHERE team_id IN (TABLE below)),
    p.records::text, p.switches, p.sees_unassigned,
    (SELECT json_agg(json_build_array(
        d.object_type, d.name, a.level, (a.user_id IS NOT NULL)::int * 2 + (a.team_id IS NOT NULL)::int
     ))::text
     FROM crm_propertyaccess a JOIN crm_property d ON d.id = a.definition_id
     WHERE a.user_id = {user} OR a.team_id IN (TABLE mine) OR (a.user_id IS NULL AND a.team_id IS NULL)),
    (SELECT array_agg(DISTINCT c.app_label || '.' || ap.codename) FROM auth_permission ap
     JOIN django_content_type c ON c.id = ap.content_type_id
     WHERE ap.id IN (
        SELECT permission_id FROM auth_user_user_permissions WHERE user_id = {user}
        UNION SELECT gp.permission_id FROM auth_group_permissions gp
        JOIN auth_user_groups ug ON ug.group_id = gp.group_id WHERE ug.user_id = {user}))
FROM (SELECT) one
LEFT JOIN crm_useraccess u ON u.user_id = {user}
LEFT JOIN crm_permissionset p ON p.id = u.permission_set_id
"""


def _load(user: Any) -> Access:
    if not user.is_active or user.pk is None:
        return Access(user_id=user.pk)
    if user.is_superuser:
        return replace(EVERYTHING, user_id=user.pk)
    ((owner_id, mates, records, switches, unassigned, rules, given),) = rows(
        sql(_QUERY, user=user.pk)
    )
    return Access(
        user_id=user.pk,
        owner_id=owner_id,
        mates=mates or [],
        records=json.loads(records) if records else {},
        switches=frozenset(switches or ()),
        sees_unassigned=bool(unassigned),
        limited=_limited(json.loads(rules) if rules else []),
        given=frozenset(given or ()),
    )


def _limited(rules: Iterable[tuple[str, str, int, int]]) -> dict[str, dict[str, Level]]:
    """The level of each property, by the rule that is nearest to the user; of teams the best."""
    best: dict[tuple[str, str], tuple[int, int]] = {}
    for object_type, name, level, nearness in rules:
        key = (object_type, name)
        best[key] = max(best.get(key, (-1, 0)), (nearness, level))
    found: dict[str, dict[str, Level]] = {}
    for (object_type, name), (_, level) in best.items():
        if level < Level.EDIT:
            found.setdefault(object_type, {})[name] = Level(level)
    return found
