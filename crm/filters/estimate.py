"""How many records match a filter, fast enough to say while somebody is still changing it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction

from crm.filters.base import Predicate, match
from crm.sql import SQL, execute, sql, value

#: Up to here records are counted; of more the planner says about how many there are.
MOST_COUNTED = 10_000
#: Longer nobody waits for it.
MILLISECONDS = 1_000


@dataclass(frozen=True)
class Estimate:
    """A number of records; None when it would take too long to find out."""

    count: int | None
    is_exact: bool = True


def estimate(
    predicate: Predicate,
    object_type: str,
    among: SQL | None = None,
    *,
    milliseconds: int | None = None,
) -> Estimate:
    """About how many records of a type match now, only those of `among` (record_id) if given."""
    chosen = match(predicate, object_type, among)
    most = MILLISECONDS if milliseconds is None else milliseconds
    try:
        with transaction.atomic():
            execute(sql("SELECT set_config('statement_timeout', {most}, true)", most=f"{most}"))
            count = value(_counted(chosen))
            execute(SQL("SELECT set_config('statement_timeout', '0', true)"))
    except OperationalError:
        return Estimate(None)
    if count <= MOST_COUNTED:
        return Estimate(count)
    return Estimate(max(_planned(chosen), MOST_COUNTED), is_exact=False)


def _counted(chosen: SQL) -> SQL:
    return sql(
        "SELECT count(*) FROM (SELECT 1 FROM ({chosen}) c LIMIT {most}) n",
        chosen=chosen,
        most=MOST_COUNTED + 1,
    )


def _planned(chosen: SQL) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {chosen.text}", chosen.params)
        (found,) = cursor.fetchone()
    plans = json.loads(found) if isinstance(found, str) else found
    return int(plans[0]["Plan"]["Plan Rows"])
