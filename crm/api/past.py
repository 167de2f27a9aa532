"""The history of properties as the API shows it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from crm.api.shapes.records import PastValue
from crm.api.values import as_moment, as_text
from crm.objects.base import ObjectType
from crm.sql import rows, sql

#: How many values are shown of each property, the newest first.
DEPTH = 20
DEPTH_OF_CONTACTS = 45
CONTACT = "0-1"

Lines = dict[str, list[PastValue]]


def read(kind: type[ObjectType], ids: Sequence[int], names: Sequence[str]) -> list[Lines]:
    """For each record, the past values of each named property."""
    found: dict[int, Lines] = {key: {name: [] for name in names} for key in ids}
    for record_id, name, value, source, source_id, user_id, at in rows(
        sql(
            """
            SELECT record_id, property_name, value::text, source, source_id, user_id, at
            FROM (SELECT h.*, row_number() OVER (
                      PARTITION BY h.record_id, h.property_name ORDER BY h.at DESC, h.id DESC
                  ) AS place
                  FROM crm_property_history h
                  WHERE h.record_id = ANY({ids}) AND h.property_name = ANY({names})) numbered
            WHERE place <= {depth} ORDER BY record_id, property_name, place
            """,
            ids=list(ids),
            names=list(names),
            depth=DEPTH_OF_CONTACTS if kind.type_id == CONTACT else DEPTH,
        )
    ):
        line: PastValue = {
            "value": "" if value is None else as_text(json.loads(value)),
            "timestamp": as_moment(at),
            "sourceType": source,
            "sourceId": source_id,
        }
        if user_id is not None:
            line["updatedByUserId"] = user_id
        found[record_id][name].append(line)
    return [found[key] for key in ids]
