"""Inputs of a row as HTML, one function per way to ask (crm.filters.inputs.Ask)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from secrets import token_hex

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from crm.admin.filter_builder.drawing import given
from crm.filters.inputs import Ask, Choice, Input, Values, texts_of

#: More choices than this are searched instead of ticked.
MOST_BOXES = 30
NOTHING = SafeString("")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An input of a row with what stands in it."""

    input: Input
    values: Values
    #: Of the row: the inputs are named after it for people who do not see where they stand.
    title: str
    #: The id of the element that says what is wrong.
    error_id: str
    #: Labels of values that stand in it and exist (Ask.FOUND).
    found: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        value = given(self.values, self.input)
        return value if isinstance(value, str) else ", ".join(value)

    @property
    def label(self) -> str:
        return f"{self.title}: {self.input.label.lower()}"

    @property
    def attributes(self) -> SafeString:
        return format_html(
            'data-name="{}" aria-label="{}" aria-describedby="{}"{}',
            self.input.name,
            self.label,
            self.error_id,
            mark_safe(" data-decides") if self.input.decides else "",
        )


def render(asked: Asked) -> SafeString:
    """An input with the words around it."""
    html = WIDGETS[asked.input.ask](asked)
    return format_html("{}{}{}", _word(asked.input.before), html, _word(asked.input.after))


def _word(text: str) -> SafeString:
    return format_html('<span class="fb-word">{}</span>', text) if text else NOTHING


def _line(kind: str, more: str = "") -> Callable[[Asked], SafeString]:
    def widget(asked: Asked) -> SafeString:
        return format_html(
            '<input class="fb-input fb-{}" type="{}" value="{}" {} {}>',
            asked.input.ask.value,
            kind,
            asked.text,
            asked.attributes,
            mark_safe(more),  # noqa: S308 (constants below)
        )

    return widget


def _select(asked: Asked) -> SafeString:
    """One of some choices, under their headings where they have some."""
    return format_html(
        '<select class="fb-input fb-select" {}>{}</select>',
        asked.attributes,
        _options(asked.input.choices, asked.text),
    )


@lru_cache(maxsize=512)
def _options(choices: tuple[Choice, ...], chosen: str) -> SafeString:
    if chosen not in {choice.value for choice in choices}:
        choices = (Choice(value=chosen, label=chosen or "Choose"), *choices)
    parts = []
    for heading, under in groupby(choices, key=lambda choice: choice.heading):
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (one.value, mark_safe(" selected") if one.value == chosen else "", one.label)
                for one in under
            ),
        )
        wrap = '<optgroup label="{0}">{1}</optgroup>' if heading else "{1}"
        parts.append(format_html(wrap, heading, options))
    return mark_safe("".join(parts))  # noqa: S308 (parts are safe)


def _tick(asked: Asked) -> SafeString:
    return format_html(
        '<label class="fb-tick"><input type="checkbox" data-name="{}" aria-describedby="{}"{}>'
        "<span>{}</span></label>",
        asked.input.name,
        asked.error_id,
        mark_safe(" checked") if asked.text == "true" else "",
        asked.input.label,
    )


def _hidden(asked: Asked) -> SafeString:
    return format_html(
        '<input type="hidden" data-name="{}" value="{}">', asked.input.name, asked.text
    )


def _texts(asked: Asked) -> SafeString:
    """Several texts as chips; a list can be pasted."""
    chips = ((text, text, "") for text in texts_of(asked.values, asked.input.name))
    entry = format_html(
        '<input class="fb-new" type="text" aria-label="{}" aria-describedby="{}"'
        ' placeholder="Add a value" autocomplete="off">',
        asked.label,
        asked.error_id,
    )
    return _chips(asked, chips, entry, "data-many data-free")


def _choices(asked: Asked) -> SafeString:
    """Some of the choices: boxes to tick, or a search when they are many."""
    labels = {choice.value: choice.label for choice in asked.input.choices}
    chosen = texts_of(asked.values, asked.input.name)
    unknown = [text for text in chosen if text not in labels]
    if len(labels) > MOST_BOXES:
        chips = (
            (text, labels.get(text, text), "" if text in labels else "gone") for text in chosen
        )
        return _chips(asked, chips, _search(asked), "data-many")
    return _boxes(asked, labels | {text: f"{text} (no longer an option)" for text in unknown})


def _boxes(asked: Asked, labels: Mapping[str, str]) -> SafeString:
    chosen = texts_of(asked.values, asked.input.name)
    boxes = format_html_join(
        "",
        '<label class="fb-box"><input type="checkbox" value="{}"{}><span>{}</span></label>',
        (
            (value, mark_safe(" checked") if value in chosen else "", label)
            for value, label in labels.items()
        ),
    )
    return format_html(
        '<details class="fb-boxes" data-name="{}" data-many data-boxes{}>'
        '<summary aria-label="{}" aria-describedby="{}">{}</summary>'
        '<div class="fb-grid" role="group" aria-label="{}">{}</div></details>',
        asked.input.name,
        NOTHING if chosen else mark_safe(" open"),
        f"{asked.label}: {', '.join(labels[text] for text in chosen) or 'none yet'}",
        asked.error_id,
        ", ".join(labels[text] for text in chosen) or "Choose",
        asked.label,
        boxes or mark_safe('<p class="co-muted co-small">There is nothing to choose from.</p>'),
    )


def _found(asked: Asked) -> SafeString:
    """One thing that is found by searching."""
    text = asked.text
    known = asked.found.get(text)
    chips = [(text, known or f"{text} (not there any more)", "" if known else "gone")]
    return _chips(asked, chips if text else [], _search(asked), "")


def _chips(
    asked: Asked, chips: Iterable[tuple[str, str, str]], entry: SafeString, more: str
) -> SafeString:
    shown = format_html_join(
        "",
        '<span class="fb-chip {}" data-value="{}"><span>{}</span><button type="button"'
        ' data-do="unchip" aria-label="Remove {}">×</button></span>',
        ((extra and f"fb-{extra}", value, label, label) for value, label, extra in chips),
    )
    return format_html(
        '<span class="fb-chips" data-name="{}" data-chips {}>{}{}</span>',
        asked.input.name,
        mark_safe(more),  # noqa: S308 (constants above)
        shown,
        entry,
    )


def _search(asked: Asked) -> SafeString:
    """A box that searches, with a list of what it found below."""
    list_id = f"fb-list-{token_hex(6)}"
    return format_html(
        '<span class="fb-combo" data-combo="options"><input class="fb-new" type="text"'
        ' role="combobox" aria-expanded="false" aria-controls="{0}" aria-autocomplete="list"'
        ' aria-label="{1}" aria-describedby="{2}" autocomplete="off" placeholder="Search">'
        '<span class="fb-list" id="{0}" role="listbox" aria-label="{1}" hidden></span></span>',
        list_id,
        asked.label,
        asked.error_id,
    )


WIDGETS: dict[Ask, Callable[[Asked], SafeString]] = {
    Ask.TEXT: _line("text"),
    Ask.TEXTS: _texts,
    Ask.NUMBER: _line("text", 'inputmode="decimal" autocomplete="off"'),
    Ask.WHOLE: _line("text", 'inputmode="numeric" autocomplete="off"'),
    Ask.CHOICE: _select,
    Ask.CHOICES: _choices,
    Ask.FOUND: _found,
    Ask.FLAG: _select,
    Ask.TICK: _tick,
    Ask.DAY: _line("date"),
    Ask.MOMENT: _line("datetime-local"),
    Ask.HIDDEN: _hidden,
}
