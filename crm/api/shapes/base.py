"""Shapes that all subjects share."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, NotRequired, TypedDict, TypeVar

Item = TypeVar("Item")


class Says(dict[str, Any]):
    """What JSON Schema says about a shape beside its type: `Annotated[str, Says(minLength=1)]`."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(repr(self))


Moment = Annotated[
    str,
    Says(
        format="date-time",
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
    ),
]
Id = Annotated[str, Says(pattern="^[0-9]{1,18}$")]
#: An id as clients send it.
GivenId = Id | Annotated[int, Says(minimum=0, maximum=10**18 - 1)]


class Next(TypedDict):
    after: str
    link: Annotated[str, Says(format="uri")]


class Paging(TypedDict):
    """Where the next page is; absent from the last one."""

    next: Next


class Page(TypedDict, Generic[Item]):
    results: list[Item]
    paging: NotRequired[Paging]


class Collection(TypedDict, Generic[Item]):
    """Everything there is, on one page."""

    results: list[Item]


class ErrorDetail(TypedDict):
    """One of several mistakes."""

    message: str
    code: NotRequired[str]
    context: NotRequired[dict[str, list[str]]]
    subCategory: NotRequired[str | None]


#: `in` says where in the body the mistake is.
ErrorPlace = TypedDict("ErrorPlace", {"in": NotRequired[str]})


class ErrorEntry(ErrorDetail, ErrorPlace):
    """One of several mistakes, and where in the body it is."""


class Error(TypedDict):
    """What every answer that is no success looks like."""

    status: Literal["error"]
    message: str
    correlationId: Annotated[str, Says(format="uuid")]
    category: Annotated[str, Says(pattern="^[A-Z_]+$")]
    subCategory: NotRequired[str]
    context: NotRequired[dict[str, list[str]]]
    links: NotRequired[dict[str, str]]
    errors: NotRequired[list[ErrorEntry]]
    errorType: NotRequired[str]
    policyName: NotRequired[str]
    #: Of OAuth, in the words of RFC 6749.
    error: NotRequired[str]
    error_description: NotRequired[str]


class BatchError(TypedDict):
    """Why a part of a batch failed."""

    status: Literal["error"]
    message: str
    category: str
    subCategory: NotRequired[str]
    context: dict[str, list[str]]
    links: dict[str, str]
    errors: list[ErrorEntry]


class Batch(TypedDict, Generic[Item]):
    """What became of a batch."""

    status: Literal["COMPLETE"]
    results: list[Item]
    startedAt: Moment
    completedAt: Moment


class PartBatch(Batch[Item], Generic[Item]):
    """What became of a batch of which a part failed."""

    numErrors: int
    errors: list[BatchError]


class Inputs(TypedDict, Generic[Item]):
    """What is sent as a batch."""

    inputs: list[Item]


#: Any JSON.
Json = Any
