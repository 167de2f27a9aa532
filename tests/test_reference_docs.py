from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from config.reference import environment, markdown, pages
from subscriptions.features import declared_features, declared_limits
from tests import test_declarations as sweep
from workflows.actions.base import actions

CONTRIBUTING = settings.BASE_DIR / "CONTRIBUTING.md"


def test_the_pages_are_up_to_date() -> None:
    call_command("describe", check=True)


def test_writing_makes_the_check_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("describe", folder=tmp_path / "new")
    assert capsys.readouterr().out.startswith(f"{len(pages.render())} written, 0 removed")
    call_command("describe", folder=tmp_path / "new", check=True)


def test_a_stale_page_is_named_with_the_command_to_run(tmp_path: Path) -> None:
    call_command("describe", folder=tmp_path)
    (tmp_path / "actions.md").write_text("old")
    (tmp_path / "plans.md").unlink()
    with pytest.raises(CommandError) as raised:
        call_command("describe", folder=tmp_path, check=True)
    assert str(raised.value) == (
        f"Out of date in {tmp_path}: actions.md, plans.md."
        " Run .venv/bin/python manage.py describe and commit what it writes."
    )
    assert (tmp_path / "actions.md").read_text() == "old"


def test_a_page_that_nothing_writes_any_more_is_removed(tmp_path: Path) -> None:
    call_command("describe", folder=tmp_path)
    (tmp_path / "former.md").write_text("x")
    with pytest.raises(CommandError, match=r"former\.md"):
        call_command("describe", folder=tmp_path, check=True)
    call_command("describe", folder=tmp_path)
    assert not (tmp_path / "former.md").exists()


def test_every_declaration_is_on_a_page() -> None:
    text = "\n".join(pages.render().values())
    names = [*declared_features, *declared_limits, *(kind.action_type_id for kind in actions)]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_a_variable_that_is_read_has_to_be_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(environment.MEANINGS, "PORT")
    monkeypatch.setitem(environment.MEANINGS, "FORMER", "Read no more.")
    with pytest.raises(environment.Undescribed, match=r"\['FORMER', 'PORT'\]"):
        environment.environment_page()


def test_defaults_are_read_from_the_code() -> None:
    found = {one.name: (one.kind, one.default) for one in environment.variables()}
    assert found["PORT"] == ("number", "8000")
    assert found["DEBUG"] == ("yes or no", "no")
    assert found["LOG_LEVEL"] == ("choice", "INFO")
    assert found["ALLOWED_HOSTS"] == ("list", "localhost,127.0.0.1,[::1]")
    assert found["DATABASE_URL"] == ("URL", "")
    assert found["SECRET_KEY"] == ("secret", "")


def test_a_table_leaves_empty_columns_out_and_escapes_bars() -> None:
    assert markdown.table(["A", "B", "C"], [["1", "", "x|y"], ["2", "", ""]]) == (
        "| A | C |\n| --- | --- |\n| 1 | x\\|y |\n| 2 |  |"
    )


@pytest.fixture
def worked_example() -> Iterator[dict[str, dict[str, Any]]]:
    """What the Python of CONTRIBUTING.md defines, by the path of its file; gone afterwards."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    found = re.findall(r"`([a-z_/]+\.py)`:\n\n```python\n(.*?)```", text, flags=re.DOTALL)
    defined: dict[str, dict[str, Any]] = {}
    before = set(actions)
    try:
        for path, code in found:
            # Named like a test, so that the sweep does not take it for a kind of the product.
            defined[path] = {"__name__": "contributing.tests.example"}
            exec(compile(code, path, "exec", dont_inherit=True), defined[path])
        yield defined
    finally:
        for kind in set(actions) - before:
            del actions._kinds[kind.action_type_id]


@pytest.mark.django_db
def test_the_worked_example_does_what_its_test_claims(
    worked_example: dict[str, dict[str, Any]],
) -> None:
    action, test = worked_example.values()
    claims = [item for name, item in test.items() if name.startswith("test_")]
    assert len(claims) == 1
    claims[0]()
    kind = action["LogActivity"]
    sweep.test_the_docstring_says_to_users_what_it_is(kind)
    sweep.test_action(kind)
    sweep.test_the_form_asks_for_every_input(kind)
    sweep.test_the_definition_is_a_public_action_definition(kind)
    for value in sweep.ODD_VALUES:
        sweep.test_odd_inputs_are_problems_and_never_errors(kind, value)
