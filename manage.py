#!/usr/bin/env python3
"""Cohort's command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"Cohort needs Python 3.11; this is {sys.version.split()[0]}.")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.exit(f"The package {error.name} is missing: use `make run`, or .venv/bin/python.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from config import database

        if "qcluster" in sys.argv:
            database.limit_statements(120)
        database.ensure_running()
        settings.DATABASES  # noqa: B018 (a bad value is found here, not in the middle)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
