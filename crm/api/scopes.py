"""What a token may do, in HubSpot's names."""

from __future__ import annotations

from crm import access_switches
from crm.access import Access, Verb
from crm.api.errors import MissingScopes
from crm.models import ApiToken
from crm.objects.base import ObjectType, in_order, object_types

READ = "read"
WRITE = "write"

OWNERS = "crm.objects.owners.read"
USERS_READ = "settings.users.read"
USERS_WRITE = "settings.users.write"
TEAMS_READ = "settings.users.teams.read"
IMPORT = "crm.import"
EXPORT = "crm.export"
LISTS_READ = "crm.lists.read"
LISTS_WRITE = "crm.lists.write"
#: At HubSpot tickets have one scope for everything, and engagements go with contacts.
SEND_EVENTS = "analytics.behavioral_events.send"
EVENT_DEFINITIONS = "behavioral_events.event_definitions.read_write"
TICKETS = "tickets"
TICKET = "0-5"
ENGAGEMENTS = frozenset({"0-18", "0-27", "0-46", "0-47", "0-48", "0-49", "0-116"})


def _subject(kind: type[ObjectType]) -> str:
    return "custom" if kind.type_id.startswith("2-") else kind.plural.replace(" ", "_")


def records(kind: type[ObjectType], verb: str) -> tuple[str, ...]:
    """The scopes of which one is needed to read or write records of a type."""
    alternatives = [f"crm.objects.{_subject(kind)}.{verb}"]
    if kind.type_id == TICKET:
        alternatives.append(TICKETS)
    if kind.type_id in ENGAGEMENTS:
        alternatives.append(f"crm.objects.contacts.{verb}")
    return tuple(alternatives)


def schemas(kind: type[ObjectType], verb: str) -> tuple[str, ...]:
    """The scopes of which one is needed to read or write the properties of a type.

    Who may read records may know what their properties are.
    """
    alternatives = [f"crm.schemas.{_subject(kind)}.{verb}"]
    if kind.type_id == TICKET:
        alternatives.append(TICKETS)
    return (*alternatives, *(records(kind, READ) if verb == READ else ()))


def custom_schemas(verb: str) -> tuple[str, ...]:
    """The scopes of which one is needed to read or write custom object types as such."""
    alternatives = [f"crm.schemas.custom.{verb}"]
    return (*alternatives, *(["crm.objects.custom.read"] if verb == READ else ()))


def known() -> list[str]:
    """All scopes, in the order in which people look for them."""
    subjects = sorted({_subject(kind) for kind in object_types} | {"custom"})
    return [
        OWNERS,
        SEND_EVENTS,
        EVENT_DEFINITIONS,
        TICKETS,
        USERS_READ,
        USERS_WRITE,
        TEAMS_READ,
        IMPORT,
        EXPORT,
        LISTS_READ,
        LISTS_WRITE,
        *(
            f"crm.{area}.{subject}.{verb}"
            for area in ("objects", "schemas")
            for subject in subjects
            for verb in (READ, WRITE)
        ),
    ]


#: Scopes that need a switch of the permission set.
SWITCHES = {
    USERS_READ: access_switches.MANAGE_USERS,
    USERS_WRITE: access_switches.MANAGE_USERS,
    TEAMS_READ: access_switches.MANAGE_USERS,
    EVENT_DEFINITIONS: access_switches.EDIT_PROPERTIES,
    IMPORT: access_switches.IMPORT,
    EXPORT: access_switches.EXPORT,
}


def is_allowed(name: str, rights: Access) -> bool:
    """Whether a user may give a scope to a token: what it lets a program do, the user may do."""
    if rights.is_unlimited or name in (OWNERS, SEND_EVENTS):
        return True
    if name in SWITCHES:
        return rights.can(SWITCHES[name])
    if name.startswith("crm.schemas."):
        return name.endswith(READ) or rights.can(access_switches.EDIT_PROPERTIES)
    verbs = [Verb.VIEW] if name.endswith(READ) else [Verb.CREATE, Verb.EDIT, Verb.DELETE]
    kinds = [kind for kind in in_order() if name in {*records(kind, READ), *records(kind, WRITE)}]
    return any(rights.may(kind.type_id, verb) for kind in kinds for verb in verbs)


def require(token: ApiToken, alternatives: tuple[str, ...]) -> None:
    """Raise MissingScopes unless the token has one of the scopes."""
    if not set(alternatives) & set(token.scopes):
        raise MissingScopes(
            "This token lacks a scope that this call needs. One of these is enough:"
            f" {', '.join(alternatives)}.",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": list(alternatives)},
                }
            ],
        )
