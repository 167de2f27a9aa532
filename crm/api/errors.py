"""What the API answers when it cannot do what it was asked: one envelope, HubSpot's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.response import Response

from subscriptions.features import LimitReached, UpgradeRequired

logger = logging.getLogger(__name__)

CORRELATION_HEADER = "X-HubSpot-Correlation-Id"
Context = Mapping[str, Sequence[str]]


class ApiError(Exception):
    """The request cannot be carried out; the message is for the one who sent it."""

    status: ClassVar[int] = 400
    category: ClassVar[str] = "VALIDATION_ERROR"

    def __init__(
        self,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Context | None = None,
        sub_category: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errors = list(errors)
        self.context = dict(context or {})
        self.sub_category = sub_category

    @property
    def headers(self) -> dict[str, str]:
        """What the answer carries beside its body."""
        return {}

    def body(self) -> dict[str, Any]:
        """The error as it stands in an answer, alone or among the errors of a batch."""
        body: dict[str, Any] = {
            "status": "error", "message": self.message, "category": self.category,
        }  # fmt: skip
        if self.sub_category:
            body["subCategory"] = self.sub_category
        if self.context:
            body["context"] = {name: list(values) for name, values in self.context.items()}
        return body | ({"errors": self.errors} if self.errors else {})


class Unauthenticated(ApiError):
    status = 401
    category = "INVALID_AUTHENTICATION"


class MissingScopes(ApiError):
    status = 403
    category = "MISSING_SCOPES"


class Forbidden(ApiError):
    status = 403
    category = "FORBIDDEN"


class LimitExceeded(ApiError):
    status = 403
    category = "LIMIT_EXCEEDED"


class NotFound(ApiError):
    status = 404
    category = "OBJECT_NOT_FOUND"

    def __init__(self, message: str = "resource not found", **more: Any) -> None:
        super().__init__(message, **more)


class WrongMethod(ApiError):
    status = 405
    category = "METHOD_NOT_ALLOWED"


class Conflict(ApiError):
    status = 409
    category = "CONFLICT"

    @property
    def headers(self) -> dict[str, str]:
        # A client that repeats conflicts would write twice.
        return {"x-should-retry": "false"}


class AlreadyExists(Conflict):
    category = "OBJECT_ALREADY_EXISTS"


class TooLarge(ApiError):
    status = 413


class UnsupportedMediaType(ApiError):
    status = 415
    category = "UNSUPPORTED_MEDIA_TYPE"


class InternalError(ApiError):
    status = 500
    category = "INTERNAL_ERROR"


def answer(error: Exception, correlation_id: str) -> Response:
    """The answer to a request that ended in `error`."""
    known = _known(error)
    if known is None:
        logger.error("API request %s failed", correlation_id, exc_info=error)
        known = InternalError("Something went wrong here. It has been noted.")
    return Response(
        known.body() | {"correlationId": correlation_id},
        status=known.status,
        headers=known.headers,
    )


#: What others raise, and the error that it is here; the first that fits.
TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Any], ApiError]], ...] = (
    (Http404, lambda error: NotFound()),
    (MethodNotAllowed, lambda error: WrongMethod(str(error.detail))),
    (RequestDataTooBig, lambda error: TooLarge("The body is too large.")),
    (SuspiciousOperation, lambda error: ApiError(f"The request cannot be read: {error}")),
    (MultiPartParserError, lambda error: ApiError(f"The request cannot be read: {error}")),
    (LimitReached, lambda error: LimitExceeded(str(error))),
    (UpgradeRequired, lambda error: Forbidden(str(error))),
)


def _known(error: Exception) -> ApiError | None:
    if isinstance(error, ApiError):
        return error
    found = (translate(error) for kind, translate in TRANSLATIONS if isinstance(error, kind))
    return next(found, None)


def new_correlation_id() -> str:
    return str(uuid4())
