"""What an endpoint takes and gives, said once beside it; the OpenAPI document is made of it.

    @describe(
        "List the owners",
        answer=Page[shapes.Owner],
        query=(filtered("email", "Only the owner with this address."), ARCHIVED, *paged(100, 500)),
    )
    def get(self, request: Request) -> Response: ...

- The first words are the title of the operation. What else there is to know goes into the docstring
  of the method.
- A shape is a type from `crm.api.shapes` (one module per subject): a TypedDict, or anything made of
  them with `list`, `dict`, `Literal`, `|` and `Annotated`. Functions that build an answer are
  annotated with its shape, so mypy holds them to it. `NotRequired` keys may be absent.
- `body` is what is sent, `answer` what comes back, `status` the code of success: 200, or 204 without
  an answer. `partly` is the answer with 207, when some of a batch failed.
- Parts of the address are described by their names in `crm.api.addresses`.
- Errors need no word: every operation has those that apply, in HubSpot's envelope.
- Examples are recorded, never written: add a call to the stories in `tests/examples/` and run
  `make examples`. A test compares them with what the server says.

Every answer in every API test is checked against its description (`crm.tests.conforming`), and a
method without a description fails `tests/test_api_document.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from crm.api.shapes.base import Says

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """Something in the query string."""

    name: str
    shape: Any
    text: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one address."""

    title: str
    status: int
    #: Shapes; None is nothing.
    body: Any = None
    answer: Any = None
    partly: Any = None
    query: tuple[Parameter, ...] = ()
    media_type: str = "application/json"
    needs_token: bool = True


def describe(
    title: str,
    *,
    answer: Any = None,
    body: Any = None,
    query: Sequence[Parameter] = (),
    status: int | None = None,
    **more: Any,
) -> Callable[[Method], Method]:
    """Describe a method of an endpoint; `more` are the other fields of Operation."""

    def apply(method: Method) -> Method:
        method.operation = Operation(  # type: ignore[attr-defined]
            title=title,
            status=status or (204 if answer is None else 200),
            body=body,
            answer=answer,
            query=tuple(query),
            **more,
        )
        return method

    return apply


def described(view: type, method: str) -> Operation | None:
    """How a method ("GET") of an endpoint is described, None when it is not."""
    return getattr(getattr(view, method.lower(), None), "operation", None)


def filtered(name: str, text: str) -> Parameter:
    """A text in the query string."""
    return Parameter(name=name, shape=str, text=text)


def flag(name: str, text: str) -> Parameter:
    return Parameter(name=name, shape=bool, text=text)


def several(name: str, text: str) -> Parameter:
    """Names in the query string: repeated, or one with commas."""
    return Parameter(name=name, shape=list[str], text=text)


def paged(default: int, most: int) -> tuple[Parameter, Parameter]:
    """How many there are on a page, and where it begins."""
    size = Annotated[int, Says(minimum=1, maximum=most, default=default)]
    return Parameter(name="limit", shape=size, text="How many at most."), AFTER


AFTER = Parameter(
    name="after",
    shape=Annotated[str, Says(pattern="^[0-9]{0,18}$")],
    text="Where the page begins: `paging.next.after` of the page before.",
)
ARCHIVED = flag("archived", "Show what is archived, and only that.")
