from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    Enrolled,
    ObjectType,
    Relation,
    choice,
    moment,
    number,
    object_types,
    system,
    text,
)

ABOUT = "feedback_submission_information"


@object_types.register
class FeedbackSubmission(ObjectType):
    """One answer to a survey. Surveys write it; nobody changes what was answered."""

    type_id = "0-19"
    name = "feedback_submission"
    plural = "feedback_submissions"
    label = "Feedback submission"
    plural_label = "Feedback submissions"
    icon = "reviews"
    groups = {ABOUT: "Feedback submission information"}
    list_columns = ("hs_survey_type", "hs_value", "hs_sentiment", "hs_submission_timestamp")
    enrolled = Enrolled.ALWAYS
    properties = (
        number("hs_survey_id", "Survey ID", ABOUT, is_read_only=True),
        text("hs_survey_name", "Survey name", ABOUT, is_read_only=True, is_searchable=True),
        choice("hs_survey_type", "Survey type", ABOUT, {
            "NPS": "Customer loyalty (NPS)", "CSAT": "Customer satisfaction (CSAT)",
            "CES": "Customer support (CES)", "CUSTOM": "Custom",
        }, is_read_only=True),
        choice("hs_survey_channel", "Survey channel", ABOUT, {
            "EMAIL": "Email", "WEB": "Web page", "LINK": "Link", "CHAT": "Chat",
        }, is_read_only=True),
        number("hs_value", "Rating", ABOUT, is_read_only=True),
        text("hs_response_group", "Response group", ABOUT, is_read_only=True),
        text("hs_content", "Response", ABOUT, field_type="textarea", is_read_only=True,
             is_searchable=True),
        choice("hs_sentiment", "Sentiment", ABOUT, {
            "POSITIVE": "Positive", "NEUTRAL": "Neutral", "NEGATIVE": "Negative",
        }, is_read_only=True),
        moment("hs_submission_timestamp", "Submission date", ABOUT, is_read_only=True),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=98, inverse_type_id=97, to_object_type="0-1",
                 name="feedback_submission_to_contact"),
        Relation(type_id=100, inverse_type_id=99, to_object_type="0-5",
                 name="feedback_submission_to_ticket"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return f"{properties.get('hs_survey_name') or 'Feedback submission'} {record_id}"
