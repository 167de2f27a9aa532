"""Headings of a file to properties, by label, by internal name, or as HubSpot's exports say it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.imports.reading import MOST_COLUMNS, UnreadableFile
from crm.objects import base as objects
from crm.properties import Definitions

#: Other ways to say it, spelled like `fold` does: those of HubSpot and of common address books.
ALSO_KNOWN_AS = {
    "annualrevenue": ("revenue",),
    "city": ("town",),
    "closedate": ("becameacustomerdate",),
    "company": ("organisation", "organization", "organizationname", "employer"),
    "country": ("countryregion",),
    "createdate": ("created", "createdat"),
    "domain": ("companydomain", "websitedomain"),
    "email": ("emailaddress", "mail", "primaryemail", "workemail"),
    "firstname": ("first", "givenname", "forename"),
    "hs_lastmodifieddate": ("lastmodified", "lastactivitydate"),
    "hubspotscore": ("leadscore",),
    "jobtitle": ("title", "position", "role"),
    "lastmodifieddate": ("lastmodified", "lastactivitydate"),
    "lastname": ("last", "surname", "familyname"),
    "mobilephone": ("mobile", "cell", "cellphone", "mobilenumber"),
    "numberofemployees": ("employees",),
    "phone": ("telephone", "phonenumber", "tel", "businessphone"),
    "state": ("region", "province", "stateregion"),
    "zip": ("zipcode", "postcode", "postalcode"),
    "hubspot_owner_id": ("hubspotowner", "assignedto"),
}
#: Columns of a rejects file that were not in the original one.
LINE = "Line in the file"
REASON = "Why it was rejected"
RECORD_ID = "hs_object_id"


@dataclass(frozen=True)
class Column:
    """One column of a file and where it goes; `name` is empty for one that is left out."""

    place: int
    heading: str
    name: str
    #: Why it is left out.
    note: str = ""


def fold(heading: str) -> str:
    """A heading without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", heading.casefold())


def recognise(headings: Sequence[str], object_type: str, definitions: Definitions) -> list[Column]:
    """What each column seems to hold. Nothing is mapped twice, nor to a read-only property."""
    known = _spellings(object_type, definitions)
    mapping = {heading: known.get(fold(heading), "") for heading in headings}
    return _columns(headings, mapping, definitions, is_chosen=False)


def chosen(
    headings: Sequence[str], mapping: Mapping[str, str], definitions: Definitions
) -> list[Column]:
    """The columns as a person mapped them; raises UnreadableFile for a heading that is not there."""
    unknown = [heading for heading in mapping if heading not in headings]
    if unknown:
        raise UnreadableFile(
            f"There is no column {unknown[0]!r}; the columns are {', '.join(headings[:20])}."
        )
    return _columns(headings, mapping, definitions, is_chosen=True)


def _columns(
    headings: Sequence[str],
    mapping: Mapping[str, str],
    definitions: Definitions,
    *,
    is_chosen: bool,
) -> list[Column]:
    if len(headings) > MOST_COLUMNS:
        raise UnreadableFile(
            f"The file has {len(headings):,} columns; at most {MOST_COLUMNS:,} are possible."
        )
    columns: list[Column] = []
    used: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = mapping.get(heading, "")
        note = _objection(heading, name, used, definitions, is_chosen=is_chosen)
        if not note:
            used[name] = place
        columns.append(Column(place, heading, "" if note else name, note))
    return columns


def _objection(
    heading: str,
    name: str,
    used: Mapping[str, int],
    definitions: Definitions,
    *,
    is_chosen: bool,
) -> str:
    """Why a column cannot go into the property `name`; "" if it can."""
    if not name:
        return _without_property(heading, is_chosen=is_chosen)
    if name in used:
        return f"column {used[name] + 1} goes into {name} already"
    if name == RECORD_ID:
        # Ids in a HubSpot export are HubSpot's; they would hit the wrong records here.
        return "" if is_chosen else "ids of another system; choose it if they are Cohort's"
    if name not in definitions:
        return f"there is no property {name}"
    return "is read only" if definitions[name].is_read_only else ""


def _without_property(heading: str, *, is_chosen: bool) -> str:
    if heading in (LINE, REASON):
        return "written by an earlier import"
    if not heading:
        return "has no heading"
    return "not chosen" if is_chosen else "no property of this name"


def _spellings(object_type: str, definitions: Definitions) -> dict[str, str]:
    """Folded spelling -> property name."""
    kind = objects.get(object_type)
    # Of properties with one label, that counts which can be written, and the first of those.
    labels: dict[str, str] = {}
    for item in sorted(definitions.values(), key=lambda item: item.is_read_only):
        labels.setdefault(fold(item.label), item.name)
    names = {fold(name): name for name in definitions}
    also = {
        spelling: name
        for name, spellings in ALSO_KNOWN_AS.items()
        if name in definitions
        for spelling in spellings
    }
    found = {**also, **names, **labels}
    # "Contact owner", "Deal name", "Record ID - Contact".
    prefixed = {fold(kind.label) + spelling: name for spelling, name in found.items()}
    suffixed = {spelling + fold(kind.label): name for spelling, name in found.items()}
    return {**suffixed, **prefixed, **found}
