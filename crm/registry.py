"""Registries of kinds: being there is being registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

Kind = TypeVar("Kind")


class AlreadyRegistered(Exception):
    """Two kinds claim one key."""


class UnknownKind(LookupError):
    """No kind is registered under this key."""


class Registry(Generic[Kind]):
    """Kinds (classes) by key. A second registration under one key is refused.

    `what` names the kind in messages: "action", "object type".
    """

    def __init__(self, what: str, key: str) -> None:
        self.what = what
        self._key = key
        self._kinds: dict[str, type[Kind]] = {}

    def register(self, kind: type[Kind]) -> type[Kind]:
        """Add `kind` under its key attribute; usable as a class decorator."""
        key = getattr(kind, self._key)
        other = self._kinds.get(key)
        if other is not None and other is not kind:
            raise AlreadyRegistered(
                f"The {self.what} {key!r} of {kind.__module__} is already registered"
                f" by {other.__module__}.{other.__qualname__}."
            )
        self._kinds[key] = kind
        return kind

    def get(self, key: str) -> type[Kind]:
        """The kind under `key`; raises UnknownKind."""
        try:
            return self._kinds[key]
        except KeyError:
            raise UnknownKind(f"There is no {self.what} {key!r}.") from None

    def find(self, key: str) -> type[Kind] | None:
        return self._kinds.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._kinds

    def __iter__(self) -> Iterator[type[Kind]]:
        return iter(self._kinds.values())

    def __len__(self) -> int:
        return len(self._kinds)


def discover(package: str) -> None:
    """Import every module below `package`, so that the kinds in them register themselves."""
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if ".tests" not in module.name:
            importlib.import_module(module.name)
