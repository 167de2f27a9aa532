from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from crm import properties
from crm.property_types.base import Definition
from crm.sql import join, rows, sql
from emails.tokens.base import Recipient, TokenSource, token_sources

CONTACT = "0-1"


@token_sources.register
class ContactTokens(TokenSource):
    """Properties of the contact who gets the email, as people read them."""

    name = "contact"

    def check(self, fields: Collection[str]) -> dict[str, str]:
        definitions = properties.load(CONTACT)
        return {field: _unknown(field, definitions) for field in fields if field not in definitions}

    def values(
        self, recipients: Sequence[Recipient], fields: Collection[str]
    ) -> list[Mapping[str, str]]:
        # A property that was deleted after publishing has no value any more.
        loaded = properties.load(CONTACT)
        definitions = {name: loaded[name] for name in fields if name in loaded}
        stored = _stored([recipient.record_id for recipient in recipients], definitions)
        return [
            {
                name: _display(definition, stored.get(recipient.record_id, {}).get(name))
                for name, definition in definitions.items()
            }
            for recipient in recipients
        ]

    def names(self) -> dict[str, str]:
        found = properties.load(CONTACT).values()
        return {f"contact.{item.name}": item.label for item in found}


def _unknown(field: str, definitions: Mapping[str, Definition]) -> str:
    if not field:
        return "Which property of the contact? Write for instance contact.firstname."
    close = get_close_matches(field, definitions, n=1)
    hint = f" Did you mean contact.{close[0]}?" if close else ""
    return f"Contacts have no property {field!r}.{hint}"


def _stored(
    record_ids: Sequence[int], definitions: Mapping[str, Definition]
) -> dict[int, dict[str, Any]]:
    """The stored values of some properties by record."""
    columns = [properties.json_expression(definition) for definition in definitions.values()]
    query = sql(
        "SELECT r.id, {columns} FROM crm_record r WHERE r.id = ANY({ids})",
        columns=join(", ", columns),
        ids=list(record_ids),
    )
    return {
        record_id: {
            name: None if value is None else json.loads(value)
            for name, value in zip(definitions, values, strict=True)
        }
        for record_id, *values in (rows(query) if columns else [])
    }


def _display(definition: Definition, value: Any) -> str:
    try:
        return properties.display(definition, value)
    except (ValueError, TypeError):
        # Written before the type of the property was changed: one odd value stops no mail.
        return str(value)
