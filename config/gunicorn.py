"""How the web server runs: `gunicorn --config config/gunicorn.py config.wsgi:application`."""

from __future__ import annotations

import os

from config import env

bind = f"{env.env_text('BIND', '127.0.0.1')}:{env.env_int('PORT', 8000, least=1, most=65535)}"
worker_class = "config.web_worker.Worker"
workers = env.env_int("WEB_WORKERS", 2, least=1, most=64)
threads = 4
timeout = 60
graceful_timeout = 30
# Clients keep connections, and fail when one is closed that they are about to use.
keepalive = 75
# Clients name every property they want to see in the address.
limit_request_line = 8190
# A worker is replaced now and then, so that nothing it has hoarded stays; not all at once.
max_requests = 5000
max_requests_jitter = 500
# The heartbeat of the workers: a file in memory, a disk may be slow to answer.
worker_tmp_dir = next(filter(os.path.isdir, ["/dev/shm"]), None)  # noqa: S108 (a private file)
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
