"""Comparing two properties, anniversaries, the fiscal year, imports, stages that are gone."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from crm import changes, properties
from crm.filters import base
from crm.models import ImportJob, Pipeline
from crm.tests.filter_world import CONTACT, NOW, World, ago, on
from crm.tests.test_filter_tree import group

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Settings) -> World:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    return World()


def compared(name: str, operator: str, type_: str, other: str, **more: Any) -> dict[str, Any]:
    return on(
        name, operator, operationType=f"COMPARATIVE_{type_}", comparisonPropertyName=other, **more
    )


def test_a_day_and_a_moment_compare_as_days(world: World) -> None:
    world.add(
        {
            # Just after midnight in Oslo, still the day before in UTC.
            "same": {"t_date": "2026-03-10", "t_moment": "2026-03-09T23:30:00.000Z"},
            "before": {"t_date": "2026-03-09", "t_moment": "2026-03-09T23:30:00.000Z"},
            "only one": {"t_date": "2026-03-09"},
        }
    )
    assert world.ask(compared("t_date", "IS_BEFORE", "DATE", "t_moment")) == {"before"}
    assert world.ask(compared("t_moment", "IS_AFTER", "DATE", "t_date")) == {"before"}
    assert world.ask(
        compared("t_date", "IS_BEFORE", "DATE", "t_moment", defaultComparisonValue="2026-05-01")
    ) == {"before", "only one"}


def test_the_times_of_changes(world: World) -> None:
    world.add({"ann": {"t_text": "x", "t_number": 1}, "bob": {"t_text": "x"}})
    world.had(
        [
            ("ann", "t_text", "x", ago(days=2)),
            ("ann", "t_number", 1, ago(days=1)),
            ("bob", "t_text", "x", ago(days=1)),
        ]
    )
    changed = compared("t_text", "IS_BEFORE", "PROPERTY_UPDATED", "t_number")
    assert world.ask(changed) == {"ann"}
    assert world.ask(group("NOT_ANY", changed)) == {"bob"}
    (line,) = base.summary(group("AND", changed), CONTACT)
    assert line.sentence == "Text was updated before Number"


def point(name: str, **more: Any) -> dict[str, Any]:
    return {"timeType": "INDEXED", "zoneId": "Europe/Oslo",
            "indexReference": {"referenceType": name, **more}}  # fmt: skip


def test_an_anniversary_is_that_of_this_year(world: World) -> None:
    world.add(
        {
            "soon": {"t_date": "1980-04-02"},
            "past": {"t_date": "1980-03-29"},
            "leap day": {"t_date": "2000-02-29"},
        }
    )
    soon = on(
        "t_date",
        "IS_BETWEEN",
        operationType="TIME_RANGED",
        propertyParser="ANNIVERSARY",
        lowerBoundTimePoint=point("TODAY"),
        upperBoundTimePoint={**point("TODAY"), "offset": {"days": 7}},
    )
    assert world.ask(soon) == {"soon"}
    on_28_february = {"timeType": "DATE", "zoneId": "UTC", "year": 2026, "month": 2, "day": 28}
    leap = {**soon, "operation": {**soon["operation"], "lowerBoundTimePoint": on_28_february,
                                  "upperBoundTimePoint": on_28_february}}  # fmt: skip
    assert world.ask(leap) == {"leap day"}
    # A year passes, and it comes again.
    predicate = base.compile(group("AND", leap), CONTACT, NOW)
    assert predicate.is_time_sensitive
    (line,) = base.summary(group("AND", leap), CONTACT)
    assert line.sentence == (
        "Date is between 28 Feb 2026 and 28 Feb 2026 (anniversary in this year)"
    )


def test_another_property_as_time_point(world: World) -> None:
    world.add(
        {
            "later": {"t_moment": "2026-03-02T10:00:00.000Z", "t_date": "2026-03-01"},
            "earlier": {"t_moment": "2026-02-28T10:00:00.000Z", "t_date": "2026-03-01"},
            "alone": {"t_moment": "2026-03-02T10:00:00.000Z"},
        }
    )
    reference = {"timeType": "PROPERTY_REFERENCED", "property": "t_date", "zoneId": "Europe/Oslo",
                 "referenceType": "VALUE"}  # fmt: skip
    after = on("t_moment", "IS_AFTER", operationType="TIME_POINT", timePoint=reference)
    assert world.ask(after) == {"later"}
    assert base.compile(group("AND", after), CONTACT, NOW).property_names == {"t_moment", "t_date"}
    (line,) = base.explain(group("AND", after), CONTACT, world.ids["earlier"])
    assert line.sentence == "Moment is after Date"
    assert line.value == "28 Feb 2026, 11:00; Date: 1 Mar 2026"
    (line,) = base.explain(group("AND", after), CONTACT, world.ids["alone"])
    assert line.value == "2 Mar 2026, 11:00; Date: empty"


def test_the_fiscal_year_of_the_account(world: World, settings: Settings) -> None:
    settings.ACCOUNT_FISCAL_YEAR_START = 7
    world.add({"last year": {"t_date": "2025-06-30"}, "this year": {"t_date": "2025-07-01"},
               "quarter": {"t_date": "2026-01-01"}})  # fmt: skip
    since = on("t_date", "IS_AFTER", operationType="TIME_POINT", endpointBehavior="INCLUSIVE",
               timePoint=point("FISCAL_YEAR"))  # fmt: skip
    assert world.ask(since) == {"this year", "quarter"}
    quarter = {**since, "operation": {**since["operation"], "timePoint": point("FISCAL_QUARTER")}}
    assert world.ask(quarter) == {"quarter"}
    calendar = on("t_date", "IN_THIS_TIME_UNIT", timeUnit="YEAR", useFiscalYear=True)
    assert world.ask(calendar) == {"this year", "quarter"}
    (line,) = base.summary(group("AND", since), CONTACT)
    assert line.sentence == "Date is after day 1 of month 1 of this fiscal year"


def test_what_an_import_wrote(world: World) -> None:
    world.add({"ann": {}, "bob": {}})
    job = ImportJob.objects.create(
        object_type=CONTACT, file_name="people.csv", created_at=NOW, updated_at=NOW
    )
    source = changes.Source(kind=changes.SourceKind.IMPORT, id=str(job.pk))
    changes.update(CONTACT, {world.ids["ann"]: {"t_text": "x"}}, source)
    imported = {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "0",
                "metadata": {"id": str(job.pk), "inListType": "IMPORT"}}  # fmt: skip
    assert world.ask(imported) == {"ann"}
    # An import of several files has a part for each.
    part = ImportJob.objects.create(
        object_type=CONTACT, file_name="more.csv", part_of=job, created_at=NOW, updated_at=NOW
    )
    source = changes.Source(kind=changes.SourceKind.IMPORT, id=str(part.pk))
    world.add({"cid": {}})
    changes.update(CONTACT, {world.ids["cid"]: {"t_text": "x"}}, source)
    assert world.ask(imported) == {"ann", "cid"}
    assert world.ask({**imported, "operator": "NOT_IN_LIST"}) == {"bob"}
    missing = {**imported, "metadata": {"id": job.pk + 99, "inListType": "IMPORT"}}
    tree = base.parse(group("AND", missing), {})
    assert base.problems(tree) == [("filters[0]", f"there is no import {job.pk + 99}")]
    (line,) = base.summary(group("AND", imported), CONTACT)
    assert line.sentence == 'The record was in the import "people.csv"'


def test_a_stage_that_is_gone_is_to_be_looked_at() -> None:
    definitions = properties.load("0-3")
    assert Pipeline.objects.exists()
    stage = definitions["dealstage"].options[0].value
    for values, expected in [
        ([stage], []),
        ([stage, "gone"], ["Deal stage has no option 'gone' any more"]),
    ]:
        line = on("dealstage", "IS_ANY_OF", operationType="ENUMERATION", values=values)
        tree = base.parse(group("AND", line), definitions)
        assert [problem.message for problem in base.problems(tree)] == expected


def test_owners_that_are_gone_are_fine_and_the_viewer_is_not() -> None:
    definitions = properties.load(CONTACT)
    gone = on("hubspot_owner_id", "IS_ANY_OF", operationType="ENUMERATION", values=["987654"])
    assert base.problems(base.parse(group("AND", gone), definitions)) == []
    me = on("hubspot_owner_id", "IS_ANY_OF", operationType="ENUMERATION", values=["ME"])
    with pytest.raises(base.FilterError, match="there is no viewer"):
        base.parse(group("AND", me), definitions)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (compared("t_text", "IS_EQUAL_TO", "STRING", "nope"), "there is no property 'nope'"),
        (
            compared("t_text", "IS_EQUAL_TO", "STRING", "t_number"),
            "the number property 't_number' cannot be compared with this one",
        ),
        (
            compared("t_number", "IS_EQUAL_TO", "STRING", "t_number"),
            "COMPARATIVE_STRING does not fit the number property 't_number'",
        ),
        (
            compared("t_date", "IS_BEFORE", "DATE", "t_moment", defaultComparisonValue="soon"),
            "'soon' is not",
        ),
    ],
)
def test_mistakes_are_named(world: World, line: dict[str, Any], message: str) -> None:
    with pytest.raises(base.FilterError) as error:
        base.parse(group("AND", line), properties.load(CONTACT))
    assert message in error.value.message
