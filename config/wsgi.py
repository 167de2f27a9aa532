"""The WSGI application."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from config import database
from config.chunked import ChunkedBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
database.limit_statements(30)
database.ensure_running()
application = ChunkedBodies(get_wsgi_application())
