"""The reference page of our own management commands."""

from __future__ import annotations

import argparse
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from config.reference.markdown import code, page, prose, table


def commands_page() -> str:
    home = settings.BASE_DIR
    ours = {one.name for one in apps.get_app_configs() if Path(one.path).parent == home}
    commands = {name: app for name, app in get_commands().items() if app in ours}
    blocks = [
        block
        for name in sorted(commands)
        for block in _command(name, load_command_class(commands[name], name))
    ]
    return page(
        "Commands",
        "What `.venv/bin/python manage.py` does beside Django's own commands.",
        *blocks,
    )


def _command(name: str, command: BaseCommand) -> list[str]:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)  # type: ignore[arg-type] # Django's parser is this one, extended
    rows = [
        [code(_argument(action)), prose(action.help)]
        for action in parser._actions  # noqa: SLF001 (argparse has no other list of them)
        if action.dest != "help"
    ]
    arguments = table(["Argument", "Meaning"], rows) if rows else ""
    return [f"## {name}", prose(command.help), arguments]


def _argument(action: argparse.Action) -> str:
    return ", ".join(action.option_strings) or action.dest
