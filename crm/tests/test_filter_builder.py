"""The filter builder: filter JSON becomes rows and filter JSON again, and what it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from crm.admin.filter_builder.carrying import carried
from crm.admin.filter_builder.drawing import Row, Unreadable, dump, load, read, write
from crm.admin.filter_builder.fields import FilterField
from crm.event_types.form_submitted import FormSubmitted
from crm.filters import base, scopes
from crm.filters.estimate import estimate
from crm.filters.scopes import Scope
from crm.models import List, Property, PropertyGroup
from crm.tests.browsing import viewer
from crm.tests.filter_world import CONTACT, NOW, World, on

pytestmark = pytest.mark.django_db

CITY = on("city", "IS_EQUAL_TO", operationType="MULTISTRING", values=["Oslo"], extra="kept")
URL = f"/admin/filters/{CONTACT}/"


def branch(name: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "filterBranchType": name,
        "filterBranchOperator": name,
        "filterBranches": [part for part in parts if "filterBranchType" in part],
        "filters": [part for part in parts if "filterType" in part],
    }


def refined(**refinement: Any) -> dict[str, Any]:
    """A block of filters on the event of a form submission."""
    event = {"eventTypeId": EVENT_ID, "operator": "HAS_COMPLETED", **refinement}
    return branch("UNIFIED_EVENTS") | {"filterBranchOperator": "AND"} | event


def associated(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    inside = branch("ASSOCIATION", *filters) | {"filterBranchOperator": "AND"}
    return inside | {"objectTypeId": "0-2", "operator": "IN_LIST", **more}


EVENT_ID = FormSubmitted.event_type_id
OFFSET = {"amount": 3, "timeUnit": "HOURS", "offsetDirection": "PAST"}
NAME = on("name", "CONTAINS", operationType="MULTISTRING", values=["Energi"])
FORM = {"filterType": "FORM_SUBMISSION", "operator": "NOT_FILLED_OUT"}
BLOCKS: list[dict[str, Any]] = [
    associated(NAME),
    associated(operator="NOT_IN_LIST"),
    associated(NAME, associationTypeId=1, associationCategory="HUBSPOT_DEFINED"),
    refined(),
    refined(operator="HAS_NOT_COMPLETED"),
    refined(filters=[on("hs_url", "CONTAINS", operationType="MULTISTRING", values=["/pricing"])]),
    refined(coalescingRefineBy={"type": "NUM_OCCURRENCES", "minOccurrences": 3}),
    refined(coalescingRefineBy={"type": "NUM_OCCURRENCES", "maxOccurrences": 3}),
    refined(coalescingRefineBy={"type": "NUM_OCCURRENCES", "minOccurrences": 3,
                                "maxOccurrences": 3}),
    refined(pruningRefineBy={"type": "RELATIVE_COMPARATIVE", "comparison": "AFTER",
                             "timeOffset": OFFSET}),
    refined(pruningRefineBy={"type": "RELATIVE_COMPARATIVE", "comparison": "BEFORE",
                             "timeOffset": OFFSET}),
    refined(pruningRefineBy={"type": "ABSOLUTE_COMPARATIVE", "comparison": "BEFORE",
                             "timestamp": 1_774_858_500_000}),
    FORM,
    {"filterType": "PAGE_VIEW", "operator": "HAS_PAGEVIEW_CONTAINS", "pageUrl": "/pricing"},
]  # fmt: skip


@pytest.fixture
def scope() -> Scope:
    return scopes.load(CONTACT)


@pytest.fixture
def liv(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("liv", "liv@example.com", "x"))
    return client


def post(client: Client, what: str, **body: Any) -> Any:
    return client.post(f"{URL}{what}/", json.dumps(body), content_type="application/json")


def row_of(name: str, operation: str, **values: Any) -> Row:
    return Row(
        kind="filterType:PROPERTY", values={"property": name, "operation": operation, **values}
    )


class TestJson:
    """What comes in goes out again, whatever it is."""

    @pytest.mark.parametrize(
        "given",
        [
            branch("OR", branch("AND", CITY)),
            branch("OR", branch("AND", CITY, CITY), branch("AND", on("gone", "IS_KNOWN"))),
            branch("OR", branch("AND", CITY, branch("OR", branch("AND", CITY)))),
            branch("OR", branch("AND", {"filterType": "CTA", "ctaName": "x", "operator": "?"})),
            branch("OR", branch("AND", branch("NOT_ANY", CITY))),
            branch("OR", branch("AND", branch("RESTRICTED"))),
            branch("OR", branch("AND", {"filterType": "IN_LIST", "listId": 7, "operator": "IN_LIST",
                                        "metadata": {"inListType": "IMPORT", "id": "3"}})),
            branch("OR", branch("AND", {**CITY, "operation": "broken"})),
        ],
    )  # fmt: skip
    def test_a_filter_that_nobody_changed_comes_back_as_it_was(
        self, given: dict[str, Any], scope: Scope
    ) -> None:
        assert write(load(dump(read(given, scope))), scope) == given

    @pytest.mark.parametrize("block", BLOCKS)
    def test_blocks_and_events_are_drawn_and_written_again(
        self, block: dict[str, Any], scope: Scope
    ) -> None:
        given = branch("OR", branch("AND", block))
        ((row,),) = read(given, scope)
        form = row.form(scope)
        assert form is not None
        assert write(load(dump(((row,),))), scope) == given
        fresh = Row(kind=row.kind, values=row.values, rows=row.rows)
        again = write(((fresh,),), scope)
        assert base.summary(again, CONTACT) == base.summary(given, CONTACT)
        assert base.compile(again, CONTACT, NOW) == base.compile(given, CONTACT, NOW)

    @pytest.mark.parametrize(
        "refinement",
        [
            {"coalescingRefineBy": {"type": "NUM_OCCURRENCES", "minOccurrences": 2},
             "pruningRefineBy": {"type": "RELATIVE_COMPARATIVE", "comparison": "AFTER",
                                 "timeOffset": {"amount": 3, "timeUnit": "DAYS",
                                                "offsetDirection": "PAST"}}},
            {"pruningRefineBy": {"type": "RELATIVE_COMPARATIVE", "comparison": "AFTER",
                                 "timeOffset": {"amount": 3, "timeUnit": "DAYS",
                                                "offsetDirection": "FUTURE"}}},
            {"coalescingRefineBy": {"type": "NUM_OCCURRENCES", "minOccurrences": 2,
                                    "maxOccurrences": 5}},
        ],
    )  # fmt: skip
    def test_refinements_that_the_form_cannot_hold_are_kept(
        self, refinement: dict[str, Any], scope: Scope
    ) -> None:
        given = branch("OR", branch("AND", {**FORM, **refinement}))
        ((row,),) = read(given, scope)
        assert row.form(scope) is None
        assert write(((row,),), scope) == given

    @pytest.mark.parametrize(
        ("given", "meaning"),
        [
            (branch("AND", CITY), branch("OR", branch("AND", CITY))),
            (branch("OR", CITY, branch("AND", CITY)),
             branch("OR", branch("AND", CITY), branch("AND", CITY))),
            (branch("NOT_ALL", CITY), branch("OR", branch("AND", branch("NOT_ALL", CITY)))),
            (branch("OR", branch("AND")), branch("OR", branch("AND", branch("AND")))),
            (None, branch("OR")),
            ("nonsense", branch("OR")),
        ],
    )  # fmt: skip
    def test_other_roots_become_groups_of_the_same_meaning(
        self, given: Any, meaning: dict[str, Any], scope: Scope
    ) -> None:
        assert write(read(given, scope), scope) == meaning

    def test_a_part_that_no_form_can_show_is_kept_beside_changed_ones(self, scope: Scope) -> None:
        deep = branch("OR", branch("AND", CITY), branch("AND", CITY))
        ((city, kept),) = read(branch("OR", branch("AND", CITY, deep)), scope)
        assert (city.form(scope) is not None, kept.form(scope)) == (True, None)
        changed = Row(kind=city.kind, json=city.json, values={**city.values, "values": ["Rome"]})
        (group,) = write(((changed, kept),), scope)["filterBranches"]
        assert group["filterBranches"] == [deep]
        assert group["filters"][0]["operation"]["values"] == ["Rome"]

    @pytest.mark.parametrize(
        "operation",
        [
            {"operator": "IS_BEFORE", "propertyParser": "UPDATED_AT", "timePoint":
             {"timeType": "INDEXED", "indexReference": {"referenceType": "TODAY"}}},
            {"operator": "IS_BEFORE", "timePoint": {"timeType": "INDEXED", "indexReference":
             {"referenceType": "WEEK", "dayOfWeek": "FRIDAY"}}},
            {"operator": "IN_LAST_TIME_UNIT", "timeUnit": "YEAR", "useFiscalYear": True,
             "fiscalYearStart": "JULY"},
        ],
    )  # fmt: skip
    def test_what_the_form_would_lose_is_not_offered_for_change(
        self, operation: dict[str, Any], scope: Scope
    ) -> None:
        given = branch("OR", branch("AND", on("createdate", **operation)))
        ((row,),) = read(given, scope)
        assert row.form(scope) is None
        assert write(((row,),), scope) == given

    def test_written_filters_mean_what_the_form_says(self, scope: Scope) -> None:
        rows = (
            row_of("city", "MULTISTRING:CONTAINS", values=["Os", ""]),
            row_of("hubspotscore", "NUMBER_RANGED:IS_BETWEEN", lowerBound="1", upperBound="2.5"),
            Row(kind="filterType:IN_LIST", values={"operator": "NOT_IN_LIST", "listId": "7"}),
        )
        written = write((rows,), scope)
        lines = base.summary(written, CONTACT)
        assert [line.sentence for line in lines] == [
            "City contains Os",
            "Score is between 1 and 2.5",
            "Is not in the list 7, which does not exist",
        ]

    @pytest.mark.parametrize(
        "text",
        ["{", "5", "[5]", "[[5]]", '[[{"kind": 5}]]', '[[{"kind": "", "values": {"a": 5}}]]',
         '[[{"kind": "", "rows": 5}]]', "[" * 100_000, '[[{"kind": "", "json": []}]]'],
    )  # fmt: skip
    def test_anything_else_from_the_browser_is_refused(self, text: str) -> None:
        with pytest.raises(Unreadable):
            load(text)


class TestOperatorChange:
    @pytest.mark.parametrize(
        ("before", "after", "kept"),
        [
            (("STRING:CONTAINS", {"value": "Oslo"}), "MULTISTRING:CONTAINS", {"values": ["Oslo"]}),
            (("MULTISTRING:CONTAINS", {"values": ["a", "b"]}), "MULTISTRING:STARTS_WITH",
             {"values": ["a", "b"]}),
            (("MULTISTRING:CONTAINS", {"values": ["a", "b"]}), "STRING:HAS_EVER_CONTAINED",
             {"value": "a"}),
            (("MULTISTRING:CONTAINS", {"values": ["a"]}), "ALL_PROPERTY:IS_KNOWN", {}),
        ],
    )  # fmt: skip
    def test_values_that_fit_stay(
        self, before: Any, after: str, kept: dict[str, Any], scope: Scope
    ) -> None:
        row = row_of("city", after, **before[1])
        values = dict(carried(row, "operation", scope).values)
        assert values == {"property": "city", "operation": after, **kept}

    def test_a_day_stays_when_it_becomes_the_first_of_two(self, scope: Scope) -> None:
        row = row_of("createdate", "TIME_RANGED:IS_BETWEEN", day="2026-03-01")
        assert carried(row, "operation", scope).values["lowerBoundTimePoint.day"] == "2026-03-01"

    def test_whether_empty_values_pass_is_asked_anew(self, scope: Scope) -> None:
        row = row_of("city", "MULTISTRING:IS_NOT_EQUAL_TO", values=["a"], empty="")
        assert "empty" not in carried(row, "operation", scope).values


class TestField:
    def test_the_value_is_the_filter_in_json(self) -> None:
        field = FilterField(CONTACT)
        given = branch("OR", branch("AND", CITY))
        shown = field.prepare_value(given)
        assert field.clean(shown) == given
        assert not field.has_changed(given, shown)

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([], "Add at least one filter."),
            ([row_of("city", "MULTISTRING:CONTAINS")], "A filter needs attention"),
            ([row_of("city", "MULTISTRING:CONTAINS"), row_of("gone", "")], "2 filters need"),
            ([row_of("city", "ALL_PROPERTY:IS_KNOWN")] * 251, "more than the 250 filters"),
            ([Row(kind="filterType:IN_LIST", values={"listId": "99"})], "A filter needs attention"),
            ([Row(json={"filterType": "CTA"})], "A filter needs attention"),
        ],
    )
    def test_what_is_wrong_is_refused(self, rows: list[Row], message: str) -> None:
        from django.core.exceptions import ValidationError

        with pytest.raises(ValidationError, match=message):
            FilterField(CONTACT).clean(dump((tuple(rows),)))

    def test_an_empty_filter_may_be_allowed(self) -> None:
        assert FilterField(CONTACT, required=False).clean("[]") is None

    def test_every_error_stands_at_its_row(self, world: World) -> None:
        gone = world.make_list()
        List.objects.update(archived_at=NOW)
        rows = (
            row_of("t_number", "NUMBER:IS_GREATER_THAN", value="many"),
            row_of("city", "MULTISTRING:CONTAINS", values=["Oslo"]),
            Row(kind="filterType:IN_LIST", values={"listId": f"{gone}"}),
            Row(json=on("deleted_one", "IS_KNOWN")),
        )
        html = FilterField(CONTACT).widget.render("filter", dump((rows,)))
        assert html.count("fb-bad") == 3
        for words in (
            "Number: &#x27;many&#x27; is not a number.",
            f"There is no list {gone}.",
            f"{gone} (not there any more)",
            "There is no property &#x27;deleted_one&#x27;.",
        ):
            assert words in html

    def test_a_page_of_250_filters_needs_no_more_queries_than_one(
        self, world: World, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        list_id = world.make_list()
        row = Row(kind="filterType:IN_LIST", values={"listId": f"{list_id}"})
        field = FilterField(CONTACT)
        field.widget.render("filter", "[]")
        counts = []
        for number in (1, 125):
            from django.db import connection
            from django.test.utils import CaptureQueriesContext

            rows = (row, row_of("city", "MULTISTRING:CONTAINS", values=["Oslo"])) * number
            with CaptureQueriesContext(connection) as captured:
                field.widget.render("filter", dump((rows,)))
            counts.append(len(captured))
        assert counts[0] == counts[1]


@pytest.fixture
def world() -> World:
    return World()


class TestPicker:
    def ask(self, client: Client, text: str, **more: Any) -> dict[str, Any]:
        response = client.get(f"{URL}offers/", {"q": text, **more})
        assert response.status_code == 200
        found: dict[str, Any] = response.json()
        return found

    @pytest.mark.parametrize("text", ["mobile", "MOBILEPHONE", "mobile phone"])
    def test_filters_are_found_by_label_and_internal_name(self, liv: Client, text: str) -> None:
        assert "Mobile phone" in self.ask(liv, text)["html"]

    def test_groups_and_descriptions_are_searched(self, liv: Client, world: World) -> None:
        Property.objects.filter(name="t_text").update(description="Favourite colour of socks")
        assert "Favourite colour of socks" in self.ask(liv, "socks")["html"]
        assert self.ask(liv, "contact information")["html"].count('role="option"') > 3

    def test_no_more_than_60_are_shown(self, liv: Client) -> None:
        group = PropertyGroup.objects.filter(object_type=CONTACT)[0]
        Property.objects.bulk_create(
            Property(object_type=CONTACT, name=f"zebra_{n}", label=f"Zebra {n}", group=group,
                     type="number", field_type="number", created_at=NOW)
            for n in range(400)
        )  # fmt: skip
        found = self.ask(liv, "zebra")
        assert found["html"].count('role="option"') == 60
        assert found["count"] == "400 matches, type more"

    def test_every_section_is_to_be_seen(self, liv: Client) -> None:
        html = self.ask(liv, "")["html"]
        for heading in ("Contact information", "Lists", "Events", "Associated records"):
            assert f">{heading}<" in html
        assert html.count('role="option"') == 60

    def test_nothing_found_is_said(self, liv: Client) -> None:
        assert self.ask(liv, "xyzzy") == {"html": "", "count": "Nothing matches"}

    def test_what_was_picked_last_comes_first(self, liv: Client) -> None:
        for name in ("city", "email"):
            state = {"kind": "filterType:PROPERTY", "values": {"property": name}}
            assert post(liv, "rows", rows=[state], is_new=True).status_code == 200
        html = self.ask(liv, "")["html"]
        assert html.index("Recently used") < html.index("Email") < html.index("City")

    def test_events_and_associated_records_are_offered(self, liv: Client) -> None:
        html = self.ask(liv, "compan")["html"]
        assert "Associated company" in html
        assert "Form submi" in self.ask(liv, "form.submitted")["html"]

    def test_inside_a_block_its_own_properties_are_offered(self, liv: Client) -> None:
        def inside(kind: str, **values: str) -> str:
            block = {"kind": f"filterBranchType:{kind}", "values": values}
            found: str = self.ask(liv, "", inside=json.dumps(block))["html"]
            return found

        company = inside("ASSOCIATION", objectTypeId="0-2")
        assert ("Company domain" in company, "First name" in company) == (True, False)
        assert "Associated" not in company, "blocks do not nest"
        event = inside("UNIFIED_EVENTS", eventTypeId=EVENT_ID)
        assert ("Page URL" in event, "Company domain" in event) == (True, False)
        assert "Is in the list" not in event


class TestRows:
    def test_a_property_of_an_event_has_no_history(self, liv: Client) -> None:
        block = {"kind": "filterBranchType:UNIFIED_EVENTS", "values": {"eventTypeId": EVENT_ID}}
        state = {"kind": "filterType:PROPERTY", "values": {"property": "hs_url"}}
        html = post(liv, "rows", rows=[state], inside=block).content.decode()
        assert "contains" in html
        assert "has ever" not in html

    def test_a_new_row_asks_without_complaining(self, liv: Client) -> None:
        state = {"kind": "filterType:PROPERTY", "values": {"property": "city"}}
        html = post(liv, "rows", rows=[state], is_new=True).content.decode()
        assert 'data-name="values"' in html
        assert "fb-bad" not in html

    def test_another_operator_asks_for_other_values(self, liv: Client) -> None:
        state = {
            "kind": "filterType:PROPERTY",
            "values": {"property": "createdate", "operation": "TIME_RANGED:IS_BETWEEN",
                       "day": "2026-03-01"},
        }  # fmt: skip
        html = post(liv, "rows", rows=[state], changed="operation").content.decode()
        assert 'data-name="upperBoundTimePoint.day"' in html
        assert 'value="2026-03-01"' in html

    def test_a_relative_date_says_what_it_means_and_in_which_zone(self, liv: Client) -> None:
        """W-132."""
        values = {"property": "createdate", "operation": "CALENDAR_DATE:IN_LAST_TIME_UNIT"}
        state = {"kind": "filterType:PROPERTY", "values": values}
        html = post(liv, "rows", rows=[state]).content.decode()
        assert "from 1 " in html
        assert "(UTC)" in html

    def test_many_options_are_searched(self, liv: Client, world: World) -> None:
        options = [{"value": f"v{n}", "label": f"Land {n}"} for n in range(40)]
        Property.objects.filter(name="t_color").update(options=options)
        values = {"property": "t_color", "operation": "ENUMERATION:IS_ANY_OF", "values": ["v31"]}
        row = {"kind": "filterType:PROPERTY", "values": values}
        html = post(liv, "rows", rows=[row]).content.decode()
        assert 'role="combobox"' in html
        assert "Land 31" in html
        found = post(liv, "options", row=row, input="values", q="land 3").json()["html"]
        assert found.count('role="option"') == 10
        assert 'data-value="v31"' not in found

    def test_values_are_escaped(self, liv: Client) -> None:
        values = {"property": "city", "operation": "MULTISTRING:CONTAINS", "values": ["<b>'\"&"]}
        state = {"kind": "filterType:PROPERTY", "values": values, "json": {"x": "<i>'\""}}
        html = post(liv, "rows", rows=[state]).content.decode()
        assert "<b>" not in html
        assert "<i>" not in html

    @pytest.mark.parametrize("body", ["", "[]", '{"rows": 5}', '{"rows": [{"kind": []}]}'])
    def test_nonsense_is_a_bad_request(self, liv: Client, body: str) -> None:
        response = liv.post(f"{URL}rows/", body, content_type="application/json")
        assert response.status_code == 400


class TestEstimate:
    def ask(self, client: Client, *rows: Row) -> dict[str, Any]:
        groups = json.loads(dump((rows,))) if rows else []
        found: dict[str, Any] = post(client, "estimate", groups=groups).json()
        return found

    def test_the_number_and_the_sentences_follow_the_rows(self, liv: Client, world: World) -> None:
        world.add({"Ada": {"t_text": "Oslo"}, "Bo": {"t_text": "oslo"}, "Cy": {}})
        found = self.ask(liv, row_of("t_text", "MULTISTRING:IS_EQUAL_TO", values=["Oslo"]))
        assert found["count"] == "2 contacts match now"
        assert "Text is equal to Oslo" in found["summary"]
        one = self.ask(liv, row_of("t_text", "ALL_PROPERTY:IS_UNKNOWN"))
        assert one["count"] == "1 contact matches now"

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([], "No filters yet"),
            ([row_of("city", "MULTISTRING:CONTAINS")], "Finish the filters"),
            ([row_of("hubspotscore", "NUMBER:IS_EQUAL_TO", value="x")], "Mend the filters"),
        ],
    )
    def test_an_unfinished_filter_is_not_counted(
        self, liv: Client, rows: list[Row], words: str
    ) -> None:
        assert self.ask(liv, *rows)["count"].startswith(words)

    def test_more_filters_than_there_may_be_are_said_to_be_too_many(self, liv: Client) -> None:
        rows = [row_of("city", "ALL_PROPERTY:IS_KNOWN")] * 251
        found = self.ask(liv, *rows)
        assert "is more than the 250 filters" in found["summary"]

    def test_what_is_only_unfinished_is_no_error_yet(self, liv: Client) -> None:
        empty = self.ask(liv, row_of("city", "MULTISTRING:CONTAINS"))
        assert empty["rows"]["0.0"]["error"] == ""
        wrong = self.ask(liv, row_of("hubspotscore", "NUMBER:IS_EQUAL_TO", value="x"))
        assert wrong["rows"]["0.0"]["error"] == "Number: 'x' is not a number."

    def test_a_filter_that_takes_too_long_is_not_counted(self, world: World) -> None:
        world.add({f"P{n}": {"t_text": "x" * 900} for n in range(3_000)})
        slow = base.compile(
            branch("OR", *(branch("AND", on("t_text", "DOES_NOT_CONTAIN", operationType="STRING",
                                            value=f"y{n}")) for n in range(200))),
            CONTACT, NOW,
        )  # fmt: skip
        all_of = base.compile(branch("AND", *(on("t_text", "DOES_NOT_CONTAIN", operationType="STRING", value=f"y{n}") for n in range(200))), CONTACT, NOW)  # fmt: skip
        assert estimate(all_of, CONTACT, milliseconds=20).count is None
        assert estimate(slow, CONTACT, milliseconds=5_000).count == 3_000

    def test_many_records_are_estimated(self, world: World, monkeypatch: Any) -> None:
        world.add({f"P{n}": {"t_text": "x"} for n in range(20)})
        monkeypatch.setattr("crm.filters.estimate.MOST_COUNTED", 10)
        known = base.compile(branch("AND", on("t_text", "IS_KNOWN")), CONTACT, NOW)
        found = estimate(known, CONTACT)
        assert (found.is_exact, (found.count or 0) >= 10) == (False, True)


class TestAccess:
    def test_only_who_may_see_the_records_may_ask(self) -> None:
        client = viewer("view_company")
        assert client.get(f"{URL}offers/").status_code == 403
        assert client.get("/admin/filters/0-2/offers/").status_code == 200
        assert client.get("/admin/filters/none/offers/").status_code == 404

    def test_a_visitor_is_sent_to_the_login(self, client: Client) -> None:
        assert client.get(f"{URL}offers/").status_code == 302
