from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters import event_forms, happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened, line
from crm.filters.inputs import Ask, Choice, Form, Input, Values
from crm.filters.kinds import Reader, filter_types
from crm.filters.scopes import Scope

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

    @classmethod
    def form(cls, values: Values, scope: Scope) -> Form | None:
        event = scope.library.event(EVENT)
        return event_forms.form(event, form_inputs(scope), values) if event else None

    @classmethod
    def to_form(cls, json: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        return event_forms.to_form(json, form_inputs(scope))

    @classmethod
    def from_form(cls, values: Values, scope: Scope) -> dict[str, Any]:
        return event_forms.from_form(values, form_inputs(scope))


def form_inputs(scope: Scope) -> tuple[Input, ...]:
    """Whether a form, or any, was filled out."""
    event = scope.library.event(EVENT)
    options = event.definitions["hs_form_id"].options if event else ()
    forms = (Choice(value=option.value, label=option.label) for option in options)
    return (
        event_forms.operator(("FILLED_OUT", "filled out"), ("NOT_FILLED_OUT", "did not fill out")),
        Input(
            name="formId",
            ask=Ask.CHOICE,
            label="Form",
            choices=(Choice(value="", label="any form"), *forms),
        ),
    )


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
