from __future__ import annotations

from collections.abc import Iterator

import pytest

from workflows.tests.pigeon import Pigeon
from workflows.transports import transports


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The only transport there is, as new."""
    monkeypatch.setattr(transports, "_kinds", {"pigeon": Pigeon})
    yield
    Pigeon.carried.clear()
    Pigeon.noted.clear()
    Pigeon.answers.clear()
    Pigeon.is_out = False
    Pigeon.before = None
