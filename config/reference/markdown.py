"""The little Markdown that reference pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def prose(docstring: str | None) -> str:
    """A docstring as one paragraph."""
    return " ".join((docstring or "").split())


def code(text: str) -> str:
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text) for text in texts)


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column that is empty in every row is left out."""
    body = [[_cell(text) for text in row] for row in rows]
    used = [place for place in range(len(headings)) if any(row[place] for row in body)]
    lines = [[headings[place] for place in used], ["---"] * len(used)]
    lines += [[row[place] for place in used] for row in body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def page(title: str, *blocks: str) -> str:
    """A whole page of blocks with an empty line between them."""
    return "\n\n".join([f"# {title}", *(block for block in blocks if block)]) + "\n"
