"""What of a user's permission set an endpoint asks for, beside the records it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

from crm.access import Access
from crm.api.errors import Forbidden

READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Switches of crm.access_switches that reading and writing need, "" for none."""

    read: str = ""
    write: str = ""

    def require(self, rights: Access, method: str | None) -> None:
        """Raise Forbidden unless the user may use an endpoint with this method."""
        switch = self.read if method in READING else self.write
        if switch and not rights.can(switch):
            raise Forbidden(
                "The user of this token lacks a permission that this call needs:"
                f" {switch.replace('_', ' ')}.",
                context={"permission": [switch]},
            )


#: For endpoints that ask for every record themselves, or show what everybody may know.
PER_RECORD = OPEN = Rule()
#: No permission set has this.
SUPERUSERS = Rule(read="superuser", write="superuser")
