from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.html import strip_tags

from crm.objects.base import ObjectType, Relation, moment, object_types, owner, system, text

ABOUT = "note"
#: Of the text of a note, how much stands for it where it is listed.
LONGEST_TITLE = 60


@object_types.register
class Note(ObjectType):
    """Something to remember about the records it is associated with."""

    type_id = "0-46"
    name = "note"
    plural = "notes"
    label = "Note"
    plural_label = "Notes"
    icon = "sticky_note_2"
    is_activity = True
    groups = {ABOUT: "Note information"}
    list_columns = ("hs_timestamp", "hubspot_owner_id")
    properties = (
        text("hs_note_body", "Note", ABOUT, field_type="html", is_searchable=True),
        moment("hs_timestamp", "Activity date", ABOUT),
        text("hs_attachment_ids", "Attachments", ABOUT, description="File ids, with ; between."),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )
    relations = (
        Relation(type_id=202, inverse_type_id=201, to_object_type="0-1", name="note_to_contact"),
        Relation(type_id=190, inverse_type_id=189, to_object_type="0-2", name="note_to_company"),
        Relation(type_id=214, inverse_type_id=213, to_object_type="0-3", name="note_to_deal"),
        Relation(type_id=228, inverse_type_id=227, to_object_type="0-5", name="note_to_ticket"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        words = " ".join(strip_tags(properties.get("hs_note_body") or "").split())
        if len(words) > LONGEST_TITLE:
            words = f"{words[: LONGEST_TITLE - 1].rstrip()}…"
        return words or f"Note {record_id}"
