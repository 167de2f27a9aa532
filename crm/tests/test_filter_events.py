"""Filters on what happened: events, form submissions, page views; when and how often."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from pytest_django import Settings

from crm import change_queue, events, properties
from crm.event_types.base import EventType, about, event_types
from crm.filters import base
from crm.models import Form
from crm.objects.base import number
from crm.sql import SQL, execute, rows, sql
from crm.tests.filter_world import CONTACT, NOW, World, ago, milliseconds, on
from crm.tests.test_filter_tree import group

pytestmark = pytest.mark.django_db

PAGE = "4-96000"
PRICES, HELP = "https://example.com/prices", "https://example.com/help"


class Site(World):
    """Ann saw the prices three times, Bob the prices and the help, Cid the help, Dan nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.add({name: {} for name in ("ann", "bob", "cid", "dan")})
        for name, url, at in [
            ("ann", PRICES, ago(days=1)),
            ("ann", PRICES, ago(days=3)),
            ("ann", PRICES, ago(days=10)),
            ("bob", PRICES, ago(hours=1)),
            ("bob", HELP, ago(days=2)),
            ("cid", HELP, ago(days=40)),
        ]:
            self.saw(name, "page.visited", at, hs_url=url)

    def saw(self, name: str, event_type: str, at: datetime, **values: Any) -> None:
        execute(
            sql(
                "INSERT INTO crm_event (type, record_id, object_type, properties, source,"
                " source_id, at) VALUES ({type}, {id}, {kind}, {values}, 'API', '', {at})",
                type=event_type,
                id=self.ids[name],
                kind=CONTACT,
                values=Jsonb(values),
                at=at,
            )
        )

    def seen_by(self, branch: dict[str, Any]) -> set[str]:
        """Who matches, asked about everybody and about a few; nobody turns up on both sides."""
        found = self.ask(branch)
        opposite = self.ask(group("NOT_ANY", branch))
        assert found | opposite == set(self.ids)
        assert not found & opposite
        whole = group("AND", branch)
        predicate = base.compile(whole, CONTACT, NOW, few=True)
        among = SQL("SELECT id AS record_id FROM crm_record")

        few = {self.names[row[0]] for row in rows(base.match(predicate, CONTACT, among))}
        assert few == found
        return found


@pytest.fixture
def site(settings: Settings) -> Site:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    return Site()


def visited(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "filterBranchType": "UNIFIED_EVENTS",
        "eventTypeId": PAGE,
        "operator": "HAS_COMPLETED",
        "filters": list(filters),
        **more,
    }


def url(text: str, operator: str = "IS_EQUAL_TO") -> dict[str, Any]:
    return on("hs_url", operator, operationType="STRING", value=text)


def times(least: int | None = None, most: int | None = None) -> dict[str, Any]:
    return {"type": "NUM_OCCURRENCES", "minOccurrences": least, "maxOccurrences": most}


def since(days: int) -> dict[str, Any]:
    offset = {"amount": days, "timeUnit": "DAYS", "offsetDirection": "PAST"}
    return {"type": "RELATIVE_COMPARATIVE", "comparison": "AFTER", "timeOffset": offset}


EVERYONE = {"ann", "bob", "cid", "dan"}


def test_that_it_happened_and_that_it_did_not(site: Site) -> None:
    assert site.seen_by(visited()) == {"ann", "bob", "cid"}
    assert site.seen_by(visited(operator="HAS_NOT_COMPLETED")) == {"dan"}
    assert site.seen_by(visited(url(PRICES))) == {"ann", "bob"}
    assert site.seen_by(visited(url(PRICES), operator="HAS_NOT_COMPLETED")) == {"cid", "dan"}
    # Both for the same visit.
    assert site.seen_by(visited(url(PRICES), url(HELP))) == set()
    line = {"property": "hs_url", "operation": url(HELP)["operation"]}
    as_filter = {"filterType": "UNIFIED_EVENTS", "eventTypeId": PAGE, "filterLines": [line]}
    assert site.seen_by(as_filter) == {"bob", "cid"}


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (1, None, {"ann", "bob"}),
        (2, None, {"ann"}),
        (3, None, {"ann"}),
        (4, None, set()),
        (None, 2, {"bob", "cid", "dan"}),
        (1, 1, {"bob"}),
        (2, 3, {"ann"}),
        (0, 0, {"cid", "dan"}),
        (0, None, EVERYONE),
        (None, None, {"ann", "bob"}),
    ],
)
def test_how_often(site: Site, least: int | None, most: int | None, expected: set[str]) -> None:
    assert site.seen_by(visited(url(PRICES), coalescingRefineBy=times(least, most))) == expected


@pytest.mark.parametrize(
    ("set_type", "expected"),
    [
        ("ANY", {"ann", "bob"}),
        ("ANY_INCLUDE_EMPTY", {"ann", "bob", "dan"}),
        ("ALL", {"ann"}),
        ("ALL_INCLUDE_EMPTY", {"ann", "dan"}),
        ("NONE", {"cid", "dan"}),
        ("NONE_EXCLUDE_EMPTY", {"cid"}),
    ],
)
def test_which_of_them(site: Site, set_type: str, expected: set[str]) -> None:
    refinement = {"type": "SET_OCCURRENCES", "setType": set_type}
    assert site.seen_by(visited(url(PRICES), coalescingRefineBy=refinement)) == expected


def offset(amount: int, unit: str = "DAYS", direction: str = "PAST") -> dict[str, Any]:
    return {"amount": amount, "timeUnit": unit, "offsetDirection": direction}


def moving(days: int) -> dict[str, Any]:
    return {"timeType": "INDEXED", "zoneId": "UTC", "indexReference": {"referenceType": "NOW"},
            "offset": {"days": days}}  # fmt: skip


@pytest.mark.parametrize(
    ("window", "expected", "is_moving"),
    [
        (since(2), {"ann", "bob"}, True),
        (since(1), {"bob"}, True),
        ({"type": "RELATIVE_COMPARATIVE", "comparison": "BEFORE", "timeOffset": offset(4, "WEEKS")},
         {"cid"}, True),
        ({"type": "RELATIVE_RANGED", "rangeType": "BETWEEN", "lowerBoundOffset": offset(72, "HOURS"),
          "upperBoundOffset": offset(1)}, {"ann", "bob"}, True),
        ({"type": "RELATIVE_RANGED", "rangeType": "NOT_BETWEEN", "lowerBoundOffset": offset(11),
          "upperBoundOffset": offset(0)}, {"cid"}, True),
        ({"type": "ABSOLUTE_COMPARATIVE", "comparison": "BEFORE",
          "timestamp": milliseconds(ago(days=10))}, {"cid"}, False),
        ({"type": "ABSOLUTE_RANGED", "rangeType": "BETWEEN",
          "lowerTimestamp": milliseconds(ago(days=10)), "upperTimestamp": milliseconds(ago(days=3))},
         {"ann"}, False),
        ({"type": "ALL_HISTORY"}, {"ann", "bob", "cid"}, False),
        ({"type": "TIME_POINT", "operator": "IS_AFTER", "timePoint": moving(-1),
          "endpointBehavior": "INCLUSIVE"}, {"ann", "bob"}, True),
        ({"type": "TIME_RANGED", "operator": "IS_NOT_BETWEEN", "lowerBoundTimePoint": moving(-11),
          "upperBoundTimePoint": moving(0)}, {"cid"}, True),
    ],
)  # fmt: skip
def test_when(site: Site, window: dict[str, Any], expected: set[str], is_moving: bool) -> None:
    branch = visited(pruningRefineBy=window)
    assert site.seen_by(branch) == expected
    assert base.compile(group("AND", branch), CONTACT, NOW).is_time_sensitive is is_moving


def test_the_window_comes_before_the_filters_and_the_number_after_them(site: Site) -> None:
    often = visited(url(PRICES), pruningRefineBy=since(5), coalescingRefineBy=times(2))
    assert site.seen_by(often) == {"ann"}
    # All visits within the window were to the prices, though there are others.
    every = {"type": "SET_OCCURRENCES", "setType": "ALL"}
    branch = visited(url(PRICES), pruningRefineBy=since(1), coalescingRefineBy=every)
    assert site.seen_by(branch) == {"bob"}
    assert site.seen_by({**often, "operator": "HAS_NOT_COMPLETED"}) == {"bob", "cid", "dan"}


def test_page_views(site: Site) -> None:
    def view(operator: str, page: str) -> dict[str, Any]:
        return {"filterType": "PAGE_VIEW", "operator": operator, "pageUrl": page}

    assert site.seen_by(view("HAS_PAGEVIEW_EQ", PRICES.upper())) == {"ann", "bob"}
    assert site.seen_by(view("NOT_HAS_PAGEVIEW_EQ", PRICES)) == {"cid", "dan"}
    assert site.seen_by(view("HAS_PAGEVIEW_CONTAINS", "/help")) == {"bob", "cid"}
    assert site.seen_by(view("NOT_HAS_PAGEVIEW_CONTAINS", "/")) == {"dan"}
    assert site.seen_by(view("HAS_PAGEVIEW_MATCHES_REGEX", "^https://.*/(help|faq)$")) == {
        "bob",
        "cid",
    }
    twice = {**view("HAS_PAGEVIEW_EQ", PRICES), "coalescingRefineBy": times(2)}
    assert site.seen_by(twice) == {"ann"}


def test_form_submissions(site: Site) -> None:
    first, second = (Form.objects.create(name=name, created_at=NOW) for name in ("One", "Two"))
    site.saw("ann", "form.submitted", ago(days=1), hs_form_id=str(first.pk), hs_page_id="7")
    site.saw("bob", "form.submitted", ago(days=1), hs_form_id=str(second.pk), hs_page_id="8")

    def filled(operator: str = "FILLED_OUT", **more: Any) -> dict[str, Any]:
        return {"filterType": "FORM_SUBMISSION", "operator": operator, **more}

    assert site.seen_by(filled()) == {"ann", "bob"}
    assert site.seen_by(filled(formId=str(first.pk))) == {"ann"}
    assert site.seen_by(filled("NOT_FILLED_OUT", formId=str(first.pk))) == {"bob", "cid", "dan"}
    on_page = {"filterType": "FORM_SUBMISSION_ON_PAGE", "operator": "FILLED_OUT", "pageId": "8"}
    assert site.seen_by(on_page) == {"bob"}
    assert site.seen_by({**on_page, "formId": str(first.pk)}) == set()


def test_an_event_has_no_history_and_no_lists(site: Site) -> None:
    definitions = properties.load(CONTACT)
    for bad in (
        url(PRICES, "HAS_EVER_BEEN_EQUAL_TO"),
        on("hs_url", "UPDATED_IN_LAST_X_DAYS", numberOfDays=1),
        {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": 1},
        on("email", "IS_KNOWN"),
    ):
        with pytest.raises(base.FilterError):
            base.parse(group("AND", visited(bad)), definitions)
        assert site.ask(group("AND", visited(bad, operator="HAS_NOT_COMPLETED"))) == set()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"eventTypeId": "nothing"}, "there is no kind of event 'nothing'"),
        ({"operator": "MAYBE"}, "'MAYBE' is not one of HAS_COMPLETED, HAS_NOT_COMPLETED"),
        ({"filterBranches": [group("AND")]}, "must be empty: filters on events do not nest"),
        ({"pruningRefineBy": times(1)}, "NUM_OCCURRENCES says how often, not when"),
        ({"coalescingRefineBy": since(1)}, "RELATIVE_COMPARATIVE says when, not how often"),
        ({"coalescingRefineBy": times(3, 2)}, "must not be less than minOccurrences"),
        ({"coalescingRefineBy": {"type": "OFTEN"}}, "'OFTEN' is not one of ALL_HISTORY,"),
    ],
)
def test_mistakes_are_named(site: Site, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(base.FilterError) as error:
        base.parse(group("AND", visited() | changed), properties.load(CONTACT))
    assert error.value.message.startswith(message)


def test_events_of_contacts_do_not_happen_to_companies() -> None:
    with pytest.raises(base.FilterError, match="does not happen to records of this type"):
        base.parse(group("AND", visited()), properties.load("0-2"), object_type="0-2")


def test_the_filter_hears_the_event(site: Site) -> None:
    execute(SQL("DELETE FROM crm_change"))
    predicate = base.compile(group("AND", visited(url(PRICES))), CONTACT, NOW)
    assert predicate.property_names == set()
    chosen = sql(
        "SELECT {id}::bigint AS record_id, '{{}}'::jsonb AS properties, '' AS source_id",
        id=site.ids["dan"],
    )
    events.record("page.visited", chosen, CONTACT, source_kind="API")
    events.record("form.viewed", chosen, CONTACT, source_kind="API")
    taken = change_queue.take(10)
    assert [predicate.dependencies[0].hears(change) for change in taken] == [True, False]


def test_it_reads_as_a_sentence_and_says_what_it_found(site: Site) -> None:
    branch = visited(url(PRICES), pruningRefineBy=since(7), coalescingRefineBy=times(2))
    (line,) = base.explain(group("AND", branch), CONTACT, site.ids["bob"])
    assert line.sentence == (
        "Page visited has happened at least 2 times after 7 days ago with this:"
    )
    assert [inner.sentence for inner in line.lines] == [f"Page URL is equal to {PRICES}"]
    (line,) = base.summary(group("AND", visited(operator="HAS_NOT_COMPLETED")), CONTACT)
    assert line.sentence == "Page visited has not happened"


def test_kinds_of_properties_of_events(site: Site) -> None:
    @event_types.register
    class Paid(EventType):
        """Money came in."""

        event_type_id = "4-999001"
        name = "test.paid"
        api_name = "e_test_paid"
        label = "Paid"
        properties = (number("amount", "Amount", ""), number("due", "Due", ""), about("by", "By"))

    try:
        site.saw("ann", "test.paid", ago(days=1), amount=5, due=10)
        site.saw("bob", "test.paid", ago(days=1), amount=15, due=10)
        site.saw("cid", "test.paid", ago(days=1), amount="many", due=10)
        paid = {**visited(), "eventTypeId": "4-999001"}
        more = on("amount", "IS_GREATER_THAN", operationType="NUMBER", value=7)
        assert site.seen_by({**paid, "filters": [more]}) == {"bob"}
        too_little = on(
            "amount",
            "IS_LESS_THAN",
            operationType="COMPARATIVE_NUMBER",
            comparisonPropertyName="due",
        )
        assert site.seen_by({**paid, "filters": [too_little]}) == {"ann"}
        unknown = on("by", "IS_UNKNOWN", operationType="ALL_PROPERTY")
        assert site.seen_by({**paid, "filters": [unknown]}) == {"ann", "bob", "cid"}
    finally:
        del event_types._kinds["4-999001"]
