from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from conftest import SameQueriesFor
from crm import changes, clock
from crm.models import Collected, Event, Form, Record, Visitor, VisitorEvent
from crm.tests.writing import take_changes
from crm.tracking import forms, processing, visitors

pytestmark = pytest.mark.django_db

SOURCE = changes.Source(kind=changes.SourceKind.API)
HOST = "shop.example.com"
ANNA, BERTA = uuid4(), uuid4()
MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def page(path: str = "/") -> dict[str, Any]:
    return {"kind": "page", "page": {"hs_url": f"https://{HOST}{path}"}}


def submission(email: str = "liv@example.com", form: str = "contact", **fields: str) -> Any:
    return {
        "kind": "submission", "page": {"hs_url": f"https://{HOST}/contact"}, "form": form,
        "host": HOST, "email": email, "fields": [*({"email": email} | fields).items()],
    }  # fmt: skip


def identify(email: str, **fields: str) -> dict[str, Any]:
    return {"kind": "identify", "email": email, "fields": [*fields.items()]}


def report(visitor: UUID | None, *items: Any, at: datetime | None = None) -> None:
    Collected.objects.bulk_create(
        [Collected(visitor=visitor, item=item, at=at or clock.now()) for item in items]
    )


def work() -> None:
    assert not processing.run(30)
    assert not Collected.objects.exists()


def contact(email: str = "liv@example.com") -> Record:
    return Record.objects.get(object_type="0-1", properties__email=email, archived_at=None)


def told(record: Record) -> list[tuple[str, str]]:
    """What happened to a contact, with its source."""
    found = Event.objects.filter(record_id=record.pk).exclude(type="record.created")
    return list(found.order_by("id").values_list("type", "source"))


def test_a_submission_makes_a_contact_and_an_event() -> None:
    report(ANNA, submission(firstname="Liv", Last_Name="Dahl", colour="red"), at=MOMENT)
    work()
    form = Form.objects.get()
    made = contact()
    assert made.properties["firstname"] == "Liv"
    assert made.properties["lastname"] == "Dahl"
    assert "colour" not in made.properties
    event = Event.objects.get(record_id=made.pk, type="form.submitted")
    assert (event.at, event.source, event.source_id) == (MOMENT, "FORM", str(form.pk))
    assert event.properties == {
        "hs_url": "https://shop.example.com/contact",
        "hs_form_id": str(form.pk),
        "hs_form_name": "contact (shop.example.com)",
        "fields": {
            "email": "liv@example.com", "firstname": "Liv", "Last_Name": "Dahl", "colour": "red",
        },
    }  # fmt: skip
    assert form.fields == ["email", "firstname", "Last_Name", "colour"]
    assert form.mapping == {
        "email": "", "firstname": "firstname", "Last_Name": "lastname", "colour": "",
    }  # fmt: skip
    assert Visitor.objects.get().contact_id == made.pk


def test_a_submission_changes_the_contact_there_is() -> None:
    (pk,) = changes.create("0-1", [{"email": "liv@example.com", "firstname": "L"}], SOURCE)
    take_changes()
    report(None, submission("LIV@example.com", firstname="Liv", city=""))
    work()
    assert contact().pk == pk
    assert contact().properties["firstname"] == "Liv"
    heard = take_changes()
    assert [row["event_types"] for row in heard if row["event_types"]] == [["form.submitted"]]
    assert [row["property_names"] for row in heard if row["property_names"]] == [["firstname"]]
    assert not Visitor.objects.exists()


def test_strangers_cannot_fill_what_staff_decide() -> None:
    report(
        ANNA,
        submission(
            hubspot_owner_id="1", lifecyclestage="customer", hs_email_optout="false",
            hs_object_id="1", createdate="2020-01-01", EMAIL="other@example.com",
        ),
    )  # fmt: skip
    work()
    assert {"hubspot_owner_id", "hs_email_optout", "lifecyclestage"} & set(
        contact().properties
    ) == set()
    assert contact().properties["email"] == "liv@example.com"


def test_staff_may_let_a_form_fill_more() -> None:
    form = Form.objects.create(
        name="Trial", created_at=clock.now(), fields=["stage"], mapping={"stage": "lifecyclestage"}
    )
    report(ANNA, submission(form=str(form.pk), stage="lead"))
    report(ANNA, submission("ole@example.com", form=str(form.pk), stage="no such stage"))
    work()
    assert contact().properties["lifecyclestage"] == "lead"
    assert "lifecyclestage" not in contact("ole@example.com").properties
    assert Form.objects.get().mapping["stage"] == "lifecyclestage"


def test_what_a_visitor_did_before_comes_along_without_enrolling() -> None:
    report(ANNA, page("/"), page("/pricing"))
    work()
    assert VisitorEvent.objects.count() == 2
    assert not Record.objects.exists()
    report(ANNA, page("/again"), submission(), page("/thanks"))
    work()
    assert not VisitorEvent.objects.exists()
    assert told(contact()) == [
        ("page.visited", "VISITOR"), ("page.visited", "VISITOR"), ("page.visited", "VISITOR"),
        ("form.submitted", "FORM"), ("page.visited", "ANALYTICS"),
    ]  # fmt: skip


def test_two_visitors_who_are_one_contact_have_one_history() -> None:
    report(ANNA, page("/a"))
    report(BERTA, page("/b"))
    work()
    report(ANNA, submission())
    report(BERTA, identify("liv@example.com", city="Oslo", lifecyclestage="customer"))
    work()
    made = contact()
    assert sorted(told(made)) == [
        ("form.submitted", "FORM"), ("page.visited", "VISITOR"), ("page.visited", "VISITOR"),
    ]  # fmt: skip
    assert (made.properties["city"], "lifecyclestage" in made.properties) == ("Oslo", False)
    assert set(Visitor.objects.values_list("contact_id", flat=True)) == {made.pk}


def test_a_visitor_who_becomes_somebody_else_leaves_the_past_behind() -> None:
    report(ANNA, page("/1"), submission("liv@example.com"), page("/2"))
    report(ANNA, submission("ole@example.com"), page("/3"))
    work()
    assert told(contact()) == [
        ("page.visited", "VISITOR"), ("form.submitted", "FORM"), ("page.visited", "ANALYTICS"),
    ]  # fmt: skip
    assert told(contact("ole@example.com")) == [
        ("form.submitted", "FORM"), ("page.visited", "ANALYTICS"),
    ]  # fmt: skip
    assert Visitor.objects.get().contact_id == contact("ole@example.com").pk


def test_a_visitor_who_is_known_is_recognised_and_an_archived_contact_is_not() -> None:
    report(ANNA, submission())
    work()
    report(ANNA, page("/later"))
    work()
    made = contact()
    assert told(made)[-1] == ("page.visited", "ANALYTICS")
    changes.archive("0-1", changes.these([made.pk]), SOURCE)
    report(ANNA, page("/later"))
    work()
    assert VisitorEvent.objects.count() == 1


def test_what_cannot_be_stored_is_kept_in_the_event_alone() -> None:
    report(ANNA, submission("nobody", firstname="x"), submission(firstname="y" * 4000))
    work()
    assert Record.objects.count() == 1
    kept = [event.properties["fields"] for event in Event.objects.filter(type="form.submitted")]
    assert {"email": "nobody", "firstname": "x"} in kept


def test_forms_are_known_again_and_those_in_the_archive_are_not_heard() -> None:
    report(ANNA, submission(), submission("ole@example.com", form="other"))
    report(ANNA, submission(form=str(uuid4())))
    work()
    assert sorted(Form.objects.values_list("name", flat=True)) == [
        "contact (shop.example.com)", "other (shop.example.com)",
    ]  # fmt: skip
    form = Form.objects.get(name__startswith="contact")
    assert forms.submissions([form.pk]) == {str(form.pk): 1}
    Form.objects.update(archived_at=clock.now())
    report(ANNA, submission("new@example.com"))
    work()
    assert not Record.objects.filter(properties__email="new@example.com").exists()
    assert Form.objects.count() == 2


def test_nobody_makes_up_forms_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "MOST_FOUND", 3)
    report(ANNA, *(submission(form=f"form{number}") for number in range(5)))
    work()
    report(ANNA, submission(form="one more"))
    work()
    assert Form.objects.count() == 3


def test_a_report_that_nothing_can_be_made_of_does_not_keep_the_others() -> None:
    report(ANNA, page("/1"), page("/2"))
    Collected.objects.create(visitor=ANNA, item={"no": "kind"}, at=clock.now())
    report(ANNA, page("/3"))
    work()
    assert VisitorEvent.objects.count() == 3


def test_visitors_who_stay_away_are_forgotten_with_what_they_did() -> None:
    report(ANNA, page())
    work()
    assert visitors.forget() == 0
    with clock.at(clock.now() + visitors.KEPT + timedelta(days=1)):
        report(BERTA, page())
        work()
        assert visitors.forget() == 1
    assert [event.visitor_id for event in VisitorEvent.objects.all()] == [BERTA]
    assert Visitor.objects.count() == 1


def test_working_off_costs_the_same_queries_for_any_number(
    same_queries_for: SameQueriesFor,
) -> None:
    def burst(size: int) -> int:
        for number in range(size // 5):
            token = uuid4()
            items = [page("/a"), submission(f"n{size}.{number}@example.com", city="Oslo")]
            report(token, page("/0"), *items, page("/b"))
            report(uuid4(), page("/c"))
        return size

    # The form is found once.
    processing.process(burst(5))
    same_queries_for(burst, processing.process)
    assert Record.objects.count() == 1 + 2 + 1000
    assert Event.objects.filter(type="page.visited").count() == 3 * 1003
