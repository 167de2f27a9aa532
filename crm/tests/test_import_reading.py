from __future__ import annotations

import io
import random

import pytest

from crm.imports import reading
from crm.imports.reading import Format, Row, UnreadableFile

TABLE = "Email,City\njörg@example.com,Zürich\nana@example.com,São Paulo\n"


def rows(content: bytes) -> list[Row]:
    file = io.BytesIO(content)
    return list(reading.rows(file, reading.detect(file)))


def cells(content: bytes) -> list[list[str]]:
    return [row.cells for row in rows(content)]


@pytest.mark.parametrize(
    ("codec", "detected"),
    [
        ("utf-8", "utf-8"),
        # With a byte order mark, as Excel writes it.
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        # Without a mark: told by the zero bytes.
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_recognised(codec: str, detected: str) -> None:
    content = TABLE.encode(codec)
    assert reading.detect(io.BytesIO(content)) == Format(detected, ",")
    assert cells(content) == [
        ["Email", "City"],
        ["jörg@example.com", "Zürich"],
        ["ana@example.com", "São Paulo"],
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised(delimiter: str) -> None:
    content = 'Email|Name|City\na@example.com|"Rossi; Anna, Dr."|Roma\n'.replace("|", delimiter)
    assert cells(content.encode()) == [
        ["Email", "Name", "City"],
        ["a@example.com", "Rossi; Anna, Dr.", "Roma"],
    ]


def test_a_single_column_needs_no_delimiter() -> None:
    assert cells(b"Email\na@example.com\n") == [["Email"], ["a@example.com"]]


def test_commas_in_values_do_not_hide_the_semicolon() -> None:
    content = b"Email;Interests;Amount\na@example.com;x,y,z;1,5\nb@example.com;x;2,25\n"
    assert reading.detect(io.BytesIO(content)).delimiter == ";"


def test_quoted_lines_and_blank_lines_keep_the_line_numbers() -> None:
    content = b'Email,Message\r\n"a@example.com","one\r\ntwo"\r\n\r\n , \r\nb@example.com,x\r\n'
    assert rows(content) == [
        Row(1, ["Email", "Message"]),
        Row(2, ["a@example.com", "one\r\ntwo"]),
        Row(6, ["b@example.com", "x"]),
    ]


def test_lines_may_end_as_on_old_macs() -> None:
    assert cells(b"Email,City\ra@example.com,Roma\r") == [
        ["Email", "City"],
        ["a@example.com", "Roma"],
    ]


def test_a_nul_byte_does_not_stop_the_reading() -> None:
    assert cells(b"Email,City\na@example.com,Ro\x00ma\nb@example.com,Oslo\n") == [
        ["Email", "City"],
        ["a@example.com", "Ro\x00ma"],
        ["b@example.com", "Oslo"],
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04rest", "This is an Excel workbook or another archive, not a CSV file."),
        (b"%PDF-1.7", "This is a PDF document, not a CSV file."),
        (bytes(4) + b"\x7fELF" + bytes(300), "This is not a text file."),
        # Valid UTF-8 first, then a byte of another encoding on line 3.
        ("Email\nj\u00f6rg\n".encode() + b"z\xfcrich\n", "Line 3 is not UTF-8 text"),
        # 0x81 has no meaning in Windows-1252 either.
        (b"Email\nz\x81rich\n", "Line 2 is neither UTF-8 nor Windows-1252 text."),
        # Half a character at the end.
        (b"\xff\xfeE\x00m", "Line 1 is not UTF-16 text."),
    ],
)
def test_what_is_no_text_is_refused_with_a_message(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        reading.detect(io.BytesIO(content))
    assert str(caught.value).startswith(message)


def test_a_file_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_FILE", 2**20)
    with pytest.raises(UnreadableFile, match="The file has 2 MB; at most 1 MB can be imported"):
        reading.detect(io.BytesIO(b"x" * 2**21))


def test_a_cell_beyond_the_limit_costs_its_row_only() -> None:
    content = b"Email,City\na@example.com," + b"x" * 2_200_000 + b"\nb@example.com,Oslo\n"
    assert rows(content) == [
        Row(1, ["Email", "City"]),
        Row(2, [], "a cell is longer than 2 MB"),
        Row(3, ["b@example.com", "Oslo"]),
    ]


def test_an_open_quotation_mark_is_named_with_the_lines_it_swallowed() -> None:
    lines = "".join(f"p{n}@example.com,{'x' * 1000}\n" for n in range(2500))
    found = rows(b'Email,City\na@example.com,"Roma\n' + lines.encode())
    lost = next(row for row in found if row.fault)
    assert lost.line == 2
    assert lost.fault == (
        "a cell is longer than 2 MB; lines 2 to 2062 are lost in it: is a quotation mark not closed?"
    )
    # Reading went on behind it.
    assert found[-1].cells == ["p2499@example.com", "x" * 1000]


def test_any_bytes_are_read_or_refused() -> None:
    chance = random.Random(7)
    alphabet = [b"\x00", b'"', b",", b";", b"\n", b"\r", b"a", b"\xc3\xa4", b"\xe4", b"\xff", b"'"]
    for _ in range(3000):
        content = b"".join(chance.choices(alphabet, k=chance.randrange(1, 40)))
        try:
            found = rows(content)
        except UnreadableFile:
            continue
        assert all(row.cells or row.fault for row in found)
