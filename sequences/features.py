"""What the plan decides about sequences."""

from __future__ import annotations

from subscriptions.features import Feature, Hub, Limit, Tier

SEQUENCES = Feature(
    "sequences.sequences",
    "Sequence",
    {Hub.SALES: Tier.PROFESSIONAL, Hub.SERVICE: Tier.PROFESSIONAL},
)
SEQUENCE_ACTIONS = Feature(
    "sequences.sequence_actions",
    "Enroll in or unenroll from a sequence",
    {Hub.SALES: Tier.ENTERPRISE, Hub.SERVICE: Tier.ENTERPRISE},
    note="The sender needs a paid seat.",
)
CAMPAIGNS = Feature(
    "sequences.campaigns",
    "Campaign association of a sequence",
    {Hub.MARKETING: Tier.PROFESSIONAL},
)
PER_ACCOUNT = Limit(
    "sequences.per_account",
    "Sequences",
    {
        (Hub.SALES, Tier.PROFESSIONAL): 5_000,
        (Hub.SERVICE, Tier.PROFESSIONAL): 5_000,
    },
)
EMAILS_PER_USER = Limit(
    "sequences.emails_per_user",
    "Sequence emails of a user in 24 hours",
    {
        (Hub.SALES, Tier.PROFESSIONAL): 500,
        (Hub.SALES, Tier.ENTERPRISE): 1_000,
        (Hub.SERVICE, Tier.PROFESSIONAL): 500,
        (Hub.SERVICE, Tier.ENTERPRISE): 1_000,
    },
)
