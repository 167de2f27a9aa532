"""Regular expressions that are safe to run over everybody, written for PostgreSQL.

Only what RE2 takes is taken: no back-references and no looking around, so that every expression is
a regular one in the strict sense, which the server decides in one pass over the text. What is
written means what it means in RE2; PostgreSQL's own meaning of it is not relied upon.
"""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 512
#: A repeated part counts as often as it is repeated; more would take the server long to prepare.
LARGEST = 1_000
MOST_REPEATS = 255
DEEPEST = 20

CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\t ",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
#: Outside of ranges these mean something to PostgreSQL.
SPECIAL = frozenset(r"\^$.|?*+()[]{}")
SPECIAL_IN_SET = frozenset("\\^-[]")


class BadPattern(ValueError):
    """An expression is wrong, or is not one that RE2 takes; the message says why."""


@dataclass(frozen=True)
class Pattern:
    """An expression as PostgreSQL takes it."""

    text: str
    ignores_case: bool


@dataclass
class _Reader:
    source: str
    place: int = 0
    dot: str = r"[^\n]"
    depth: int = 0

    @property
    def next(self) -> str:
        return self.source[self.place : self.place + 1]

    def take(self, words: str) -> bool:
        """Step over `words` if they come next."""
        if not self.source.startswith(words, self.place):
            return False
        self.place += len(words)
        return True

    def step(self) -> str:
        character = self.next
        if not character:
            raise BadPattern("ends too early")
        self.place += 1
        return character


def translate(source: str) -> Pattern:
    """The expression for PostgreSQL's `~`, or `~*` if it ignores case; raises BadPattern."""
    if len(source) > LONGEST:
        raise BadPattern(f"is longer than {LONGEST} characters")
    reader = _Reader(source)
    ignores_case = False
    while flags := next(
        (item for item in ("(?i)", "(?s)", "(?is)", "(?si)") if reader.take(item)), ""
    ):
        ignores_case = ignores_case or "i" in flags
        if "s" in flags:
            reader.dot = "(?:.|\n)"
    text, _ = _alternatives(reader)
    if reader.next:
        raise BadPattern("has a ) too many")
    # The prefix says that what follows is an advanced expression, whatever it begins with.
    return Pattern(f"***:{text}", ignores_case)


def _alternatives(reader: _Reader) -> tuple[str, int]:
    """Parts with | between them, and how large they are together."""
    parts, size = [], 0
    while True:
        text, length = _sequence(reader)
        parts.append(text)
        size += length
        if not reader.take("|"):
            return "|".join(parts), size


def _sequence(reader: _Reader) -> tuple[str, int]:
    texts, size = [], 1
    while reader.next and reader.next not in "|)":
        text, length = _repeated(reader)
        texts.append(text)
        size += length
        if size > LARGEST:
            raise BadPattern("is too large: its repetitions multiply")
    # An empty alternative is one that always matches.
    return "".join(texts) or "(?:)", size


def _repeated(reader: _Reader) -> tuple[str, int]:
    is_anchor = reader.next in ("^", "$") or reader.source[reader.place : reader.place + 2] in (
        r"\b", r"\B", r"\A", r"\z",
    )  # fmt: skip
    text, size = _atom(reader)
    times = _times(reader)
    if times is None:
        return text, size
    if is_anchor:
        raise BadPattern("repeats something that has no length")
    # Whether it prefers more or fewer does not change whether the whole matches.
    reader.take("?")
    if reader.next in ("*", "+", "?") or _is_count(reader):
        raise BadPattern("repeats a repetition; put it into parentheses")
    least, most = times
    if most is None:
        sign = {0: "*", 1: "+"}.get(least, f"{{{least},}}")
        return f"{text}{sign}", size * max(least, 1)
    return f"{text}{{{least},{most}}}", size * max(most, 1)


def _times(reader: _Reader) -> tuple[int, int | None] | None:
    """How often the last part is repeated: at least, and at most or without end."""
    for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
        if reader.take(sign):
            return times
    if not _is_count(reader):
        return None
    end = reader.source.index("}", reader.place)
    least, comma, most = reader.source[reader.place + 1 : end].partition(",")
    reader.place = end + 1
    numbers = int(least), int(most or 0) if comma else int(least)
    if max(numbers) > MOST_REPEATS or (most and numbers[1] < numbers[0]):
        raise BadPattern(f"repeats something in a wrong way or more than {MOST_REPEATS} times")
    return numbers[0], None if comma and not most else numbers[1]


def _is_count(reader: _Reader) -> bool:
    """Whether {2}, {2,} or {2,3} comes next; any other { stands for itself."""
    if reader.next != "{":
        return False
    inside, brace, _ = reader.source[reader.place + 1 : reader.place + 12].partition("}")
    least, _, most = inside.partition(",")
    digits = least + most
    return bool(brace and least) and digits.isascii() and digits.isdigit()


def _atom(reader: _Reader) -> tuple[str, int]:
    character = reader.step()
    if character == "(":
        return _parenthesis(reader)
    if character == "[":
        return _set(reader), 1
    if character == ".":
        return reader.dot, 1
    if character == "\\":
        return _escape(reader), 1
    if character in "*+?":
        raise BadPattern(f"has a {character} with nothing to repeat")
    return (character if character in "^$" else _literal(character)), 1


def _parenthesis(reader: _Reader) -> tuple[str, int]:
    if reader.take("?:"):
        pass
    elif reader.next == "?":
        raise BadPattern("may not look around, name groups or switch options in the middle")
    reader.depth += 1
    if reader.depth > DEEPEST:
        raise BadPattern(f"is nested deeper than {DEEPEST} parentheses")
    text, size = _alternatives(reader)
    reader.depth -= 1
    if not reader.take(")"):
        raise BadPattern("lacks a )")
    return f"(?:{text})", size


def _literal(character: str) -> str:
    return f"\\{character}" if character in SPECIAL else character


def _escape(reader: _Reader) -> str:
    character = reader.step()
    if character in CLASSES:
        return f"[{CLASSES[character]}]"
    if character.lower() in CLASSES:
        return f"[^{CLASSES[character.lower()]}]"
    anchors = {"b": r"\y", "B": r"\Y", "A": "^", "z": "$"}
    if character in anchors:
        return anchors[character]
    return _literal(_escaped(reader, character))


def _escaped(reader: _Reader, character: str) -> str:
    """The character that an escape stands for."""
    if character in CONTROLS:
        return CONTROLS[character]
    if character == "x":
        digits = reader.step() + reader.step()
        if digits.startswith("{"):
            raise BadPattern(r"may write \x with two digits only")
        try:
            code = int(digits, 16)
        except ValueError:
            raise BadPattern(r"has a \x without two digits") from None
        if not code:
            raise BadPattern("contains a character that cannot be stored")
        return chr(code)
    if character.isalnum():
        raise BadPattern(f"may not use \\{character}")
    return character


def _set(reader: _Reader) -> str:
    """What stands in brackets."""
    is_negated = reader.take("^")
    members: list[str] = []
    complements: list[str] = []
    is_first = True
    while is_first or reader.next != "]":
        is_first = False
        _member(reader, members, complements)
    reader.take("]")
    inside = f"[{'^' if is_negated else ''}{''.join(members)}]" if members else ""
    if not complements:
        return inside
    if is_negated:
        raise BadPattern(r"may not use \D, \S or \W inside [^...]")
    return f"(?:{'|'.join([*complements, *([inside] if inside else [])])})"


def _member(reader: _Reader, members: list[str], complements: list[str]) -> None:
    if reader.take("[:"):
        name, closed, _ = reader.source[reader.place :].partition(":]")
        if not closed or name not in POSIX:
            raise BadPattern("has an unknown class of characters in [: :]")
        reader.place += len(name) + 2
        members.append(POSIX[name])
        return
    first = reader.step()
    if first == "\\":
        first = reader.step()
        if first in CLASSES:
            members.append(CLASSES[first])
            return
        if first.lower() in CLASSES:
            complements.append(f"[^{CLASSES[first.lower()]}]")
            return
        first = _escaped(reader, first)
    members.append(_range(reader, first))


def _range(reader: _Reader, first: str) -> str:
    """A character of a set, or the range that it begins."""
    rest = reader.source[reader.place : reader.place + 2]
    if not rest.startswith("-") or rest in ("-", "-]"):
        return _in_set(first)
    reader.step()
    last = reader.step()
    if last == "\\":
        last = _escaped(reader, reader.step())
    if last == "[" and reader.next == ":":
        raise BadPattern("has a range that ends with a class of characters")
    if last < first:
        raise BadPattern(f"has the range {first}-{last}, which is the wrong way round")
    return f"{_in_set(first)}-{_in_set(last)}"


def _in_set(character: str) -> str:
    return f"\\{character}" if character in SPECIAL_IN_SET else character
