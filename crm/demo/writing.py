"""The story of the demo, written day by day as if it had happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet

from crm import associations, changes, clock
from crm.demo.places import OWNERS
from crm.demo.story import DAYS, Item, tell
from crm.models import AssociationType, Owner, Record
from crm.objects import base as objects

IMPORTED = changes.Source(kind=changes.SourceKind.IMPORT, id="demo")
FROM_FORM = changes.Source(kind=changes.SourceKind.API, id="website form")
BY_HAND = changes.Source(kind=changes.SourceKind.CRM_UI)

#: How many of a kind happen right now.
FRESH = 8


def write(seed: int, *, contacts: int = 5000, companies: int = 400) -> dict[str, int]:
    """Write the demo's records; returns how many of each object type.

    Raises DuplicateValue when the demo is there already.
    """
    now = clock.now()
    story = tell(seed, now.date(), _owners(), contacts=contacts, companies=companies)
    account = Account(
        companies=Cast("0-2", story.companies),
        contacts=Cast("0-1", story.contacts),
        deals=Cast("0-3", story.deals),
        tickets=Cast("0-5", story.tickets),
        relations=list(
            AssociationType.objects.filter(category=AssociationType.Category.HUBSPOT_DEFINED)
        ),
    )
    for day in range(DAYS):
        with clock.at(_moment(now, day)):
            account.live(day)
    return account.sizes()


def _owners() -> list[str]:
    for first, last in OWNERS:
        Owner.objects.get_or_create(
            email=f"{first}.{last}@cohort.example.com".lower().replace("á", "a"),
            defaults={"first_name": first, "last_name": last},
        )
    return [str(pk) for pk in Owner.objects.order_by("pk").values_list("pk", flat=True)]


def _moment(now: datetime, day: int) -> datetime:
    """Some time in the working hours of a day; today an hour ago."""
    ago = DAYS - 1 - day
    if not ago:
        return now - timedelta(hours=1)
    start = (now - timedelta(days=ago)).replace(hour=7, minute=11, second=0, microsecond=0)
    return start + timedelta(minutes=(day * 97) % 540, seconds=(day * 31) % 60)


@dataclass
class Cast:
    """The records of one object type, and their ids as far as they have appeared."""

    object_type: str
    items: Sequence[Item]
    ids: dict[int, int] = field(default_factory=dict)

    def appear(self, day: int) -> list[int]:
        """Create the records of a day; returns their places."""
        places = [place for place, item in enumerate(self.items) if item.day == day]
        if not places:
            return []
        source = IMPORTED if day == 0 else FROM_FORM
        rows = [self.items[place].values for place in places]
        self.ids.update(zip(places, changes.create(self.object_type, rows, source), strict=True))
        return places

    def develop(self, day: int) -> None:
        """Make the changes of a day."""
        due = {
            self.ids[place]: item.later[day]
            for place, item in enumerate(self.items)
            if day in item.later and place in self.ids
        }
        if due:
            changes.update(self.object_type, due, BY_HAND)


@dataclass
class Account:
    """All that has appeared so far."""

    companies: Cast
    contacts: Cast
    deals: Cast
    tickets: Cast
    relations: Sequence[AssociationType]

    @property
    def casts(self) -> tuple[Cast, ...]:
        return self.companies, self.contacts, self.deals, self.tickets

    def sizes(self) -> dict[str, int]:
        return {objects.get(cast.object_type).plural: len(cast.ids) for cast in self.casts}

    def live(self, day: int) -> None:
        """Let a day happen."""
        for cast in self.casts:
            new = cast.appear(day)
            self._relate(cast, self.companies, {n: cast.items[n].company for n in new})
            self._relate(cast, self.contacts, {n: cast.items[n].contact for n in new})
            cast.develop(day)

    def _relate(self, cast: Cast, other: Cast, places: Mapping[int, int | None]) -> None:
        """Associate new records by place: the plain relation, and "Primary" where there is one."""
        pairs = [
            (cast.ids[place], other.ids[related])
            for place, related in places.items()
            if related is not None
        ]
        for kind in self.relations if pairs else ():
            if (kind.from_object_type, kind.to_object_type) == (
                cast.object_type,
                other.object_type,
            ):
                associations.associate(kind, associations.pairs(pairs))


def carry_on() -> None:
    """What happens right now: some contacts become leads, some deals are won."""
    new_leads = Record.objects.filter(
        object_type="0-1", properties__lifecyclestage="subscriber", properties__has_key="email"
    )
    won = Record.objects.filter(object_type="0-3", properties__dealstage="contractsent")
    today = clock.now().date().isoformat()
    _change("0-1", new_leads, {"lifecyclestage": "lead", "hs_lead_status": "NEW"}, FROM_FORM)
    _change("0-3", won, {"dealstage": "closedwon", "closedate": today}, BY_HAND)


def _change(
    object_type: str, found: QuerySet[Record], values: dict[str, str], source: changes.Source
) -> None:
    ids = list(found.order_by("-pk").values_list("pk", flat=True)[:FRESH])
    changes.update(object_type, dict.fromkeys(ids, values), source)
