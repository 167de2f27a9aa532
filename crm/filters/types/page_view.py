from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters import event_forms, happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened, line
from crm.filters.inputs import Ask, Form, Input, Values
from crm.filters.kinds import Reader, filter_types
from crm.filters.scopes import Scope

EVENT = "page.visited"
#: Operator -> what it asks of the address of the page; with NOT_ before it, the opposite.
OPERATIONS = {
    "HAS_PAGEVIEW_EQ": ("STRING", "IS_EQUAL_TO"),
    "HAS_PAGEVIEW_CONTAINS": ("STRING", "CONTAINS"),
    "HAS_PAGEVIEW_MATCHES_REGEX": ("REGEX", "MATCHES_REGEX"),
}
NEGATIVE = ("NOT_HAS_PAGEVIEW_EQ", "NOT_HAS_PAGEVIEW_CONTAINS")

PAGE_INPUTS = (
    event_forms.operator(
        ("HAS_PAGEVIEW_EQ", "was the page"),
        ("NOT_HAS_PAGEVIEW_EQ", "was never the page"),
        ("HAS_PAGEVIEW_CONTAINS", "was a page whose address contains"),
        ("NOT_HAS_PAGEVIEW_CONTAINS", "was never a page whose address contains"),
        ("HAS_PAGEVIEW_MATCHES_REGEX", "was a page whose address matches the expression"),
    ),
    Input(name="pageUrl", ask=Ask.TEXT, label="Address"),
)


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

    @classmethod
    def form(cls, values: Values, scope: Scope) -> Form | None:
        event = scope.library.event(EVENT)
        return event_forms.form(event, PAGE_INPUTS, values) if event else None

    @classmethod
    def to_form(cls, json: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        return event_forms.to_form(json, PAGE_INPUTS)

    @classmethod
    def from_form(cls, values: Values, scope: Scope) -> dict[str, Any]:
        return event_forms.from_form(values, PAGE_INPUTS)
