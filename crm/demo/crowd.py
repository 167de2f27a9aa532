"""Records in their millions, for measuring: written by SQL in large pieces, always the same.

They go through crm.changes like all others, so that history, search text, unique values and the
change queue are those of an account that grew this large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crm import associations, changes, events
from crm.changes import Source, SourceKind
from crm.demo.places import COUNTRIES, JOBS, STEMS
from crm.models import AssociationType
from crm.sql import SQL, sql

#: So many records are written in one transaction.
PIECE = 50_000
SOURCE = Source(kind=SourceKind.SYSTEM, id="crowd")
CONTACT, COMPANY = "0-1", "0-2"
#: HubSpot's number of the unlabelled type from contact to company.
CONTACT_TO_COMPANY = 279
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "opportunity", "customer")
STATUSES = ("NEW", "OPEN", "IN_PROGRESS", "CONNECTED", "UNQUALIFIED")

Progress = Callable[[int], None]


def pick(texts: tuple[str, ...], salt: int) -> SQL:
    """SQL that takes one of `texts` by the number `i`; different salts choose independently."""
    return sql(
        "({texts}::text[])[1 + abs(hashint8extended(i, {salt}) % {count})]",
        texts=list(texts),
        salt=salt,
        count=len(texts),
    )


def chance(salt: int, most: int) -> SQL:
    """SQL for a number from 0 up to `most`, without it, that looks random and stays the same."""
    return sql("abs(hashint8extended(i, {salt}) % {most})", salt=salt, most=most)


def companies(count: int, *, first: int = 0) -> Iterator[int]:
    """Write companies number `first` and following; yields how many are there after each piece."""
    cities = tuple(city for country in COUNTRIES for city, _, _ in country.cities)
    properties = sql(
        """
        jsonb_build_object(
            'name', {stem} || ' ' || {other} || ' ' || i, 'domain', 'firm' || i || '.example',
            'city', {city}, 'numberofemployees', {employees}, 'annualrevenue', {revenue})
        """,
        stem=pick(STEMS, 1),
        other=pick(STEMS, 2),
        city=pick(cities, 3),
        employees=chance(4, 5000),
        revenue=chance(5, 90_000_000),
    )
    yield from _records(COMPANY, properties, first, count)


def contacts(count: int, *, first: int = 0) -> Iterator[int]:
    """Write contacts number `first` and following; yields how many are there after each piece."""
    given = tuple(name for country in COUNTRIES for name in country.first_names)
    family = tuple(name for country in COUNTRIES for name in country.last_names)
    cities = tuple(city for country in COUNTRIES for city, _, _ in country.cities)
    countries = tuple(country.name for country in COUNTRIES)
    properties = sql(
        """
        jsonb_build_object(
            'email', 'person' || i || '@firm' || i % 400000 || '.example',
            'firstname', {given}, 'lastname', {family}, 'phone', '+47 ' || 10000000 + {phone},
            'jobtitle', {job}, 'city', {city}, 'country', {country}, 'lifecyclestage', {stage},
            'hubspotscore', {score})
        || CASE WHEN {known} = 0 THEN jsonb_build_object('hs_lead_status', {status})
           ELSE '{{}}' END
        """,
        given=pick(given, 11),
        family=pick(family, 12),
        phone=chance(13, 89_999_999),
        job=pick(JOBS, 14),
        city=pick(cities, 15),
        country=pick(countries, 16),
        stage=pick(STAGES, 17),
        score=chance(18, 101),
        known=chance(19, 2),
        status=pick(STATUSES, 20),
    )
    yield from _records(CONTACT, properties, first, count)


def _records(object_type: str, properties: SQL, first: int, count: int) -> Iterator[int]:
    for start in range(first, first + count, PIECE):
        end = min(start + PIECE, first + count) - 1
        select = sql(
            "SELECT {new} AS record_id, {properties} AS properties, {source} AS source_id"
            " FROM generate_series({start}::bigint, {end}::bigint) AS g(i)",
            new=changes.NEW_ID,
            properties=properties,
            source=sql("{id}::text", id=SOURCE.id),
            start=start,
            end=end,
        )
        changes.create_from(object_type, select, SOURCE)
        yield end + 1 - first


def employments(count: int) -> Iterator[int]:
    """Associate contacts with companies, the first round everybody's own, then others at random."""
    kind = AssociationType.objects.get(
        category=AssociationType.Category.HUBSPOT_DEFINED, type_id=CONTACT_TO_COMPANY
    )
    for start in range(0, count, PIECE):
        end = min(start + PIECE, count) - 1
        associations.associate(kind, _pairs(start, end))
        yield end + 1


def _pairs(start: int, end: int) -> SQL:
    """Pair number i: the contact at place i, round after round, with a company picked by it."""
    return sql(
        """
        WITH people AS (SELECT min(id) AS first, count(*) AS count FROM crm_record
                        WHERE object_type = {contact}),
             firms AS (SELECT min(id) AS first, count(*) AS count FROM crm_record
                       WHERE object_type = {company})
        SELECT DISTINCT people.first + i % people.count AS from_record_id,
            firms.first + {firm} % firms.count AS to_record_id
        FROM generate_series({start}::bigint, {end}::bigint) AS g(i), people, firms
        """,
        contact=CONTACT,
        company=COMPANY,
        firm=chance(31, 2**40),
        start=start,
        end=end,
    )


def visits(count: int, days: int = 90) -> Iterator[int]:
    """Let contacts look at pages during the last `days`."""
    for start in range(0, count, PIECE):
        end = min(start + PIECE, count) - 1
        select = sql(
            """
            WITH people AS (SELECT min(id) AS first, count(*) AS count FROM crm_record
                            WHERE object_type = {contact})
            SELECT people.first + {who} % people.count AS record_id,
                jsonb_build_object('hs_url', 'https://www.example.com/' || {page}) AS properties,
                '' AS source_id,
                (SELECT app_now()) - {seconds} * interval '1 second' AS seen_at
            FROM generate_series({start}::bigint, {end}::bigint) AS g(i), people
            """,
            contact=CONTACT,
            who=chance(41, 2**40),
            page=pick(("", "pricing", "product", "blog", "about", "jobs", "contact"), 42),
            seconds=chance(43, days * 86_400),
            start=start,
            end=end,
        )
        events.record("page.visited", select, CONTACT, source_kind=SOURCE.kind, at=SQL("seen_at"))
        yield end + 1
