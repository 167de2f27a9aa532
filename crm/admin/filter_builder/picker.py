"""What can be added to a filter, searched on the server: an account may have 400 properties."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import token_hex

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from crm.admin.filter_builder.drawing import Row, kind_key
from crm.filters.inputs import Ask, Choice, Offer, texts_of
from crm.filters.kinds import Condition, branch_types, filter_types
from crm.filters.scopes import Scope

#: More rows nobody reads; the search narrows them.
MOST_SHOWN = 60
#: Of each section, where there are so many.
LEAST_SHOWN = 5
RECENT = "Recently used"


@dataclass(frozen=True)
class Found:
    """What a search found: under headings, and how many there are in all."""

    sections: Sequence[tuple[str, Sequence[tuple[type[Condition], Offer]]]]
    count: int


def search(text: str, scope: Scope, recent: Sequence[str] = ()) -> Found:
    """Offers with all of the words in their label, name, heading or description.

    Those that were used recently (key_of) come first, then those whose label begins with it.
    """
    words = text.lower().split()
    matching = [
        (kind, offer)
        for kinds in (filter_types, branch_types)
        for kind in kinds
        for offer in kind.offers(scope)
        if all(word in _haystack(offer) for word in words)
    ]
    first = text.strip().lower()
    matching.sort(key=lambda item: not item[1].label.lower().startswith(first))
    return Found(_sections(matching, recent), len(matching))


def _haystack(offer: Offer) -> str:
    return f"{offer.label} {offer.name} {offer.heading} {offer.description}".lower()


def key_of(kind: str, offer_values: object) -> str:
    """What an offer is remembered by."""
    return f"{kind} {json.dumps(offer_values, sort_keys=True)}"


def _sections(
    matching: Iterable[tuple[type[Condition], Offer]], recent: Sequence[str]
) -> list[tuple[str, list[tuple[type[Condition], Offer]]]]:
    sections: dict[str, list[tuple[type[Condition], Offer]]] = {RECENT: []}
    places = {key: place for place, key in enumerate(recent)}
    keyed = [(key_of(kind_key(kind), offer.values), kind, offer) for kind, offer in matching]
    used = sorted((item for item in keyed if item[0] in places), key=lambda item: places[item[0]])
    sections[RECENT] = [(kind, offer) for _, kind, offer in used]
    for key, kind, offer in keyed:
        if key not in places:
            sections.setdefault(offer.heading, []).append((kind, offer))
    return _cut(sections)


def _cut(
    sections: dict[str, list[tuple[type[Condition], Offer]]],
) -> list[tuple[str, list[tuple[type[Condition], Offer]]]]:
    """No more than people read, and something of every section."""
    filled = {heading: offers for heading, offers in sections.items() if offers}
    cut, room = [], MOST_SHOWN
    for left, (heading, offers) in zip(range(len(filled), 0, -1), filled.items(), strict=True):
        shown = offers[: max(room - LEAST_SHOWN * (left - 1), LEAST_SHOWN)]
        cut.append((heading, shown))
        room -= len(shown)
    return cut


def draw_offers(found: Found) -> SafeString:
    """The options of the picker's list."""
    parts = [_section(heading, offers) for heading, offers in found.sections]
    return format_html_join("", "{}", ((part,) for part in parts))


def _section(heading: str, offers: Iterable[tuple[type[Condition], Offer]]) -> SafeString:
    heading_id = f"fb-{token_hex(6)}"
    return format_html(
        '<div role="group" aria-labelledby="{0}"><div class="fb-heading" id="{0}"'
        ' role="presentation">{1}</div>{2}</div>',
        heading_id,
        heading,
        format_html_join("", "{}", ((_offer(kind, offer),) for kind, offer in offers)),
    )


def _offer(kind: type[Condition], offer: Offer) -> SafeString:
    return format_html(
        '<div class="fb-option" role="option" aria-selected="false" id="fb-{}" data-kind="{}"'
        ' data-values="{}"><span>{}{}</span><span class="fb-hint">{}</span></div>',
        token_hex(6),
        kind_key(kind),
        json.dumps(dict(offer.values)),
        offer.label,
        format_html('<span class="fb-about">{}</span>', offer.description)
        if offer.description
        else mark_safe(""),
        offer.hint,
    )


def count_in_words(found: Found) -> str:
    """How many there are: "412 matches, type more"."""
    if found.count > MOST_SHOWN:
        return f"{found.count:,} matches, type more"
    if found.count == 1:
        return "1 match"
    return f"{found.count} matches" if found.count else "Nothing matches"


def find_choices(row: Row, name: str, text: str, scope: Scope) -> list[Choice]:
    """What the input `name` of a row offers to somebody who typed `text`."""
    form = row.form(scope)
    item = next((item for item in form.inputs if item.name == name), None) if form else None
    if item is None or row.condition is None:
        return []
    if item.ask is Ask.FOUND:
        return list(row.condition.search(name, text.strip(), scope))[:MOST_SHOWN]
    chosen = texts_of(row.values, name)
    wanted = text.strip().lower()
    matching = (choice for choice in item.choices if wanted in choice.label.lower())
    return [choice for choice in matching if choice.value not in chosen][:MOST_SHOWN]


def draw_choices(choices: Sequence[Choice]) -> SafeString:
    """The options of a search in a row."""
    return format_html_join(
        "",
        '<span class="fb-option" role="option" aria-selected="false" id="fb-{}" data-value="{}">'
        "<span>{}</span></span>",
        ((token_hex(6), choice.value, choice.label) for choice in choices),
    )
