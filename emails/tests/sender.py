"""A process that delivers, for tests that kill it: python -m emails.tests.sender DATABASE PORT."""

from __future__ import annotations

import os
import sys

import django


def main(database: str, port: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from django.conf import settings

    from config.secrets import EmailTransport

    settings.DATABASES["default"]["NAME"] = database
    settings.EMAIL_TRANSPORT = EmailTransport(host="127.0.0.1", port=port)
    django.setup()
    from workflows import outbox

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    outbox.run(120)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
