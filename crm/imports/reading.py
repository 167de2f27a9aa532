"""Bytes of a CSV file to rows of text: its encoding, its delimiter, its lines."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import IO

LARGEST_FILE = 100 * 1024 * 1024
MOST_COLUMNS = 1000
#: A longer cell is not even read. It also ends what an unclosed quotation mark swallows.
LONGEST_CELL = 2 * 1024 * 1024
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252 (Western European)",
}
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or another archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a compressed file",
}
SAVE_AS = 'Save it as "CSV UTF-8" in your spreadsheet and import that file.'
BLOCK = 1024 * 1024
SAMPLE = 64 * 1024


class UnreadableFile(Exception):
    """The file as a whole cannot be imported; the message says why and what to do."""


@dataclass(frozen=True)
class Format:
    """How the text of a file is written down."""

    #: A codec of Python.
    encoding: str
    delimiter: str

    def __str__(self) -> str:
        return f"{ENCODINGS[self.encoding]}, separated by {DELIMITERS[self.delimiter]}s"


@dataclass(frozen=True)
class Row:
    """One row: the line of the file on which it begins, and its cells or why it has none."""

    line: int
    cells: list[str]
    fault: str = ""


def detect(file: IO[bytes]) -> Format:
    """The format of a file; raises UnreadableFile."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise UnreadableFile("The file is empty.")
    if size > LARGEST_FILE:
        raise UnreadableFile(
            f"The file has {size / 2**20:,.0f} MB; at most {LARGEST_FILE // 2**20} MB can be"
            " imported at once. Split it into several files."
        )
    encoding = _encoding(file)
    return Format(encoding, _delimiter(file, encoding))


def _encoding(file: IO[bytes]) -> str:
    file.seek(0)
    head = file.read(4096)
    _refuse_other_kinds(head)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return _checked(file, encoding)
    guessed = _without_mark(head)
    if guessed is not None:
        return _checked(file, guessed)
    return _one_byte_or_utf8(file)


def _refuse_other_kinds(head: bytes) -> None:
    for signature, what in SIGNATURES.items():
        if head.startswith(signature):
            raise UnreadableFile(f"This is {what}, not a CSV file. {SAVE_AS}")


def _one_byte_or_utf8(file: IO[bytes]) -> str:
    fault = _fault(file, "utf-8")
    if fault is None:
        return "utf-8"
    if fault.after_text:
        raise _not_text("UTF-8", fault, "although the lines before it are")
    return _checked(file, "cp1252")


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a mark: in Western text every second byte is zero."""
    pairs = len(head) // 2
    if not pairs:
        return None
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if min(even, odd) > 0.25:
        raise UnreadableFile(f"This is not a text file. {SAVE_AS}")
    if odd > 0.5:
        return "utf-16-le"
    return "utf-16-be" if even > 0.5 else None


def _checked(file: IO[bytes], encoding: str) -> str:
    fault = _fault(file, encoding)
    if fault is None:
        return encoding
    name = ENCODINGS[encoding] if encoding != "cp1252" else "UTF-8 nor Windows-1252"
    raise _not_text(name, fault, "")


@dataclass(frozen=True)
class _Fault:
    line: int
    #: Letters outside ASCII were decoded before it, so the guess was right up to there.
    after_text: bool


def _fault(file: IO[bytes], encoding: str) -> _Fault | None:
    """Where the file stops being text in `encoding`."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines, foreign = 1, False
    file.seek(0)
    while True:
        block = file.read(BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = bytes(error.object)[: error.start]
            good = before.decode(encoding, "ignore")
            return _Fault(lines + good.count("\n"), foreign or not good.isascii())
        if not block:
            return None
        lines += text.count("\n")
        foreign = foreign or not text.isascii()


def _not_text(encoding: str, fault: _Fault, why: str) -> UnreadableFile:
    is_not = "is neither" if " nor " in encoding else "is not"
    clause = f", {why}" if why else ""
    return UnreadableFile(f"Line {fault.line} {is_not} {encoding} text{clause}. {SAVE_AS}")


def _delimiter(file: IO[bytes], encoding: str) -> str:
    """The delimiter that splits the first rows most evenly, and into most columns."""
    file.seek(0)
    head = file.read(SAMPLE)
    text = codecs.getincrementaldecoder(encoding)().decode(head)
    lines = text.splitlines(keepends=True)
    if len(head) == SAMPLE and len(lines) > 1:
        lines.pop()

    def evenness(delimiter: str) -> tuple[float, int]:
        csv.field_size_limit(LONGEST_CELL)
        rows = [row for row in islice(csv.reader(lines, delimiter=delimiter), 20) if row]
        width = len(rows[0]) if rows else 0
        if width < 2:
            return 0, 0
        return sum(len(row) == width for row in rows) / len(rows), width

    return max(DELIMITERS, key=evenness)


def rows(file: IO[bytes], form: Format) -> Iterator[Row]:
    """All rows that are not blank, the heading first. Leaves `file` open."""
    # Other readers in this process may have a lower limit; ours only ever raises it.
    csv.field_size_limit(LONGEST_CELL)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=form.encoding, newline="")
    reader = csv.reader(text, delimiter=form.delimiter)
    try:
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(line, [], _too_long(line, reader.line_num))
                continue
            if any(map(str.strip, cells)):
                yield Row(line, cells)
    finally:
        # Otherwise the wrapper would close the file; it is closed already where reading stopped early.
        with suppress(ValueError):
            text.detach()


def _too_long(first: int, last: int) -> str:
    fault = f"a cell is longer than {LONGEST_CELL // 2**20} MB"
    if last > first:
        fault += f"; lines {first} to {last} are lost in it: is a quotation mark not closed?"
    return fault
