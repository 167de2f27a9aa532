"""Filters on what only an integration could know; none of these is connected (W-156).

They are stored and shown, match nobody, and keep a workflow from being turned on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from crm.filters.fields import Fields
from crm.filters.kinds import FALSE, Condition, Frame, Reader, filter_types
from crm.sql import SQL


@dataclass(frozen=True, kw_only=True)
class Unconnected(Condition):
    """A question to an integration that is not there."""

    #: What it asks about.
    what: ClassVar[str]
    #: Fields without which it says nothing.
    needs: ClassVar[tuple[str, ...]] = ()
    operators: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Self:
        for name in cls.needs:
            fields.required(name)
        if cls.operators:
            fields.choice("operator", cls.operators)
        return cls(path=fields.path, problem=f"integration not connected: {cls.what}")

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        return FALSE

    def sentence(self, names: Mapping[Any, str]) -> str:
        return f"A filter on {self.what}; integration not connected"


@filter_types.register
class AdsSearch(Unconnected):
    """Came from an ad for a search term."""

    type_name = "ADS_SEARCH"
    what = "ads"
    needs = ("searchTerms", "entityType", "adNetwork", "searchTermType")
    operators = ("CONTAINS", "IS_EQUAL_TO", "STARTS_WITH", "ENDS_WITH", "IS_KNOWN")


@filter_types.register
class AdsTime(Unconnected):
    """Saw an ad in a window of time."""

    type_name = "ADS_TIME"
    what = "ads"
    needs = ("pruningRefineBy",)


@filter_types.register
class CallToAction(Unconnected):
    """Saw or clicked a call to action."""

    type_name = "CTA"
    what = "calls to action"
    needs = ("ctaName",)
    operators = (
        "HAS_CLICKED_CTA",
        "HAS_NOT_CLICKED_CTA",
        "HAS_OPENED_CTA",
        "HAS_NOT_OPENED_CTA",
        "HAS_CLICKED_CTA_PLACEMENT",
        "HAS_NOT_CLICKED_CTA_PLACEMENT",
        "HAS_OPENED_CTA_PLACEMENT",
        "HAS_NOT_OPENED_CTA_PLACEMENT",
    )


@filter_types.register
class CampaignInfluenced(Unconnected):
    """Was reached by a campaign."""

    type_name = "CAMPAIGN_INFLUENCED"
    what = "campaigns"
    needs = ("campaignId",)


@filter_types.register
class IntegrationEvent(Unconnected):
    """An event that a connected app sent."""

    type_name = "INTEGRATION_EVENT"
    what = "events of connected apps"
    needs = ("eventTypeId",)


@filter_types.register
class Privacy(Unconnected):
    """Gave or did not give a privacy consent."""

    type_name = "PRIVACY"
    what = "privacy consents"
    needs = ("privacyName",)
    operators = ("PRIVACY_CONSENT_GRANTED", "PRIVACY_CONSENT_NOT_GRANTED")


@filter_types.register
class Survey(Unconnected):
    """Answered a survey of SurveyMonkey."""

    type_name = "SURVEY_MONKEY"
    what = "SurveyMonkey"
    needs = ("surveyId",)
    operators = ("HAS_RESPONDED_TO_SURVEY", "HAS_NOT_RESPONDED_TO_SURVEY")


@filter_types.register
class SurveyAnswer(Unconnected):
    """Gave an answer in a survey of SurveyMonkey."""

    type_name = "SURVEY_MONKEY_VALUE"
    what = "SurveyMonkey"
    needs = ("surveyId", "surveyQuestion", "valueComparison")
    operators = ("HAS_ANSWERED_SURVEY_QUESTION_WITH_VALUE",)


@filter_types.register
class Webinar(Unconnected):
    """Registered for or attended a webinar."""

    type_name = "WEBINAR"
    what = "webinars"
    operators = (
        "HAS_WEBINAR_REGISTRATION",
        "NOT_HAS_WEBINAR_REGISTRATION",
        "HAS_WEBINAR_ATTENDANCE",
        "NOT_HAS_WEBINAR_ATTENDANCE",
    )
