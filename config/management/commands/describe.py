from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.reference import pages

HOW = "Run .venv/bin/python manage.py describe and commit what it writes."


class Command(BaseCommand):
    """Write docs/reference from the declarations in the code."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; fail if a page is out of date."
        )
        parser.add_argument(
            "--folder", type=Path, help="Where to write; docs/reference if not given."
        )

    def handle(self, *_: Any, check: bool, folder: Path | None, **__: Any) -> None:
        folder = folder or settings.BASE_DIR / "docs" / "reference"
        wanted = pages.render()
        stale = [name for name, text in wanted.items() if _read(folder / name) != text]
        left = sorted(path.name for path in folder.glob("*.md") if path.name not in wanted)
        if check:
            if stale or left:
                raise CommandError(f"Out of date in {folder}: {', '.join(stale + left)}. {HOW}")
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        for name in left:
            (folder / name).unlink()
        self.stdout.write(f"{len(stale)} written, {len(left)} removed in {folder}.")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
