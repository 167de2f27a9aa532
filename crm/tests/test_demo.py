from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from crm import clock
from crm.changes import DuplicateValue
from crm.demo import writing
from crm.demo.story import DAYS, PATHS, fold, tell
from crm.models import Association, Event, Owner, PropertyHistory, Record
from crm.objects import base as objects

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


def test_the_same_seed_tells_the_same_story() -> None:
    first, second = (tell(7, TODAY, ["1", "2"], contacts=200, companies=20) for _ in range(2))
    assert first == second
    assert tell(8, TODAY, ["1", "2"], contacts=200, companies=20) != first


def test_the_story_is_consistent() -> None:
    story = tell(7, TODAY, ["1", "2"], contacts=2000, companies=150)
    assert len(story.contacts) == 2000
    assert len({item.values["domain"] for item in story.companies}) == 150
    emails = [item.values["email"] for item in story.contacts if "email" in item.values]
    assert len(set(emails)) == len(emails) > 1900
    for person in story.contacts:
        assert person.company is not None
        firm = story.companies[person.company]
        assert person.day >= firm.day
        assert person.values["country"] == firm.values["country"]
        assert person.values["hubspot_owner_id"] == firm.values["hubspot_owner_id"]
        domain = firm.values["domain"]
        assert str(person.values.get("email", domain)).endswith(domain)
    for item in [*story.contacts, *story.deals, *story.tickets]:
        # Everything happens after the record is there, and before today.
        assert all(item.day < day < DAYS - 1 for day in item.later), item
    for deal in story.deals:
        assert deal.contact is not None
        assert deal.day >= story.contacts[deal.contact].day
        assert deal.company == story.contacts[deal.contact].company


def test_stages_are_as_common_as_they_should_be() -> None:
    story = tell(7, TODAY, ["1"], contacts=5000)
    ends = Counter(
        [*(change["lifecyclestage"] for _, change in sorted(item.later.items())),][-1]
        if item.later
        else item.values["lifecyclestage"]
        for item in story.contacts
    )  # fmt: skip
    whole = sum(weight for weight, _ in PATHS.values())
    for stage, (weight, _) in PATHS.items():
        assert ends[stage] / 5000 == pytest.approx(weight / whole, abs=0.02), stage


@pytest.mark.parametrize(
    ("name", "folded"),
    [("Jürgen", "jurgen"), ("Øyvind", "oyvind"), ("Sæther", "saether"), ("Oak & Co.", "oak-co")],
)
def test_names_in_addresses(name: str, folded: str) -> None:
    assert fold(name) == folded


@pytest.mark.django_db
def test_the_story_is_written_with_its_past() -> None:
    with clock.at(NOW):
        made = writing.write(7, contacts=300, companies=25)
    assert made["contacts"] == 300
    for plural, count in made.items():
        assert Record.objects.filter(object_type=objects.get(plural).type_id).count() == count
    assert Owner.objects.count() == 4
    moments = Record.objects.values_list("created_at", flat=True)
    assert min(moments) < NOW - timedelta(days=DAYS - 2)
    assert max(moments) < NOW
    assert not PropertyHistory.objects.filter(at__gt=NOW).exists()
    assert not Event.objects.exclude(type="record.created").exists()
    customer = Record.objects.filter(
        object_type="0-1", properties__lifecyclestage="customer"
    ).first()
    assert customer is not None
    stages = PropertyHistory.objects.filter(record_id=customer.pk, property_name="lifecyclestage")
    assert list(stages.order_by("at").values_list("value", flat=True)) == [
        "lead", "opportunity", "customer",
    ]  # fmt: skip
    names = set(
        Association.objects.filter(from_record=customer).values_list("type__name", flat=True)
    )
    assert {"contact_to_company", "contact_to_company_unlabeled"} <= names
    with pytest.raises(DuplicateValue), clock.at(NOW):
        writing.write(7, contacts=300, companies=25)
