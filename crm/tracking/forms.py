"""Forms on websites: found by what pages report, or made by staff; which fields fill what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg.types.json import Jsonb

from crm.models import Form
from crm.properties import Definitions
from crm.property_types.base import Definition
from crm.sql import execute, rows, sql

#: More than a site has: whoever reports more forms than that makes them up.
MOST_FOUND = 1000
MOST_FIELDS = 200
LONGEST_NAME = 200
#: Anybody may send a form, so on their own its fields fill only what people say about themselves.
OPEN_GROUP = "contactinformation"
#: What else designers call these fields.
ALIASES = {
    "fname": "firstname", "givenname": "firstname", "forename": "firstname",
    "lname": "lastname", "familyname": "lastname", "surname": "lastname",
    "tel": "phone", "telephone": "phone", "phonenumber": "phone", "mobile": "mobilephone",
    "organisation": "company", "organization": "company", "companyname": "company",
    "postcode": "zip", "postalcode": "zip", "zipcode": "zip", "street": "address",
    "town": "city", "url": "website", "role": "jobtitle", "position": "jobtitle",
}  # fmt: skip

#: What a page calls a form, and the host of the page.
Reference = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A form as far as submissions need it."""

    id: UUID
    name: str = ""
    is_archived: bool = False
    fields: frozenset[str] = frozenset()
    mapping: Mapping[str, str] = field(default_factory=dict)


def is_open(definition: Definition) -> bool:
    """Whether a form may fill a property without being told to by staff."""
    return (
        definition.group == OPEN_GROUP
        and definition.type == "string"
        and not definition.is_unique
        and not definition.is_read_only
        and not definition.column
    )


def property_for(field_name: str, definitions: Definitions) -> str:
    """The property that a field fills by itself, "" for none: the one of the same name."""
    bare = re.sub(r"[^a-z0-9]", "", field_name.lower())
    for name in (field_name.lower(), bare, ALIASES.get(bare, "")):
        definition = definitions.get(name)
        if definition is not None and is_open(definition):
            return name
    return ""


def known(references: Iterable[Reference]) -> dict[Reference, Known]:
    """The forms that pages named; those nobody has seen yet are made, up to a limit."""
    wanted = {reference: _as_uuid(reference[0]) for reference in references}
    found = _read(wanted)
    missing = [
        reference
        for reference, number in wanted.items()
        if reference not in found and number is None
    ]
    if missing:
        _make(missing)
        found |= _read(dict.fromkeys(missing))
    return found


def _as_uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _key(reference: Reference) -> str:
    name, host = reference
    return f"{host} {name}"


def _read(wanted: Mapping[Reference, UUID | None]) -> dict[Reference, Known]:
    keys = {_key(reference): reference for reference in wanted}
    numbers: dict[UUID, list[Reference]] = {}
    for reference, number in wanted.items():
        if number is not None:
            numbers.setdefault(number, []).append(reference)
    forms = Form.objects.filter(pk__in=numbers) | Form.objects.filter(key__in=keys)
    found: dict[Reference, Known] = {}
    for form in forms:
        one = Known(
            id=form.pk,
            name=form.name,
            is_archived=form.archived_at is not None,
            fields=frozenset(form.fields),
            mapping=form.mapping,
        )
        for reference in numbers.get(form.pk, []):
            found[reference] = one
        if form.key in keys:
            found.setdefault(keys[form.key], one)
    return found


def _make(references: Sequence[Reference]) -> None:
    execute(
        sql(
            """
            INSERT INTO crm_form (id, name, key, fields, mapping, created_at)
            SELECT gen_random_uuid(), u.name, u.key, '[]', '{{}}', (SELECT app_now())
            FROM unnest({names}::text[], {keys}::text[]) AS u(name, key)
            ORDER BY u.key
            LIMIT greatest(0, {most} - (SELECT count(*) FROM crm_form WHERE key IS NOT NULL))
            ON CONFLICT (key) DO NOTHING
            """,
            names=[f"{name} ({host})"[:LONGEST_NAME] for name, host in references],
            keys=[_key(reference) for reference in references],
            most=MOST_FOUND,
        )
    )


def learn(seen: Mapping[UUID, Sequence[str]], definitions: Definitions) -> None:
    """Note fields that forms turned out to have; what staff said about them stays."""
    if not seen:
        return
    execute(
        sql(
            """
            UPDATE crm_form f
            SET fields = (
                    SELECT coalesce(jsonb_agg(n.name ORDER BY n.place), '[]')
                    FROM (SELECT e.name, min(e.place) AS place
                          FROM jsonb_array_elements_text(f.fields || u.names)
                              WITH ORDINALITY AS e(name, place)
                          GROUP BY e.name ORDER BY min(e.place) LIMIT {most}) n),
                mapping = u.mapping || f.mapping
            FROM unnest({ids}::uuid[], {names}::jsonb[], {mappings}::jsonb[])
                AS u(id, names, mapping)
            WHERE f.id = u.id
            """,
            most=MOST_FIELDS,
            ids=list(seen),
            names=[Jsonb(list(names)) for names in seen.values()],
            mappings=[
                Jsonb({name: property_for(name, definitions) for name in names})
                for names in seen.values()
            ],
        )
    )


def submissions(form_ids: Sequence[UUID]) -> dict[str, int]:
    """How often forms were submitted, by their id as a text."""
    query = sql(
        """
        SELECT properties->>'hs_form_id', count(*) FROM crm_event
        WHERE type = 'form.submitted' AND properties->>'hs_form_id' = ANY({ids}::text[])
        GROUP BY 1
        """,
        ids=[str(pk) for pk in form_ids],
    )
    return dict(rows(query))
