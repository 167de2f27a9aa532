"""The demo as a plan: who appears when, and what happens to whom. Nothing here writes."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from crm.demo.places import COUNTRIES, INDUSTRIES, JOBS, STEMS, Country

#: The days of the story; the last one is today.
DAYS = 45
Values = dict[str, Any]

#: Stage a contact has today -> (how common, the way there).
PATHS: dict[str, tuple[int, tuple[str, ...]]] = {
    "subscriber": (19, ("subscriber",)),
    "lead": (8, ("subscriber", "lead")),
    "marketingqualifiedlead": (15, ("subscriber", "lead", "marketingqualifiedlead")),
    "salesqualifiedlead": (10, ("lead", "marketingqualifiedlead", "salesqualifiedlead")),
    "opportunity": (9, ("lead", "salesqualifiedlead", "opportunity")),
    "customer": (33, ("lead", "opportunity", "customer")),
    "evangelist": (2, ("opportunity", "customer", "evangelist")),
    "other": (4, ("other",)),
}
LEAD_STATUS = {
    "lead": ("NEW", "NEW", "OPEN", "ATTEMPTED_TO_CONTACT", "CONNECTED", None),
    "marketingqualifiedlead": ("OPEN", "ATTEMPTED_TO_CONTACT", "BAD_TIMING"),
    "salesqualifiedlead": ("IN_PROGRESS", "CONNECTED"),
    "opportunity": ("OPEN_DEAL",),
}
DEAL_STAGES = (
    "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin",
    "contractsent",
)  # fmt: skip
PRODUCTS = ("Starter package", "Team licence", "Annual plan", "Onboarding", "Expansion", "Renewal")
LOST = ("Price too high", "Went with another supplier", "No budget this year", "No answer any more")
QUESTIONS = (
    ("Invoice shows the old address", "LOW"),
    ("Cannot log in since this morning", "URGENT"),
    ("How do we add a second site?", "MEDIUM"),
    ("Export stops halfway", "HIGH"),
    ("Please delete a user who left", "LOW"),
    ("Delivery came without the manual", "MEDIUM"),
)


@dataclass
class Item:
    """A record of the story: when it appears, with which values, and what happens to it later."""

    day: int
    values: Values
    #: Day -> what changes on it.
    later: dict[int, Values] = field(default_factory=dict)
    #: Its place among the companies, and among the contacts.
    company: int | None = None
    contact: int | None = None


@dataclass(frozen=True)
class Story:
    """All records of the demo."""

    companies: list[Item]
    contacts: list[Item]
    deals: list[Item]
    tickets: list[Item]


def tell(
    seed: int, today: date, owners: Sequence[str], *, contacts: int = 5000, companies: int = 400
) -> Story:
    """The same seed and day tell the same story."""
    teller = _Teller(Random(seed), today, owners)  # noqa: S311 (a story, no secret)
    firms = teller.companies(companies)
    people = teller.contacts(contacts, firms)
    return Story(
        companies=firms,
        contacts=people,
        deals=teller.deals(people, firms),
        tickets=teller.tickets(people),
    )


def _is_customer(person: Item) -> bool:
    return any(change.get("lifecyclestage") == "customer" for change in person.later.values())


def fold(name: str) -> str:
    """A name as it stands in addresses: "Jürgen Ødegård" gives "jurgen-odegard"."""
    special = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "ß": "ss", "ł": "l"})
    plain = unicodedata.normalize("NFKD", name.translate(special)).encode("ascii", "ignore")
    return "-".join(plain.decode().lower().replace(".", "").replace("&", "").split())


class _Teller:
    def __init__(self, chance: Random, today: date, owners: Sequence[str]) -> None:
        self.chance = chance
        self.today = today
        self.owners = owners

    def day(self, number: int) -> str:
        return (self.today - timedelta(days=DAYS - 1 - number)).isoformat()

    def between(self, first: int, last: int) -> int:
        return self.chance.randint(min(first, last), last)

    def country(self) -> Country:
        return self.chance.choices(COUNTRIES, [country.weight for country in COUNTRIES])[0]

    def phone(self, country: Country) -> str:
        return (
            f"{country.phone} {self.chance.randint(20, 99)} {self.chance.randint(10**6, 10**7 - 1)}"
        )

    def address(self, country: Country) -> Values:
        city, state, code = self.chance.choice(country.cities)
        street = f"{self.chance.choice(country.streets)} {self.chance.randint(1, 140)}"
        return {
            "address": street, "city": city, "state": state, "zip": code, "country": country.name,
        }  # fmt: skip

    def companies(self, count: int) -> list[Item]:
        made: list[Item] = []
        names: set[str] = set()
        while len(made) < count:
            country = self.country()
            industry = self.chance.choice(list(INDUSTRIES))
            word = self.chance.choice(INDUSTRIES[industry])
            stem = f"{self.chance.choice(STEMS)} {word}"
            if stem in names:
                continue
            names.add(stem)
            made.append(self._company(country, industry, stem, len(made)))
        return made

    def _company(self, country: Country, industry: str, stem: str, number: int) -> Item:
        employees = int(math.exp(self.chance.gauss(3.6, 1.3))) + 2
        # example.com belongs to nobody: mail to these people cannot reach anybody.
        domain = f"{fold(stem)}.example.com"
        return Item(
            day=self.between(0, DAYS // 3),
            values={
                "name": f"{stem} {country.legal_form}",
                "domain": domain,
                "website": f"https://www.{domain}",
                "industry": industry,
                "phone": self.phone(country),
                "numberofemployees": employees,
                "annualrevenue": employees * self.chance.randint(60, 240) * 1000,
                "hubspot_owner_id": self.owners[number % len(self.owners)],
            }
            | self.address(country),
        )

    def contacts(self, count: int, firms: Sequence[Item]) -> list[Item]:
        addresses: set[str] = set()
        return [self._contact(firms, addresses) for _ in range(count)]

    def _contact(self, firms: Sequence[Item], addresses: set[str]) -> Item:
        # Some firms have many people, most have few.
        company = int(len(firms) * self.chance.random() ** 1.7)
        firm = firms[company].values
        country = next(item for item in COUNTRIES if item.name == firm["country"])
        first, last = (
            self.chance.choice(country.first_names),
            self.chance.choice(country.last_names),
        )
        values = {
            "firstname": first,
            "lastname": last,
            "jobtitle": self.chance.choice(JOBS),
            "company": firm["name"],
            "phone": self.phone(country),
            "hs_language": country.language,
            "hs_timezone": country.zone,
            "hubspotscore": self.chance.randint(0, 100),
            "hubspot_owner_id": firm["hubspot_owner_id"],
            "hs_email_optout": self.chance.random() < 0.03,
        }
        values |= {name: firm[name] for name in ("city", "state", "country", "industry", "website")}
        # A few are known by telephone only.
        if self.chance.random() > 0.02:
            values["email"] = self._email(first, last, firm["domain"], addresses)
        return self._along_its_path(values, company, firms[company].day)

    def _email(self, first: str, last: str, domain: str, taken: set[str]) -> str:
        stem, number = f"{fold(first)}.{fold(last)}", 1
        while (email := f"{stem}{number if number > 1 else ''}@{domain}") in taken:
            number += 1
        taken.add(email)
        return email

    def _along_its_path(self, values: Values, company: int, earliest: int) -> Item:
        paths = list(PATHS.values())
        _, path = self.chance.choices(paths, [weight for weight, _ in paths])[0]
        latest = DAYS - 2 - len(path)
        days = sorted(self.chance.sample(range(earliest, DAYS - 1), len(path)))
        item = Item(min(days[0], latest), values | {"lifecyclestage": path[0]}, company=company)
        if path[-1] == "lead":
            # Who became a lead did so lately: the welcome workflow is about them.
            days[-1] = self.between(DAYS - 10, DAYS - 2)
        for day, stage in zip(days[1:], path[1:], strict=True):
            status = self.chance.choice(LEAD_STATUS.get(stage, (None,)))
            item.later[max(day, item.day + 1)] = self._stage(stage, status, day)
        return item

    def _stage(self, stage: str, status: str | None, day: int) -> Values:
        change: Values = {"lifecyclestage": stage, "hs_lead_status": status}
        if stage == "customer":
            change["closedate"] = self.day(day)
        if stage in LEAD_STATUS and status not in (None, "NEW"):
            change["notes_last_contacted"] = (
                f"{self.day(day)}T{self.chance.randint(7, 16):02}:30:00Z"
            )
        return change

    def deals(self, people: Sequence[Item], firms: Sequence[Item]) -> list[Item]:
        """Half of the deals are over; the others stand in the pipeline."""
        over: list[tuple[int, int]] = []
        running: list[tuple[int, int]] = []
        for number, person in enumerate(people):
            for day, change in person.later.items():
                if change.get("lifecyclestage") == "opportunity" and day < DAYS - 2:
                    (over if _is_customer(person) else running).append((number, day))
        share = len(people) // 16
        chosen = [self.chance.sample(buyers, min(len(buyers), share)) for buyers in (over, running)]
        return [
            self._deal(number, people[number], day, firms)
            for number, day in sorted(itertools.chain(*chosen))
        ]

    def _deal(self, number: int, person: Item, day: int, firms: Sequence[Item]) -> Item:
        assert person.company is not None
        firm = firms[person.company].values
        is_won = _is_customer(person)
        ending = {"dealstage": "closedwon"} if is_won else None
        if not is_won and self.chance.random() < 0.3:
            ending = {"dealstage": "closedlost", "closed_lost_reason": self.chance.choice(LOST)}
        item = Item(
            day,
            {
                "dealname": f"{firm['name']} – {self.chance.choice(PRODUCTS)}",
                "pipeline": "default",
                "dealstage": DEAL_STAGES[0],
                "amount": round(math.exp(self.chance.gauss(8.6, 0.9)), -2) + 100,
                "dealtype": self.chance.choice(("newbusiness", "newbusiness", "existingbusiness")),
                "hs_priority": self.chance.choice(("low", "medium", "medium", "high")),
                "hubspot_owner_id": firm["hubspot_owner_id"],
            },
            company=person.company,
            contact=number,
        )
        self._work_on(item, ending)
        return item

    def _work_on(self, item: Item, ending: Values | None) -> None:
        """Take a deal through some stages, and to its end if it has one."""
        last = self.between(item.day, DAYS - 2)
        steps = self.chance.randint(1, len(DEAL_STAGES) - 1)
        days = sorted(self.between(item.day + 1, max(last, item.day + 1)) for _ in range(steps))
        for stage, day in enumerate(days, 1):
            if day < DAYS - 1:
                item.later[day] = {"dealstage": DEAL_STAGES[stage]}
        if ending is not None:
            end = min(max(last, item.day + 1), DAYS - 2)
            item.later[end] = ending | {"closedate": self.day(end)}
            item.later = {day: change for day, change in item.later.items() if day <= end}
        else:
            item.values["closedate"] = self.day(DAYS + self.chance.randint(5, 80))

    def tickets(self, people: Sequence[Item]) -> list[Item]:
        customers = [number for number, person in enumerate(people) if _is_customer(person)]
        chosen = self.chance.sample(customers, min(len(customers), len(people) // 14))
        return [self._ticket(number, people[number]) for number in sorted(chosen)]

    def _ticket(self, number: int, person: Item) -> Item:
        subject, priority = self.chance.choice(QUESTIONS)
        item = Item(
            self.between(person.day + 1, DAYS - 2),
            {
                "subject": subject,
                "hs_pipeline": "0",
                "hs_pipeline_stage": "1",
                "hs_ticket_priority": priority,
                "source_type": self.chance.choice(("EMAIL", "EMAIL", "FORM", "PHONE", "CHAT")),
                "hubspot_owner_id": person.values["hubspot_owner_id"],
            },
            company=person.company,
            contact=number,
        )
        day = item.day
        for stage in self.chance.choice((("3",), ("2", "3"), ("3", "4"), ("2", "3", "4"), ("4",))):
            day += self.chance.randint(1, 4)
            if day >= DAYS - 1:
                break
            item.later[day] = {"hs_pipeline_stage": stage}
            if stage == "4":
                item.later[day]["closed_date"] = f"{self.day(day)}T15:20:00Z"
        return item
