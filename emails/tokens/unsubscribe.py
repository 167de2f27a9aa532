from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from emails import links
from emails.tokens.base import Recipient, TokenSource, token_sources


@token_sources.register
class UnsubscribeLink(TokenSource):
    """The address of the page on which the recipient unsubscribes."""

    name = "unsubscribe_link"

    def check(self, fields: Collection[str]) -> dict[str, str]:
        return {field: f"{self.name} has no parts." for field in fields if field}

    def values(
        self, recipients: Sequence[Recipient], fields: Collection[str]
    ) -> list[Mapping[str, str]]:
        return [{"": links.unsubscribe(recipient.token)} for recipient in recipients]

    def names(self) -> dict[str, str]:
        return {self.name: "Unsubscribe link"}
