"""Random filters over the whole grammar."""

from __future__ import annotations

import random

from crm.tests.filter_lines import MOMENTS, Json, Lines
from crm.tests.filter_world import CONTACT, milliseconds

COMPANY = "0-2"
HOLDER = "t_holder"
#: Events that happen in tests: to contacts, and to companies.
EVENTS = {CONTACT: ["4-999101", "4-999102"], COMPANY: ["4-999103"]}
#: (from, number, to): contacts and companies, both ways, with and without a label.
LINKS = [
    (CONTACT, 279, COMPANY),
    (CONTACT, 1, COMPANY),
    (COMPANY, 280, CONTACT),
    (COMPANY, 2, CONTACT),
]


class Trees(Lines):
    """Makes one random filter after the other."""

    def __init__(self, chance: random.Random, lists: dict[int, str]) -> None:
        super().__init__(chance)
        self.lists = [*lists, 2**40]

    def tree(self, about: str = CONTACT, depth: int = 3) -> Json:
        """A branch on records of a type."""
        count = self.chance.choice([0, 1, 1, 2, 2, 3])
        inner = 0 if not depth else self.chance.choice([0, 0, 1, 2])
        return {
            "filterBranchType": self.chance.choice(["AND", "OR", "NOT_ANY", "NOT_ALL"]),
            "filters": [self.filter(about, depth) for _ in range(count)],
            "filterBranches": [self.branch(about, depth - 1) for _ in range(inner)],
        }

    def branch(self, about: str, depth: int) -> Json:
        kind = self.chance.random()
        if kind < 0.5:
            return self.tree(about, depth)
        if kind < 0.7:
            return self.associated(about, depth)
        return self.held(depth) if kind < 0.8 and about == CONTACT else self.events(about)

    def filter(self, about: str, depth: int) -> Json:
        kind = self.chance.random()
        if kind < 0.7:
            return {"filterType": "PROPERTY", **self.line(has_history=True)}
        if kind < 0.75:
            return self.chance.choice(
                [
                    {"filterType": "CONSTANT", "shouldAccept": self.chance.random() < 0.5},
                    {"filterType": "CAMPAIGN_INFLUENCED", "campaignId": "1"},
                ]
            )
        if kind < 0.82:
            return {"filterType": "IN_LIST", **self.in_list()}
        return self.one_of(
            lambda: self.associated_in_list(about),
            lambda: self.number_of(about),
            lambda: self.events_filter(about),
            lambda: self.held_in_list() if about == CONTACT else self.number_of(about),
        )

    def in_list(self) -> Json:
        return {
            "operator": self.word("IN_LIST NOT_IN_LIST"),
            "listId": self.chance.choice(self.lists),
        }

    # Other records

    def link(self, about: str) -> Json:
        fitting = [link for link in LINKS if link[0] == about]
        _, number, to = self.chance.choice(fitting if self.chance.random() < 0.95 else LINKS)
        return {
            "to": to,
            "type": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number},
        }

    def associated(self, about: str, depth: int) -> Json:
        link = self.link(about)
        inside = self.tree(link["to"], max(depth - 1, 0))
        return {
            **inside,
            "filterBranchType": "ASSOCIATION",
            "filterBranchOperator": self.word("AND AND OR"),
            "objectTypeId": link["to"],
            "operator": self.word("IN_LIST NOT_IN_LIST"),
            **link["type"],
        }

    def held(self, depth: int) -> Json:
        return {
            **self.tree(COMPANY, max(depth - 1, 0)),
            "filterBranchType": "PROPERTY_ASSOCIATION",
            "objectTypeId": COMPANY,
            "propertyWithObjectId": HOLDER,
            "operator": self.word("IN_LIST NOT_IN_LIST"),
        }

    def associated_in_list(self, about: str) -> Json:
        link = self.link(about)
        return {
            "filterType": "ASSOCIATION",
            "toObjectTypeId": link["to"],
            **self.in_list(),
            **link["type"],
            **self.tally(),
        }

    def held_in_list(self) -> Json:
        return {
            "filterType": "PROPERTY_ASSOCIATION",
            "toObjectTypeId": COMPANY,
            "propertyWithObjectId": HOLDER,
            **self.in_list(),
            **self.tally(),
        }

    def number_of(self, about: str) -> Json:
        link = self.link(about)
        return {
            "filterType": "NUM_ASSOCIATIONS",
            "toObjectTypeId": link["to"],
            "coalescingRefineBy": self.number(),
            **link["type"],
        }

    def tally(self) -> Json:
        kind = self.chance.random()
        if kind < 0.4:
            return {}
        if kind < 0.7:
            return {"coalescingRefineBy": self.number()}
        sets = "ANY ALL NONE ANY_INCLUDE_EMPTY ALL_INCLUDE_EMPTY NONE_EXCLUDE_EMPTY"
        return {"coalescingRefineBy": {"type": "SET_OCCURRENCES", "setType": self.word(sets)}}

    def number(self) -> Json:
        least = self.chance.choice([None, 0, 1, 2, 3])
        most = self.chance.choice([None, 0, 1, 2, 4])
        if least is not None and most is not None and most < least:
            least, most = most, least
        return {"type": "NUM_OCCURRENCES", "minOccurrences": least, "maxOccurrences": most}

    # Events

    def events(self, about: str) -> Json:
        lines = [
            {"filterType": "PROPERTY", **self.line(has_history=False)}
            for _ in range(self.chance.choice([0, 1, 1, 2]))
        ]
        return {
            "filterBranchType": "UNIFIED_EVENTS",
            "filterBranchOperator": self.word("AND AND OR"),
            "eventTypeId": self.chance.choice(EVENTS[about]),
            "operator": self.word("HAS_COMPLETED HAS_NOT_COMPLETED"),
            "filters": lines,
            **self.tally(),
            **self.window(),
        }

    def events_filter(self, about: str) -> Json:
        key = self.chance.choice(EVENTS[about])
        if self.chance.random() < 0.3:
            operator = self.word("HAS_EVENT NOT_HAS_EVENT")
            return {"filterType": "EVENT", "eventId": key, "operator": operator, **self.window()}
        return {
            "filterType": "UNIFIED_EVENTS",
            "eventTypeId": key,
            "filterLines": [self.line(has_history=False)],
            **self.tally(),
            **self.window(),
        }

    def window(self) -> Json:
        if self.chance.random() < 0.5:
            return {}
        found = self.one_of(
            lambda: {"type": "ALL_HISTORY"},
            lambda: {"type": "RELATIVE_COMPARATIVE", "timeOffset": self.offset(),
                     "comparison": self.word("BEFORE AFTER")},
            lambda: {"type": "RELATIVE_RANGED", "rangeType": self.word("BETWEEN NOT_BETWEEN"),
                     "lowerBoundOffset": self.offset(), "upperBoundOffset": self.offset()},
            lambda: {"type": "ABSOLUTE_COMPARATIVE", "comparison": self.word("BEFORE AFTER"),
                     "timestamp": milliseconds(self.chance.choice(MOMENTS))},
            lambda: {"type": "ABSOLUTE_RANGED", "rangeType": self.word("BETWEEN NOT_BETWEEN"),
                     "lowerTimestamp": milliseconds(self.chance.choice(MOMENTS)),
                     "upperTimestamp": milliseconds(self.chance.choice(MOMENTS))},
            lambda: {"type": "TIME_POINT", **self.one_point(self.time_point)},
            lambda: {"type": "TIME_RANGED", **self.two_points(self.time_point)},
        )  # fmt: skip
        return {"pruningRefineBy": found}

    def offset(self) -> Json:
        return {
            "amount": self.chance.choice([0, 1, 3, 7, 24]),
            "timeUnit": self.word("MINUTES HOURS DAYS WEEKS"),
            "offsetDirection": self.word("PAST PAST FUTURE"),
        }
