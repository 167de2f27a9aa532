"""The settings of the test run: the real ones, with a data folder of their own."""

from __future__ import annotations

import os
from pathlib import Path

# Read while the settings load, so it has to be there before they do.
os.environ.setdefault("COHORT_DATA_DIR", str(Path(__file__).resolve().parent.parent / "var/test"))

from config.settings import *  # noqa: F403
from config.settings import STORAGES

# A password is hashed in microseconds instead of a quarter of a second.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Nothing is collected for a test, so there is no manifest.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
# A test changes the plan and asks at once.
PLAN_MAX_AGE_SECONDS = 0
# Whoever changes a custom object reads them anew; otherwise queries would depend on the time.
SCHEMA_MAX_AGE_SECONDS = 3600
# Static files come from the apps, where nothing has been collected.
WHITENOISE_AUTOREFRESH = True
