"""How page views and forms read on a timeline, and who told of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse

from crm.admin.sources import Origin, SourceWords, Words, source_words
from crm.admin.timeline import Line
from crm.admin.timeline_logs import EventWords, event_words
from crm.changes import SourceKind
from crm.models import Form

#: Fields of a form that stand on a timeline.
MOST_FIELDS = 8


@event_words.register
class PageVisited(EventWords):
    type = "page.visited"
    icon = "travel_explore"

    def title(self, properties: dict[str, Any]) -> str:
        return f"Viewed the page “{properties.get('hs_title') or properties.get('hs_url', '')}”"

    def lines(self, properties: dict[str, Any]) -> Iterable[Line]:
        if properties.get("hs_title") and properties.get("hs_url"):
            yield Line(label="", text=properties["hs_url"])


class FormEvent(EventWords):
    """Something a contact did with a form."""

    icon = "list_alt"
    words = ""

    def title(self, properties: dict[str, Any]) -> str:
        return f"{self.words} the form “{properties.get('hs_form_name') or 'without a name'}”"

    def lines(self, properties: dict[str, Any]) -> Iterable[Line]:
        fields = properties.get("fields", {})
        for name, text in list(fields.items())[:MOST_FIELDS]:
            yield Line(label=name, text=text if len(text) <= 120 else f"{text[:119]}…")
        if len(fields) > MOST_FIELDS:
            yield Line(label=f"and {len(fields) - MOST_FIELDS} more")
        if properties.get("hs_url"):
            yield Line(label="on", text=properties["hs_url"])


@event_words.register
class FormSubmitted(FormEvent):
    type = "form.submitted"
    words = "Submitted"


@event_words.register
class FormViewed(FormEvent):
    type = "form.viewed"
    words = "Saw"


@event_words.register
class FormInteracted(FormEvent):
    type = "form.interacted"
    words = "Began to fill out"


@source_words.register
class FormWords(SourceWords):
    """A form is named by its id."""

    kind = SourceKind.FORM.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        ids = {number for item in origins if (number := _uuid(item.id)) is not None}
        forms = Form.objects.in_bulk(ids)
        return {item: self._of(forms.get(_uuid(item.id) or UUID(int=0))) for item in origins}

    def _of(self, form: Form | None) -> Words:
        if form is None:
            return Words("a tracked website")
        return Words(f"form {form.name}", reverse("admin:crm_form_change", args=[form.pk]))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@source_words.register
class AnalyticsWords(SourceWords):
    kind = SourceKind.ANALYTICS.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        return dict.fromkeys(origins, Words("a tracked website"))


@source_words.register
class VisitorWords(SourceWords):
    kind = SourceKind.VISITOR.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        return dict.fromkeys(origins, Words("a visitor not yet known by name"))
