"""A form field that is a filter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from crm import clock
from crm.admin.filter_builder.checking import Finding, check, head_error
from crm.admin.filter_builder.drawing import Groups, Unreadable, dump, load, read, write
from crm.admin.filter_builder.rendering import canvas, draw_group, draw_groups
from crm.admin.filter_builder.words import in_sentences
from crm.filters import scopes
from crm.filters.scopes import Scope
from crm.objects import base as objects


class Posted(str):
    """What somebody sent to be saved, not what was stored."""

    __slots__ = ()


class FilterWidget(forms.Widget):
    """The filter builder. The form carries one hidden input that the rows are written into."""

    use_fieldset = True

    class Media:
        css = {"all": ["crm/filter_builder.css"]}
        js = ["crm/filter_builder.js"]

    def __init__(self, object_type: str, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.object_type = object_type

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        scope = scopes.load(self.object_type)
        try:
            groups = load(value or "")
        except Unreadable:
            groups = ()
        drawn = canvas(groups, scope, clock.now())
        return render_to_string(
            "admin/parts/filter_builder.html",
            {
                "name": name,
                "id": (attrs or {}).get("id") or f"id_{name}",
                "value": dump(groups),
                "is_strict": isinstance(value, Posted),
                "kind": objects.get(self.object_type),
                "groups": draw_groups(groups, scope, drawn),
                "empty_group": draw_group(SafeString(""), 0),
                "is_empty": not groups,
                "sentences": in_sentences(groups, scope, drawn.findings),
                "urls": {
                    what: reverse(f"admin:filter_{what}", args=[self.object_type])
                    for what in ("offers", "options", "rows", "estimate")
                },
            },
        )


class FilterField(forms.Field):
    """A filter about records of a type.

    Its initial and its cleaned value are HubSpot's filter branch in JSON: an OR of ANDs, or None
    when it is not required and nothing was added. What was not changed comes back as it was.
    """

    default_error_messages = {
        "required": "Add at least one filter.",
        "unreadable": "The filter could not be read. Reload the page and try again.",
    }

    def __init__(self, object_type: str, **options: Any) -> None:
        super().__init__(widget=FilterWidget(object_type), **options)
        self.object_type = object_type

    def bound_data(self, data: Any, initial: Any) -> Any:
        return Posted(data or "")

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return dump(read(value, scopes.load(self.object_type)))

    def to_python(self, value: Any) -> Any:
        scope = scopes.load(self.object_type)
        try:
            groups = load(value or "")
        except Unreadable:
            raise ValidationError(self.error_messages["unreadable"], "unreadable") from None
        if not groups:
            return None
        self._refuse_errors(groups, scope)
        return write(groups, scope)

    def _refuse_errors(self, groups: Groups, scope: Scope) -> None:
        error = head_error(groups, scope)
        if error:
            raise ValidationError(error, "invalid")
        wrong = [found for found in check(groups, scope, clock.now()).values() if found.error]
        if wrong:
            raise ValidationError(_count_in_words(wrong), "invalid")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (self.prepare_value(initial) or "[]") != (data or "[]")


def _count_in_words(wrong: list[Finding]) -> str:
    if len(wrong) == 1:
        return "A filter needs attention: it is marked red."
    return f"{len(wrong)} filters need attention: they are marked red."
