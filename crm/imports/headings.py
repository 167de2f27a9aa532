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
    return _columns(headings, {heading: known.get(fold(heading), "") for heading in headings},
                    definitions, keep_record_id=False)  # fmt: skip


def chosen(
    headings: Sequence[str], mapping: Mapping[str, str], definitions: Definitions
) -> list[Column]:
    """The columns as a person mapped them."""
    return _columns(headings, mapping, definitions, keep_record_id=True)


def _columns(
    headings: Sequence[str],
    mapping: Mapping[str, str],
    definitions: Definitions,
    *,
    keep_record_id: bool,
) -> list[Column]:
    if len(headings) > MOST_COLUMNS:
        raise UnreadableFile(
            f"The file has {len(headings):,} columns; at most {MOST_COLUMNS:,} are possible."
        )
    columns: list[Column] = []
    used: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = mapping.get(heading, "")
        note = _objection(heading, name, used, definitions, keep_record_id=keep_record_id)
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
    keep_record_id: bool,
) -> str:
    """Why a column cannot go into the property `name`; "" if it can."""
    if not name:
        return _without_property(heading)
    if name in used:
        return f"column {used[name] + 1} goes into {name} already"
    if name == RECORD_ID:
        # Ids in a HubSpot export are HubSpot's; they would hit the wrong records here.
        return "" if keep_record_id else "ids of another system; choose it if they are Cohort's"
    if name not in definitions:
        return f"there is no property {name}"
    return "is read only" if definitions[name].is_read_only else ""


def _without_property(heading: str) -> str:
    if heading in (LINE, REASON):
        return "written by an earlier import"
    return "no property of this name" if heading else "has no heading"


def _spellings(object_type: str, definitions: Definitions) -> dict[str, str]:
    """Folded spelling -> property name; the better match was put in first and stays."""
    kind = objects.get(object_type)
    labels = {fold(item.label): item.name for item in definitions.values()}
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
