#!/usr/bin/env python3
"""Cohort's command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"Cohort needs Python 3.11; this is {sys.version.split()[0]}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import database

    database.ensure_running()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
