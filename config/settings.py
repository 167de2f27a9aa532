"""Settings, all from the environment; a bad value stops the start with its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_stubs_ext

from config import broker, database, env, secrets, theme

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = database.DATA_DIR
VERSION = "0.1.0"

DEBUG = env.env_bool("DEBUG", default=False)
SECRET_KEY = secrets.secret_key(DATA_DIR)
#: Whether `manage.py up` fills a new installation with the demo.
DEMO = env.env_bool("DEMO", default=True)
#: Where the web server of `manage.py up` listens.
BIND = env.env_text("BIND", "127.0.0.1")
PORT = env.env_int("PORT", 8000, least=1, most=65535)
ALLOWED_HOSTS = env.env_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
#: Where links in mails point; no trailing slash.
env.env_url("SITE_URL", {"http", "https"})
SITE_URL = env.env_text("SITE_URL", f"http://localhost:{PORT}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

#: Networks of our own proxies: what they say about the address of a visitor is believed.
TRUSTED_PROXIES = env.env_networks("TRUSTED_PROXIES")
#: How many page views, forms and so on tracked websites may report in a minute.
TRACKING_PER_MINUTE = env.env_int("TRACKING_PER_MINUTE", 60_000, least=1)
TRACKING_PER_ADDRESS = env.env_int("TRACKING_PER_ADDRESS", 300, least=1)

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.CohortAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "guardian",
    "django_q",
    "rest_framework",
    "subscriptions",
    "crm",
    "workflows",
    "emails",
    "sequences",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.custom_objects.with_custom_objects",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.local_time.in_account_zone",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database.connection()}

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "crm.access_backend.PermissionSetBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# guardian's anonymous user is a row nobody needs here: every page wants a login.
ANONYMOUS_USER_NAME = None
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
UNFOLD = theme.UNFOLD

#: The OpenAPI document (crm.api.document).
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "crm.api.document.Described"}
SPECTACULAR_SETTINGS = {"OAS_VERSION": "3.1.0", "POSTPROCESSING_HOOKS": []}

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]
#: Everything is stored and computed in UTC; people see the account's zone (crm.timezones).
TIME_ZONE = "UTC"
ACCOUNT_TIME_ZONE = env.env_text("ACCOUNT_TIME_ZONE", "UTC")
#: The month, 1 to 12, that the account's fiscal year begins with; filters ask for it.
ACCOUNT_FISCAL_YEAR_START = env.env_int("ACCOUNT_FISCAL_YEAR_START", 1, least=1, most=12)

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

#: Mail goes out through EMAIL_URL, else into the local mailbox of `manage.py up`.
EMAIL_TRANSPORT = secrets.email_transport()
DEFAULT_FROM_EMAIL = env.env_text("DEFAULT_FROM_EMAIL", "Cohort <cohort@localhost>")

# A django-q2 task is only a doorbell: our own tables hold the truth, so losing or repeating one
# costs latency. Hence no retries by the queue, no results kept and nothing in the arguments.
#: How many processes take enrollments through their steps.
WORKERS = env.env_int("WORKERS", 2, least=1, most=64)
Q_CLUSTER: dict[str, Any] = {
    **broker.broker(),
    "name": "cohort",
    # And one each for matching, delivering, imports and whatever comes besides, the heartbeat
    # above all: it must find a free one.
    "workers": WORKERS + 4,
    "timeout": 60,
    "retry": 120,
    "max_attempts": 1,
    "save_limit": -1,
    "ack_failures": True,
    "catch_up": False,
    "poll": 0.1,
    "queue_limit": 20,
    "label": "Background jobs",
}

# How long things are kept, in days; 0 keeps them for ever.
#: Archived records can be restored so long; then they are deleted for good.
RESTORE_DAYS = env.env_int("RESTORE_DAYS", 90)
#: Filters such as "has ever been" and the timelines know no more than this.
KEEP_HISTORY_DAYS = env.env_int("KEEP_HISTORY_DAYS", 0)
KEEP_EVENTS_DAYS = env.env_int("KEEP_EVENTS_DAYS", 0)
#: What each step of a workflow did.
KEEP_LOG_DAYS = env.env_int("KEEP_LOG_DAYS", 90)
#: Messages that were delivered or given up.
KEEP_OUTBOX_DAYS = env.env_int("KEEP_OUTBOX_DAYS", 30)
KEEP_IMPORT_FILES_DAYS = env.env_int("KEEP_IMPORT_FILES_DAYS", 30)

#: How old the account's plan may be in the memory of a process (subscriptions.plans).
PLAN_MAX_AGE_SECONDS = 1
#: The same for the custom objects (crm.objects.custom).
SCHEMA_MAX_AGE_SECONDS = 1

#: Objects that workflows are made for although they usually are not (W-019).
WORKFLOW_OBJECTS = env.env_list("WORKFLOW_OBJECTS", [])

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # The queue tells of every task it takes, and there is a heartbeat every five seconds.
    # Whoever asks for what is not there does not fill the log.
    "loggers": {"django-q": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
    "root": {"handlers": ["console"], "level": env.env_choice("LOG_LEVEL", LOG_LEVELS, "INFO")},
}
