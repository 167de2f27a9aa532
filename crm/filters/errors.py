"""What can be wrong with a filter."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """Why a part of a filter matches nobody, and where it stands in the JSON."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class FilterError(ValueError):
    """A filter cannot be understood; `path` says which part of it."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        self.message = message
        super().__init__(str(Problem(path, message)))
