"""The catalogue as it ships: who gets what, in the words of the product catalogue."""

from __future__ import annotations

import pytest

from subscriptions.features import Hub, Tier, declared_features

M, S, V, D = Hub.MARKETING, Hub.SALES, Hub.SERVICE, Hub.DATA
ANY = frozenset(Hub)
NOBODY: frozenset[Hub] = frozenset()


@pytest.mark.parametrize(
    ("name", "starter", "professional", "enterprise"),
    [
        ("workflows.workflows", NOBODY, ANY, ANY),
        ("workflows.standard_workflows", NOBODY, ANY, ANY),
        ("workflows.quote_workflows", NOBODY, NOBODY, {S}),
        ("workflows.quote_properties", NOBODY, NOBODY, {S}),
        ("workflows.lead_properties", NOBODY, {S}, {S}),
        ("workflows.ticket_workflows", NOBODY, {V}, {V}),
        ("workflows.ticket_properties", NOBODY, {V}, {V}),
        ("workflows.feedback_workflows", NOBODY, {V}, {V}),
        ("workflows.feedback_properties", NOBODY, {V}, {V}),
        ("workflows.custom_object_workflows", NOBODY, NOBODY, ANY),
        ("workflows.custom_object_properties", NOBODY, NOBODY, ANY),
        ("workflows.scheduled_workflows", NOBODY, {D}, {D}),
        ("workflows.date_workflows", NOBODY, ANY, ANY),
        ("workflows.random_branch", NOBODY, {M}, {M}),
        ("workflows.static_lists", NOBODY, {M}, {M}),
        ("workflows.ads_audiences", NOBODY, {M}, {M}),
        ("workflows.rotate_owner", NOBODY, {S, V}, {S, V}),
        ("workflows.conversation_owner", NOBODY, {V, D}, {V, D}),
        ("workflows.send_survey", NOBODY, {V}, {V}),
        ("workflows.prospecting_agent", NOBODY, {S}, {S}),
        ("workflows.custom_code", NOBODY, {D}, {D}),
        ("workflows.format_data", NOBODY, {D}, {D}),
        ("workflows.webhooks", NOBODY, {D}, {D}),
        ("workflows.list_of_matches", {M}, {M}, {M}),
        ("workflows.goal_conversion", NOBODY, {M}, {M}),
        ("workflows.limited_access", NOBODY, NOBODY, {M, S, V}),
        ("emails.send_email", NOBODY, {M, V}, {M, V}),
        ("emails.ticket_email", NOBODY, {V}, {V}),
        ("emails.internal_marketing_email", NOBODY, {M}, {M}),
        ("emails.simple_workflows", {M}, {M}, {M}),
        ("emails.unrestricted_simple_workflows", NOBODY, {M}, {M}),
        ("emails.simple_send_email", {M}, {M}, {M}),
        ("emails.simple_static_lists", {M}, {M}, {M}),
        ("emails.simple_ads_audiences", {M}, {M}, {M}),
        ("sequences.sequence_actions", NOBODY, NOBODY, {S, V}),
        ("sequences.campaigns", NOBODY, {M}, {M}),
        ("crm.association_labels", NOBODY, NOBODY, ANY),
    ],
)
def test_hubs_that_unlock_a_feature_by_tier(
    name: str, starter: set[Hub], professional: set[Hub], enterprise: set[Hub]
) -> None:
    unlocked_by = declared_features[name].unlocked_by

    def hubs_at(tier: Tier) -> set[Hub]:
        return {hub for hub, least in unlocked_by.items() if least <= tier}

    assert hubs_at(Tier.FREE) == NOBODY
    assert hubs_at(Tier.STARTER) == starter
    assert hubs_at(Tier.PROFESSIONAL) == professional
    assert hubs_at(Tier.ENTERPRISE) == enterprise
