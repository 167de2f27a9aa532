"""Rows of a file in cleaned chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from crm.imports import plan as plans
from crm.imports import staging
from crm.imports.cleaning import BadRow
from crm.imports.reading import Row

#: A chunk ends with the first of these; wide files come in shorter chunks.
CHUNK_ROWS = 5000
LEAST_ROWS = 100
CHUNK_CELLS = 100_000
CHUNK_CHARACTERS = 8_000_000


@dataclass
class Chunk:
    """Some rows of the file, cleaned: what to write, and what to refuse."""

    size: int = 0
    characters: int = 0
    #: By key; a later row with the same key is laid over the earlier one.
    staged: dict[tuple[str, str], staging.Staged] = field(default_factory=dict)
    #: The rows behind each staged one, by its line.
    originals: dict[int, list[Row]] = field(default_factory=dict)
    rejected: list[tuple[Row, str]] = field(default_factory=list)

    def add(self, row: Row, plan: plans.Plan) -> None:
        self.size += 1
        self.characters += sum(map(len, row.cells))
        try:
            name, key, values = plan.cleaner.clean(row)
        except BadRow as error:
            self.rejected.append((row, str(error)))
            return
        # Without a key every row stands alone.
        identity = (name, key.lower()) if name else ("", str(row.line))
        earlier = self.staged.get(identity)
        rows = [row]
        links = {number: (text,) for number, text in plan.cleaner.links_of(row).items()}
        if earlier is not None:
            values = {**earlier.properties, **values}
            rows = [*self.originals.pop(earlier.line), row]
            links = {
                number: (*earlier.links.get(number, ()), *links.get(number, ()))
                for number in {*earlier.links, *links}
            }
        self.staged[identity] = staging.Staged(row.line, name, key, values, links)
        self.originals[row.line] = rows

    @property
    def first_line(self) -> int:
        accepted = [row.line for rows in self.originals.values() for row in rows]
        return min([*accepted, *(row.line for row, _ in self.rejected)])

    def refuse(self, refused: Mapping[int, str]) -> list[tuple[Row, str]]:
        """All rejected rows in the order of the file."""
        late = [(row, why) for line, why in refused.items() for row in self.originals[line]]
        return sorted([*self.rejected, *late], key=lambda pair: pair[0].line)


def chunks(rows: Iterable[Row], plan: plans.Plan) -> Iterator[Chunk]:
    """All rows, cleaned, in pieces that fit into memory and into one transaction."""
    most = max(LEAST_ROWS, min(CHUNK_ROWS, CHUNK_CELLS // len(plan.headings)))
    chunk = Chunk()
    for row in rows:
        chunk.add(row, plan)
        if chunk.size >= most or chunk.characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk = Chunk()
    if chunk.size:
        yield chunk
