"""What a token may do, in HubSpot's names."""

from __future__ import annotations

from crm.api.errors import MissingScopes
from crm.models import ApiToken
from crm.objects.base import ObjectType, object_types

READ = "read"
WRITE = "write"

OWNERS = "crm.objects.owners.read"
USERS_READ = "settings.users.read"
USERS_WRITE = "settings.users.write"
TEAMS_READ = "settings.users.teams.read"
IMPORT = "crm.import"
EXPORT = "crm.export"
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
        *(
            f"crm.{area}.{subject}.{verb}"
            for area in ("objects", "schemas")
            for subject in subjects
            for verb in (READ, WRITE)
        ),
    ]


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
