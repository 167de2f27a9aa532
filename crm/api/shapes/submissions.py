"""Forms that websites and programs send themselves."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from crm.api.shapes.base import Says
from crm.api.shapes.events import Token


class SubmittedField(TypedDict):
    name: Annotated[str, Says(minLength=1)]
    value: str
    objectTypeId: NotRequired[str]


class SubmissionContext(TypedDict):
    """On which page, and by which visitor."""

    hutk: NotRequired[Token]
    pageUri: NotRequired[str]
    pageName: NotRequired[str]
    pageId: NotRequired[str]


class Submission(TypedDict):
    fields: Annotated[list[SubmittedField], Says(minItems=1, maxItems=100)]
    context: NotRequired[SubmissionContext]


class Submitted(TypedDict):
    inlineMessage: str
