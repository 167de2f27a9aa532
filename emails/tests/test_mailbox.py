from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from emails import mailbox


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "mailbox"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def mail(subject: str = "Hällo", to: str = "bob@example.com", html: str = "<p>Hi</p>") -> bytes:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.com>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Hi in plain text\n")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_a_mail_is_kept_whole_with_its_envelope(folder: Path) -> None:
    name = mailbox.store(mail(), "bounce@example.com", ["bob@example.com"])

    found = mailbox.read(name)

    assert found is not None
    assert (found.summary.subject, found.summary.recipient) == ("Hällo", "bob@example.com")
    assert found.summary.sender == "Ada <ada@example.com>"
    assert found.html == "<p>Hi</p>\n"
    assert found.plain_text == "Hi in plain text\n"
    assert found.headers[:2] == [
        ("X-Envelope-From", "bounce@example.com"),
        ("X-Envelope-To", "bob@example.com"),
    ]
    assert [path.name for path in folder.iterdir()] == [name]


def test_pages_are_newest_first() -> None:
    assert mailbox.page().mails == []
    for number in range(60):
        mailbox.store(mail(f"Mail {number}"), "", ["bob@example.com"])

    first, second = mailbox.page(1), mailbox.page(2)

    assert [item.subject for item in first.mails] == [f"Mail {n}" for n in range(59, 9, -1)]
    assert first.has_next
    assert [item.subject for item in second.mails] == [f"Mail {n}" for n in range(9, -1, -1)]
    assert not second.has_next
    assert mailbox.count() == 60


def test_search_finds_addresses_and_subjects() -> None:
    mailbox.store(mail("Welcome", "bob@example.com"), "", ["bob@example.com"])
    mailbox.store(mail("Bye", "carol@example.com"), "", ["carol@example.com"])

    assert [item.subject for item in mailbox.page(1, "CAROL@").mails] == ["Bye"]
    assert [item.subject for item in mailbox.page(1, "welc").mails] == ["Welcome"]
    assert mailbox.page(1, "nobody").mails == []


@pytest.mark.parametrize("name", ["../secret_key", "x.eml", f"{1:020d}-00000000.eml", ".hidden"])
def test_only_mails_can_be_read(folder: Path, name: str) -> None:
    folder.mkdir()
    (folder.parent / "secret_key").write_text("x")
    (folder / ".hidden").write_text("x")
    assert mailbox.read(name) is None


def test_half_written_files_are_not_mails(folder: Path) -> None:
    folder.mkdir()
    (folder / f".{1:020d}-00000000.eml").write_bytes(mail())
    assert mailbox.page().mails == []


def test_staff_read_mails_in_a_frame_without_scripts(staff: Client) -> None:
    html = '<h1>"Hi" & bye</h1><script>alert(1)</script>'
    name = mailbox.store(mail(html=html), "", ["bob@example.com"])

    listed = staff.get("/mailbox/").content.decode()
    page = staff.get(f"/mailbox/{name}/").content.decode()

    assert "Hällo" in listed
    assert f"/mailbox/{name}/" in listed
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "Hi in plain text" in staff.get(f"/mailbox/{name}/?show=text").content.decode()
    headers = staff.get(f"/mailbox/{name}/?show=headers").content.decode()
    assert "X-Envelope-To" in headers


@pytest.mark.parametrize("path", ["/mailbox/", "/mailbox/?q=x&page=0", "/mailbox/?page=abc"])
def test_an_empty_mailbox_has_a_page(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 200


def test_a_mail_that_is_gone_is_not_found(staff: Client) -> None:
    assert staff.get("/mailbox/nothing/").status_code == 404


def test_staff_empty_the_mailbox(staff: Client) -> None:
    mailbox.store(mail(), "", ["bob@example.com"])
    assert staff.post("/mailbox/").headers["Location"] == "/mailbox/"
    assert mailbox.count() == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_sees_it(db: None, method: str) -> None:
    name = mailbox.store(mail(), "", ["bob@example.com"])
    client = Client()
    client.force_login(User.objects.create_user("bob"))
    for path in ("/mailbox/", f"/mailbox/{name}/"):
        assert getattr(client, method)(path).status_code == 302
    assert mailbox.count() == 1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`manage.py mailbox` on a free port, with its mails in tmp_path."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "import sys; from pathlib import Path; import django; django.setup();"
        "from django.conf import settings; settings.DATA_DIR = Path(sys.argv[1]);"
        "from django.core.management import call_command;"
        "call_command('mailbox', port=int(sys.argv[2]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code, str(tmp_path), str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"The mailbox takes mail on 127.0.0.1:{port}.\n"
    yield process, port
    process.kill()
    process.stdout.close()
    process.wait()


@pytest.mark.processes
def test_the_server_keeps_mails_and_ends_when_told(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = server
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("ada@example.com", ["bob@example.com"], mail())

    assert process.stdout is not None
    assert process.stdout.readline() == "to bob@example.com: Hällo\n"
    (summary,) = mailbox.page().mails
    assert summary.subject == "Hällo"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


@pytest.mark.processes
def test_a_port_in_use_is_one_clear_line(server: tuple[subprocess.Popen[str], int]) -> None:
    _, port = server
    found = subprocess.run(
        [sys.executable, "manage.py", "mailbox", "--port", str(port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert found.stderr == (
        f"CommandError: The mailbox cannot use port {port}: Address already in use."
        " Set MAILBOX_PORT.\n"
    )
