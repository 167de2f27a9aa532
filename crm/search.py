"""The text by which records are found: their searchable properties in one line."""

from __future__ import annotations

from collections.abc import Sequence

from crm.properties import Definitions
from crm.sql import SQL, execute, identifier, join, literal, sql


def refresh(ids: Sequence[int], definitions: Definitions) -> None:
    """Write the search text of some records of one type."""
    _write(sql("r.id = ANY({ids}::bigint[])", ids=list(ids)), definitions)


def refresh_type(object_type: str, definitions: Definitions) -> None:
    """Write the search text of all records of a type, after other properties became searchable."""
    if not any(item.is_searchable for item in definitions.values()):
        execute(sql("DELETE FROM crm_searchtext WHERE object_type = {type}", type=object_type))
    _write(sql("r.object_type = {type}", type=object_type), definitions)


def _write(condition: SQL, definitions: Definitions) -> None:
    names = [item.name for item in definitions.values() if item.is_searchable]
    if not names:
        return
    text = join(", ", [SQL(f"r.properties->>{literal(name).text}") for name in names])
    execute(
        sql(
            """
            INSERT INTO crm_searchtext (record_id, object_type, text)
            SELECT r.id, r.object_type, lower(concat_ws(' ', {text}))
            FROM crm_record r
            WHERE {condition}
            ON CONFLICT (record_id) DO UPDATE SET text = excluded.text
            WHERE crm_searchtext.text <> excluded.text
            """,
            text=text,
            condition=condition,
        )
    )


def matching(object_type: str, words: str) -> SQL:
    """A SELECT of (record_id) of the records whose text has all of `words`; archived ones too."""
    # One condition per word: the trigram index serves LIKE, but not LIKE ALL.
    patterns = [f"%{escape(word)}%" for word in words.lower().split()[:8]]
    conditions = [sql("text LIKE {pattern}", pattern=pattern) for pattern in patterns]
    return sql(
        "SELECT record_id FROM crm_searchtext WHERE object_type = {type} AND {all}",
        type=object_type,
        all=join(" AND ", conditions) if conditions else SQL("true"),
    )


def matches(definitions: Definitions, words: str, alias: str = "r") -> SQL:
    """Whether the searchable ones of some properties of a record have all of `words`.

    The stored text has every property in it; this is asked besides when some are hidden.
    """
    names = [item.name for item in definitions.values() if item.is_searchable]
    row = identifier(alias).text
    text = join(", ", [SQL(f"{row}.properties->>{literal(name).text}") for name in names])
    return join(
        " AND ",
        [
            sql(
                "lower(concat_ws(' ', {text})) LIKE {pattern}",
                text=text if names else SQL("''"),
                pattern=f"%{escape(word)}%",
            )
            for word in words.lower().split()[:8]
        ],
    )


def escape(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
