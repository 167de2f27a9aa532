"""Filters on what happened to emails, and on who may get them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from crm.event_definitions import EventDefinition
from crm.event_types.base import CONTACT
from crm.filters import happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened, line
from crm.filters.kinds import Condition, Frame, Reader, Unusable, filter_types
from crm.filters.occurrences import Occurrences
from crm.sql import SQL, sql
from emails.models import Email

LARGEST_ID = 2**63 - 1
#: What can happen to an email, and the event that says so. An event that nobody records yet makes
#: the filter one on an integration that is not connected.
EVENTS = {
    "SENT": "email.sent",
    "RECEIVED": "email.delivered",
    "OPENED": "email.opened",
    "LINK_CLICKED": "email.clicked",
    "REPLIED": "email.replied",
    "BOUNCED": "email.bounced",
    "UNSUBSCRIBED": "email.unsubscribed",
    "MARKED_SPAM": "email.marked_as_spam",
}
#: One thing happened to an email and another did not, up to now (W-157).
COMPOSITES = {
    "SENT_BUT_NOT_RECEIVED": ("SENT", "RECEIVED"),
    "RECEIVED_BUT_NOT_OPENED": ("RECEIVED", "OPENED"),
    "OPENED_BUT_LINK_NOT_CLICKED": ("OPENED", "LINK_CLICKED"),
    "SENT_BUT_LINK_NOT_CLICKED": ("SENT", "LINK_CLICKED"),
    "OPENED_BUT_NOT_REPLIED": ("OPENED", "REPLIED"),
}


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class EmailEvent(Happened):
    """Something happened to an email to the contact, or one thing did and another did not."""

    type_name = "EMAIL_EVENT"

    #: What must not have happened to the same email.
    other: EventDefinition | None = None

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        operator = fields.choice("operator", [*EVENTS, *COMPOSITES])
        first, second = COMPOSITES.get(operator, (operator, ""))
        keys = [EVENTS[name] for name in (first, second) if name]
        for key in keys:
            if reader.library.event(key) is None:
                problem = f"integration not connected: no {key} events are recorded"
                return Unusable(path=fields.path, problem=problem)
        event, *others = [happened.find(fields, reader, "operator", key) for key in keys]
        email = fields.integer("emailId", 1, LARGEST_ID) if fields.has("emailId") else None
        return cls.of(
            fields,
            event,
            happened.lines(fields, reader, event, _lines(fields, email)),
            is_negative=False,
            other=others[0] if others else None,
            reference=email,
            missing=f"there is no email {email}",
        )

    @classmethod
    def names(cls, references: Collection[Any]) -> Mapping[Any, str]:
        return dict(Email.objects.filter(pk__in=references).values_list("pk", "name"))

    def occurrences(self, frame: Frame) -> Occurrences:
        found = super().occurrences(frame)
        if self.other is None:
            return found
        nothing_else = sql(
            "NOT EXISTS (SELECT 1 FROM crm_event o WHERE o.record_id = {id} AND o.type = {other}"
            " AND o.properties->'email_id' = {alias}.properties->'email_id')",
            id=frame.id,
            other=self.other.name,
            alias=SQL(self.inner(frame).alias),
        )
        holds = sql("{holds} AND {nothing_else}", holds=found.holds, nothing_else=nothing_else)
        return found.asking(holds)

    def sentence(self, names: Mapping[Any, str]) -> str:
        sentence = super().sentence(names)
        if self.other is not None:
            sentence = (
                f"{self.event.label}, but not {self.other.label} of the same email: {sentence}"
            )
        name = names.get(self.reference)
        return f'{sentence} (email "{name}")' if name else sentence


def _lines(fields: Fields, email: int | None) -> list[dict[str, Any]]:
    """What a filter asks of the event besides that it happened."""
    lines = [line("email_id", "NUMBER", "IS_EQUAL_TO", value=email)] if email else []
    if fields.has("clickUrl"):
        url = fields.text("clickUrl")
        lines.append(line("hs_click_url", "STRING", "IS_EQUAL_TO", value=url))
    return lines


@dataclass(frozen=True)
class Consent:
    """A reason why somebody gets no email: SQL over the contact `r` and what is known of the address
    `a`, where there is something.
    """

    label: str
    is_refused: str


#: By HubSpot's subscriptionType. Types of subscriptions and brands are not told apart.
CONSENTS = {
    "PORTAL": Consent(
        "all email",
        "({r}.properties->'hs_email_optout' = 'true' OR a.unsubscribed_at IS NOT NULL)",
    ),
    "HARDBOUNCE": Consent("email after a hard bounce", "a.hard_bounced_at IS NOT NULL"),
    "SPAMREPORT": Consent("email after a spam report", "a.complained_at IS NOT NULL"),
}
UNKNOWN_TYPES = {
    "BRAND": "subscriptions to brands",
    "SUBSCRIPTION": "types of subscriptions",
    "BUSINESS_UNIT_WIDE": "subscriptions to business units",
    "INDIVIDUAL_SUBSCRIPTION": "types of subscriptions",
}


@dataclass(frozen=True, kw_only=True)
class ConsentCondition(Condition):
    """The contact's address is in one of some states."""

    #: The field that holds the states.
    states_field: ClassVar[str]

    consent: Consent
    states: tuple[str, ...]

    @classmethod
    def about(cls, fields: Fields, reader: Reader, kind: str) -> Condition:
        """The condition on a key of CONSENTS; one that matches nobody for any other."""
        states = fields.texts(cls.states_field, "")
        if reader.subject.object_type not in ("", CONTACT):
            raise fields.error("filterType", "only contacts subscribe to email")
        if kind not in CONSENTS:
            what = UNKNOWN_TYPES.get(kind, kind)
            problem = f"integration not connected: {what} are not kept"
            return Unusable(path=fields.path, problem=problem)
        return cls._made(fields, kind, states)

    @classmethod
    def _made(cls, fields: Fields, kind: str, states: tuple[str, ...]) -> Self:
        return cls(
            path=fields.path,
            property_names=frozenset({"email", "hs_email_optout"}),
            event_types=frozenset({*EVENTS.values(), "email.not_sent"}),
            # A bounce and a report are noted at the address, whose contacts are not told apart.
            is_time_sensitive=kind != "PORTAL",
            consent=CONSENTS[kind],
            states=tuple(state.upper() for state in states),
        )

    def state(self, frame: Frame) -> SQL:
        """SQL for the state of the contact at `frame.alias`."""
        return sql(
            "(SELECT CASE WHEN {refused} THEN 'OPT_OUT' ELSE 'NOT_OPTED' END FROM (SELECT 1) one"
            " LEFT JOIN emails_addressstate a ON a.address = lower({alias}.properties->>'email'))",
            refused=sql(self.consent.is_refused, r=SQL(frame.alias)),
            alias=SQL(frame.alias),
        )

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        return sql(
            "{state} {sign} ({states}::text[])",
            state=self.state(frame),
            sign=SQL("<> ALL" if negated else "= ANY"),
            states=list(self.states),
        )

    def sentence(self, names: Mapping[Any, str]) -> str:
        return f"Consent to {self.consent.label} is any of {', '.join(self.states)}"

    def seen(self, frame: Frame) -> SQL:
        return self.state(frame)


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class EmailSubscription(ConsentCondition):
    """Whether the contact has unsubscribed, bounced or complained about spam."""

    type_name = "EMAIL_SUBSCRIPTION"
    states_field = "acceptedStatuses"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        kinds = [*CONSENTS, "BRAND", "SUBSCRIPTION"]
        usual = "SUBSCRIPTION" if fields.json.get("subscriptionIds") else "PORTAL"
        return cls.about(fields, reader, fields.choice("subscriptionType", kinds, usual))


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class CommunicationSubscription(ConsentCondition):
    """Whether the contact has unsubscribed from a channel."""

    type_name = "COMMUNICATION_SUBSCRIPTION"
    states_field = "acceptedOptStates"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        channel = fields.choice("channel", ["EMAIL", "SMS", "WHATSAPP"])
        kinds = ["PORTAL_WIDE", "BUSINESS_UNIT_WIDE", "INDIVIDUAL_SUBSCRIPTION"]
        kind = fields.choice("subscriptionType", kinds)
        if channel != "EMAIL":
            return cls.about(fields, reader, f"messages by {channel}")
        return cls.about(fields, reader, "PORTAL" if kind == "PORTAL_WIDE" else kind)
