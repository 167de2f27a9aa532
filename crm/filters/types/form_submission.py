from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm.filters import happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened, line
from crm.filters.kinds import Reader, filter_types

EVENT = "form.submitted"
OPERATORS = ["FILLED_OUT", "NOT_FILLED_OUT"]


def form_line(fields: Fields) -> list[dict[str, Any]]:
    """What `formId` asks of a submission; nothing without it."""
    if not fields.has("formId"):
        return []
    return [line("hs_form_id", "ENUMERATION", "IS_ANY_OF", values=[fields.text("formId")])]


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class FormSubmission(Happened):
    """The contact filled out a form, any form without `formId`; or did not."""

    type_name = "FORM_SUBMISSION"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> FormSubmission:
        event = happened.find(fields, reader, "filterType", EVENT)
        group = happened.lines(fields, reader, event, form_line(fields))
        operator = fields.choice("operator", OPERATORS)
        return cls.of(fields, event, group, is_negative=operator == OPERATORS[1])


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class FormSubmissionOnPage(Happened):
    """The contact filled out a form on a page; or did not."""

    type_name = "FORM_SUBMISSION_ON_PAGE"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> FormSubmissionOnPage:
        event = happened.find(fields, reader, "filterType", EVENT)
        page = line("hs_page_id", "STRING", "IS_EQUAL_TO", value=fields.text("pageId"))
        group = happened.lines(fields, reader, event, [*form_line(fields), page])
        operator = fields.choice("operator", OPERATORS)
        return cls.of(fields, event, group, is_negative=operator == OPERATORS[1])
