"""The parts of a record's page that crm itself knows about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm import sharing
from crm.access import Access, Verb
from crm.admin import columns, values
from crm.admin.record_associations import related_kinds
from crm.admin.record_page import Page, RecordPart, record_parts, timeline_context
from crm.admin.sources import Origin, explain
from crm.admin.urls import record_url
from crm.models import List, ListMembership
from crm.objects import base as objects
from crm.sql import rows, sql

#: How many associated records of one type are shown.
MOST_ASSOCIATED = 10


@record_parts.register
class Timeline(RecordPart):
    name = "timeline"
    label = "Timeline"
    template = "admin/crm/timeline.html"
    is_tab = True
    order = 10

    def context(self, page: Page) -> dict[str, Any]:
        return timeline_context(page)


@record_parts.register
class Properties(RecordPart):
    name = "properties"
    label = "Properties"
    template = "admin/crm/record_properties.html"
    is_tab = True
    order = 20

    def context(self, page: Page) -> dict[str, Any]:
        last = _last_changes(page.record.pk)
        words = explain({origin for _, origin in last.values()})
        labels = dict(page.kind.groups)
        lines = [self._line(page, item.name, last, words) for item in page.definitions.values()]
        groups: dict[str, list[dict[str, Any]]] = {name: [] for name in labels}
        for line in lines:
            groups.setdefault(line["group"], []).append(line)
        return {
            "groups": [
                {
                    "label": labels.get(name, name),
                    "filled": [line for line in found if line["text"]],
                    "empty": [line for line in found if not line["text"]],
                }
                for name, found in groups.items()
                if found
            ]
        }

    def _line(self, page: Page, name: str, last: Any, words: Any) -> dict[str, Any]:
        definition = page.definitions[name]
        at, origin = last.get(name, (None, None))
        value = values.value_of(page.record, definition)
        return {
            "name": name,
            "label": definition.label,
            "group": definition.group,
            "chip": columns.chip(definition, value),
            "text": values.display(definition, value) if value is not None else "",
            "at": at,
            "source": words[origin] if origin else None,
        }


def _last_changes(record_id: int) -> dict[str, tuple[Any, Origin]]:
    query = sql(
        "SELECT DISTINCT ON (property_name) property_name, at, source, source_id, user_id"
        " FROM crm_property_history WHERE record_id = {id}"
        " ORDER BY property_name, at DESC, id DESC",
        id=record_id,
    )
    return {name: (at, Origin(*origin)) for name, at, *origin in rows(query)}


@record_parts.register
class Associations(RecordPart):
    name = "associations"
    label = "Associations"
    template = "admin/crm/record_associations.html"
    order = 10

    def context(self, page: Page) -> dict[str, Any]:
        found = _associated(page.record.pk, page.rights)
        groups: dict[str, list[_Other]] = {}
        for line in found:
            groups.setdefault(line.type_id, []).append(line)
        kinds = related_kinds(page.kind)
        missing = [
            kind.plural_label.lower()
            for kind in kinds
            if kind.in_main_menu and kind.type_id not in groups
        ]
        own = page.rights.allowed(page.kind.type_id, {page.record.pk}, Verb.EDIT)
        may_edit = bool(own) and page.record.archived_at is None
        return {
            "missing": ", ".join(missing),
            "may_edit": may_edit,
            "may_add": may_edit and any(page.rights.may(kind.type_id, Verb.EDIT) for kind in kinds),
            "groups": [
                {
                    "kind": kind,
                    "may_add": may_edit
                    and kind in kinds
                    and page.rights.may(kind.type_id, Verb.EDIT),
                    "records": groups[kind.type_id][:MOST_ASSOCIATED],
                    "has_more": len(groups[kind.type_id]) > MOST_ASSOCIATED,
                }
                for kind in objects.in_order()
                if kind.type_id in groups
            ],
        }


@dataclass(frozen=True, kw_only=True)
class _Other:
    """A record at the other end, and whether the user may change it."""

    type_id: str
    pk: int
    properties: dict[str, Any]
    labels: list[str]
    is_editable: bool

    @property
    def title(self) -> str:
        return objects.get(self.type_id).title(self.properties, self.pk)

    @property
    def url(self) -> str:
        return record_url(self.type_id, self.pk)


def _associated(record_id: int, rights: Access) -> list[_Other]:
    """The associated records, newest first, of each object type a few more than shown."""
    query = sql(
        """
        SELECT object_type, id, properties, labels, is_editable FROM (
            SELECT o.object_type, o.id, o.properties::text AS properties,
                array_remove(array_agg(DISTINCT t.label ORDER BY t.label), '') AS labels,
                bool_or({is_editable}) AS is_editable,
                row_number() OVER (PARTITION BY o.object_type ORDER BY o.id DESC) AS place
            FROM crm_association a
            JOIN crm_associationtype t ON t.id = a.type_id
            JOIN crm_record o ON o.id = a.to_record_id AND o.archived_at IS NULL AND {is_seen}
            WHERE a.from_record_id = {id}
            GROUP BY o.object_type, o.id
        ) found WHERE place <= {most} ORDER BY object_type, place
        """,
        id=record_id,
        most=MOST_ASSOCIATED + 1,
        is_seen=rights.everywhere("o"),
        is_editable=rights.everywhere("o", Verb.EDIT),
    )
    return [
        _Other(
            type_id=type_id,
            pk=other,
            properties=values.from_json(text),
            labels=labels,
            is_editable=is_editable,
        )
        for type_id, other, text, labels, is_editable in rows(query)
    ]


@record_parts.register
class Lists(RecordPart):
    name = "lists"
    label = "Lists"
    template = "admin/crm/record_lists.html"
    order = 40

    def context(self, page: Page) -> dict[str, Any] | None:
        user: Any = page.request.user
        if not user.has_perm("crm.view_list"):
            return None
        lists = sharing.open_to(user, List.objects.filter(archived_at=None))
        found = ListMembership.objects.filter(record_id=page.record.pk, list__in=lists)
        return {"memberships": list(found.select_related("list").order_by("-since")[:20])}
