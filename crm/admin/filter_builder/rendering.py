"""Rows and groups of a filter as HTML. Python, not templates: a filter may have 250 rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from crm.admin.filter_builder.checking import Finding, Findings, check
from crm.admin.filter_builder.drawing import Groups, Row, given
from crm.admin.filter_builder.widgets import NOTHING, Asked, render
from crm.filters.inputs import Ask, Form
from crm.filters.kinds import Condition
from crm.filters.scopes import Scope

#: Labels of things that rows refer to: (kind, input) -> value -> label.
UNREADABLE = "This filter cannot be checked and lets nobody in."
Found = Mapping[tuple[type[Condition], str], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """What is known about all rows that are drawn together."""

    findings: Findings
    found: Found
    #: Whether what is not filled in yet is an error.
    is_strict: bool = True
    blank: Finding = field(default_factory=Finding)

    def finding(self, place: str) -> Finding:
        found = self.findings.get(place, self.blank)
        return found if self.is_strict or not found.is_unfinished else self.blank


def canvas(groups: Groups, scope: Scope, now: datetime, *, is_strict: bool = True) -> Canvas:
    findings = check(groups, scope, now)
    return Canvas(findings=findings, found=_look_up(groups, scope), is_strict=is_strict)


def _look_up(groups: Groups, scope: Scope) -> Found:
    """The labels of everything that rows refer to, with one query per kind and input."""
    wanted: dict[tuple[type[Condition], str], set[str]] = {}
    for rows in groups:
        for condition, name, value in _references(rows, scope):
            wanted.setdefault((condition, name), set()).add(value)
    return {key: key[0].found(key[1], values) for key, values in wanted.items()}


def _references(rows: Sequence[Row], scope: Scope) -> Iterator[tuple[type[Condition], str, str]]:
    for row in rows:
        form = row.form(scope)
        if form is None or row.condition is None:
            continue
        for item in form.inputs:
            if item.ask is Ask.FOUND and (value := given(row.values, item)):
                yield row.condition, item.name, str(value)
        if form.inner:
            yield from _references(row.rows, form.inner)


def draw_groups(groups: Groups, scope: Scope, canvas: Canvas) -> SafeString:
    return format_html_join(
        "",
        "{}",
        (
            (draw_group(draw_rows(rows, scope, canvas, str(place)), place),)
            for place, rows in enumerate(groups)
        ),
    )


def draw_group(rows: SafeString, place: int) -> SafeString:
    """A group around some drawn rows; the browser copies an empty one."""
    return format_html(
        '<section class="fb-group" data-group aria-label="Group {}">'
        '<div class="fb-group-head"><h3 data-number>Group {}</h3>'
        '<p class="co-muted co-small">all of these are true</p>{}{}</div>'
        '<ol class="fb-rows" data-rows>{}</ol>'
        '<button class="co-button co-slim fb-add" type="button" data-do="add">'
        '<span class="material-symbols-outlined" aria-hidden="true">add</span>'
        "Add filter</button></section>",
        place + 1,
        place + 1,
        _button("copy-group", "content_copy", "Copy the group"),
        _button("remove-group", "delete", "Remove the group"),
        rows,
    )


def draw_rows(rows: Sequence[Row], scope: Scope, canvas: Canvas, place: str) -> SafeString:
    return format_html_join(
        "",
        "{}",
        ((draw_row(row, scope, canvas, f"{place}.{n}"),) for n, row in enumerate(rows)),
    )


def draw_row(row: Row, scope: Scope, canvas: Canvas, place: str) -> SafeString:
    form = row.form(scope)
    finding = canvas.finding(place)
    error_id = f"fb-{token_hex(6)}"
    title = form.title if form else finding.words or "This filter"
    body = _inputs(row, form, canvas, error_id) if form else _kept(row, finding)
    return format_html(
        '<li class="fb-row{}" data-row data-kind="{}"{}><div class="fb-line">'
        '<div class="fb-sentence">{}</div><div class="fb-tools">{}{}</div></div>'
        '<p class="fb-note" data-note{}>{}</p>'
        '<p class="co-error" data-error id="{}"{}>{}</p>{}</li>',
        mark_safe(" fb-bad") if finding.error else "",
        row.kind if form else "",
        format_html(' data-json="{}"', json.dumps(row.json)) if row.json is not None else "",
        body,
        _button("copy", "content_copy", f"Copy the filter {title}"),
        _button("remove", "close", f"Remove the filter {title}"),
        NOTHING if finding.note else mark_safe(" hidden"),
        finding.note,
        error_id,
        NOTHING if finding.error else mark_safe(" hidden"),
        finding.error,
        _inside(row, form, canvas, place),
    )


def _button(action: str, icon: str, label: str) -> SafeString:
    return format_html(
        '<button class="fb-tool" type="button" data-do="{}" aria-label="{}" title="{}">'
        '<span class="material-symbols-outlined" aria-hidden="true">{}</span></button>',
        action,
        label,
        label,
        icon,
    )


def _inputs(row: Row, form: Form, canvas: Canvas, error_id: str) -> SafeString:
    """The sentence: the title, then what is asked for."""
    drawn = (
        render(
            Asked(
                input=item,
                values=row.values,
                title=form.title,
                error_id=error_id,
                found=canvas.found.get((row.condition, item.name), {}) if row.condition else {},
            )
        )
        for item in form.inputs
    )
    return format_html(
        '<strong class="fb-title" title="{}">{}</strong>{}',
        form.description,
        form.title,
        format_html_join("", "{}", ((item,) for item in drawn)),
    )


def _kept(row: Row, finding: Finding) -> SafeString:
    """What no form can show, in words."""
    if finding.error:
        return format_html('<span class="fb-words">{}</span>', UNREADABLE)
    return format_html(
        '<span class="fb-words">{}</span><span class="co-muted co-small">{}</span>',
        finding.words,
        "This part can be read and removed here, not changed.",
    )


def _inside(row: Row, form: Form | None, canvas: Canvas, place: str) -> SafeString:
    """The filters inside a block."""
    if form is None or form.inner is None:
        return NOTHING
    return format_html(
        '<div class="fb-inside"><ol class="fb-rows" data-rows aria-label="{}">{}</ol>'
        '<button class="co-button co-slim fb-add" type="button" data-do="add">'
        '<span class="material-symbols-outlined" aria-hidden="true">add</span>{}</button></div>',
        f"Filters of {form.title}",
        draw_rows(row.rows, form.inner, canvas, place),
        form.add_label,
    )
