"""gunicorn's configuration: `gunicorn -c web/gunicorn_conf.py 'app:create_app()'` from the project's root.

One process with many threads: a map page asks for dozens of tiles at once, threads share one snapshot of the
store, and each page that follows what happens holds one (`web.live_hub`). A stop signal lets running requests finish.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import click  # noqa: E402

from web import serve  # noqa: E402

try:
    _settings = serve.settings_from(os.environ)
    threads = serve.threads_from(os.environ)
    streams = serve.streams_from(os.environ, threads)
except click.UsageError as error:
    print(error.format_message(), file=sys.stderr)  # noqa: T201
    raise SystemExit(2) from None

bind = serve.bind_address(_settings)
chdir = str(ROOT)
worker_class = "gthread"
workers = 1
# A worker that gives no sign for this long is replaced; a long import runs in a thread and does not count.
timeout = 120
graceful_timeout = 30
keepalive = 5
preload_app = False
# A filter of many categories makes a long address, nine characters for each Chinese one.
limit_request_line = 8190
# Loopback only: nothing in front of us is trusted to rewrite scheme or address.
forwarded_allow_ips = ""
control_socket_disable = True
accesslog = os.environ.get("ATLAS_ACCESS_LOG") or None


def on_starting(server: Any) -> None:
    """Before a socket is opened: refuse a ``--bind`` that other machines can reach."""
    serve.check_addresses(list(server.cfg.address))


def post_worker_init(worker: Any) -> None:
    """Tidy up and read the store before the first reader asks; let open streams end when the worker is to stop."""
    hub = worker.wsgi.extensions["atlas"].live.hub
    hub.most, hub.alive = streams, lambda: worker.alive
    threading.Thread(target=worker.wsgi.extensions["atlas"].start, name="start", daemon=True).start()
