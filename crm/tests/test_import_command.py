from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from crm.models import ImportJob
from crm.tests.importing import records

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def test_a_file_is_imported_with_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Email,City,Hat\na@example.com,Oslo,1\nbad,Rome,2\n")
    call_command("import_csv", str(path))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Read as UTF-8, separated by commas."
    assert said[1] == "Column 'Hat' is left out: no property of this name."
    assert said[2].startswith("2 of 2 rows, ")
    assert said[2].endswith(" 0 s left")
    assert said[3].endswith("1 created, 0 updated, 0 with nothing new, 1 rejected.")
    rejected = Path(said[4].removeprefix("The rejected rows, with the reasons: "))
    assert "3,Email: 'bad' is not an email address,bad,Rome,2" in rejected.read_text("utf-8-sig")
    assert records() == [{"email": "a@example.com", "city": "Oslo"}]


def test_columns_can_be_put_into_properties(tmp_path: Path) -> None:
    path = tmp_path / "firms.csv"
    path.write_text("Web,Called,City\nacme.com,Acme,Oslo\n")
    call_command(
        "import_csv", str(path), "--type=companies", "--map=Web=domain", "--map=Called=name"
    )
    assert records("0-2") == [{"domain": "acme.com", "name": "Acme"}]


@pytest.mark.parametrize(
    ("name", "content", "arguments", "message"),
    [
        ("none.csv", None, [], "none.csv: No such file or directory"),
        ("empty.csv", "", [], "empty.csv: The file is empty."),
        ("a.csv", "Email\n", ["--map=Email"], "--map Email: write HEADING=PROPERTY."),
        ("a.csv", "Email\n", ["--map=Mail=email"], "a.csv: There is no column 'Mail'; the"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, name: str, content: str | None, arguments: list[str], message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError) as caught:
        call_command("import_csv", str(path), *arguments)
    assert message in str(caught.value)
    assert not ImportJob.objects.exists()
