"""What the schema of a custom object demands of the records that are written."""

from __future__ import annotations

from collections.abc import Sequence

from crm.objects import base as objects
from crm.objects.custom import PREFIX
from crm.properties import REQUIRED, InvalidProperties
from crm.sql import rows, sql


class TypeIsGone(ValueError):
    """Records of an archived object type are neither made nor restored."""

    def __init__(self, object_type: str) -> None:
        kind = objects.find(object_type)
        name = kind.plural_label if kind else object_type
        super().__init__(f"{name} are not in use any more.")


def hold(object_type: str) -> Sequence[str]:
    """Keep a custom type from being archived until this transaction ends.

    Gives the names of its required properties as they are at this moment; raises TypeIsGone.
    """
    number = object_type.removeprefix(PREFIX)
    if not object_type.startswith(PREFIX) or not number.isdecimal():
        return ()
    found = rows(
        sql(
            "SELECT required_properties FROM crm_objectschema"
            " WHERE id = {id} AND archived_at IS NULL FOR KEY SHARE",
            id=int(number),
        )
    )
    if not found:
        raise TypeIsGone(object_type)
    return list(found[0][0])


def check_new(object_type: str, ids: Sequence[int]) -> None:
    """Refuse records, just written, of an archived type or without a required value.

    Raises TypeIsGone, InvalidProperties.
    """
    required = hold(object_type)
    if not required:
        return
    missing = rows(
        sql(
            "SELECT DISTINCT n.name FROM crm_record r CROSS JOIN unnest({names}::text[]) AS n(name)"
            " WHERE r.id = ANY({ids}::bigint[]) AND NOT r.properties ? n.name ORDER BY n.name",
            names=list(required),
            ids=list(ids),
        )
    )
    if missing:
        raise InvalidProperties(dict.fromkeys((name for (name,) in missing), REQUIRED))
