"""What belongs to a record many times over: its events, its associated records."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crm.sql import SQL, join, sql


@dataclass(frozen=True, kw_only=True)
class Occurrences:
    """Rows of some tables that belong to a record, and what is asked of each of them."""

    #: FROM items.
    tables: SQL
    #: Whose a row is, and the record that is asked about: SQL over the rows, SQL outside of them.
    owner: SQL
    record_id: SQL
    #: Which rows count as occurrences at all.
    among: SQL
    #: What is asked of an occurrence.
    holds: SQL
    #: Only few records are asked about.
    is_few: bool

    def asking(self, holds: SQL) -> Occurrences:
        """The same rows with another question."""
        return replace(self, holds=holds)

    def some(self, condition: SQL | None = None) -> SQL:
        """Whether there is an occurrence for which `condition` holds; any without one."""
        return sql("EXISTS ({rows})", rows=self._rows(SQL("1"), condition))

    def every(self) -> SQL:
        """Whether there is none but such for which it holds."""
        return sql("NOT {some}", some=self.some(sql("({holds}) IS NOT TRUE", holds=self.holds)))

    def count(self, least: int, most: int | None) -> SQL:
        """Whether it holds for at least and at most so many occurrences."""
        parts = []
        if least:
            parts.append(self._more_than(least - 1))
        if most is not None:
            parts.append(sql("NOT {more}", more=self._more_than(most)))
        return sql("({parts})", parts=join(" AND ", parts or [SQL("TRUE")]))

    def _more_than(self, number: int) -> SQL:
        if number == 0:
            return self.some(self.holds)
        if self.is_few:
            # Reads the occurrences of one record after the other, and no more than it has to.
            rows = self._rows(SQL("1"), self.holds)
            return sql("EXISTS ({rows} OFFSET {number})", rows=rows, number=number)
        # Reads all occurrences of all records once.
        return sql(
            "{record_id} IN (SELECT {owner} FROM {tables} WHERE {among} AND {holds}"
            " GROUP BY {owner} HAVING count(*) > {number})",
            record_id=self.record_id,
            owner=self.owner,
            tables=self.tables,
            among=self.among,
            holds=self.holds,
            number=number,
        )

    def tally(self) -> SQL:
        """SQL for how many there are and for how many it holds, as text: "2 of 5"."""
        return sql(
            "({rows})",
            rows=self._rows(
                sql(
                    "count(*) FILTER (WHERE {holds}) || ' of ' || count(*)",
                    holds=self.holds,
                ),
                None,
            ),
        )

    def _rows(self, select: SQL, condition: SQL | None) -> SQL:
        return sql(
            "SELECT {select} FROM {tables} WHERE {owner} = {record_id} AND {among} AND {condition}",
            select=select,
            tables=self.tables,
            owner=self.owner,
            record_id=self.record_id,
            among=self.among,
            condition=condition or SQL("TRUE"),
        )
