"""The examples in the OpenAPI document are what the server really answers."""

from __future__ import annotations

import importlib
import os
import pkgutil

import pytest

from crm import clock
from crm.api import document
from tests import examples
from tests.recording import MOMENT, path_of, storyteller, text_of

STORIES = sorted(item.name for item in pkgutil.iter_modules(examples.__path__))
#: Set by `make examples`.
IS_RECORDING = "RECORD_EXAMPLES" in os.environ


@pytest.mark.django_db
@pytest.mark.parametrize("story", STORIES)
def test_examples_are_what_the_server_says(story: str) -> None:
    call = storyteller()
    with clock.at(MOMENT):
        importlib.import_module(f"tests.examples.{story}").tell(call)
    text = text_of(call.examples)
    if IS_RECORDING:
        path_of(story).write_text(text)
    assert path_of(story).read_text() == text, "`make examples` records them anew"


def test_every_operation_has_an_example() -> None:
    found = document.build()["paths"]
    operations = {f"{method.upper()} {path}" for path in found for method in found[path]}
    assert operations - document.load_examples().keys() == set()


def test_every_example_belongs_to_an_operation_and_a_story() -> None:
    found = document.build()["paths"]
    operations = {f"{method.upper()} {path}" for path in found for method in found[path]}
    assert document.load_examples().keys() - operations == set()
    assert sorted(path.stem for path in document.EXAMPLES.glob("*.json")) == STORIES
