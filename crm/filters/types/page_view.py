from __future__ import annotations

from dataclasses import dataclass

from crm.filters import happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened, line
from crm.filters.kinds import Reader, filter_types

EVENT = "page.visited"
#: Operator -> what it asks of the address of the page; with NOT_ before it, the opposite.
OPERATIONS = {
    "HAS_PAGEVIEW_EQ": ("STRING", "IS_EQUAL_TO"),
    "HAS_PAGEVIEW_CONTAINS": ("STRING", "CONTAINS"),
    "HAS_PAGEVIEW_MATCHES_REGEX": ("REGEX", "MATCHES_REGEX"),
}
NEGATIVE = ("NOT_HAS_PAGEVIEW_EQ", "NOT_HAS_PAGEVIEW_CONTAINS")


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class PageView(Happened):
    """The contact saw a page of a tracked website; or did not."""

    type_name = "PAGE_VIEW"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> PageView:
        operator = fields.choice("operator", [*OPERATIONS, *NEGATIVE])
        kind, name = OPERATIONS[operator.removeprefix("NOT_")]
        event = happened.find(fields, reader, "filterType", EVENT)
        address = line("hs_url", kind, name, value=fields.text("pageUrl"))
        group = happened.lines(fields, reader, event, [address])
        return cls.of(fields, event, group, is_negative=operator in NEGATIVE)
