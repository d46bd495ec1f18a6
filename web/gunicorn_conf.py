"""gunicorn's configuration: `gunicorn -c web/gunicorn_conf.py 'app:create_app()'` from the project's root.

One process with many threads: a map page asks for dozens of tiles at once, threads share one snapshot of the
store, and the pages that follow what happens share one (`web.live_hub`). A stop signal lets running requests finish.
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
from gunicorn import glogging  # noqa: E402

from web import memory, serve  # noqa: E402

try:
    _settings = serve.settings_from(os.environ)
    threads = serve.threads_from(os.environ)
    streams = serve.streams_from(os.environ)
    logconfig_dict = serve.logging_from(os.environ)
except click.UsageError as error:
    print(error.format_message(), file=sys.stderr)  # noqa: T201
    raise SystemExit(2) from None

bind = serve.bind_address(_settings)
chdir = str(ROOT)
worker_class = "web.guarded.GuardedWorker"  # gthread, in which slow senders hold no thread
workers = 1
# A worker that gives no sign for this long is replaced; a long import runs in a thread and does not count.
timeout = 120
graceful_timeout = 30
# An idle connection holds no thread. Longer than a proxy keeps its own (nginx: 60 s), which else meets a closed one.
keepalive = 65
worker_connections = 2000
preload_app = False
# A filter of many categories makes a long address, nine characters for each Chinese one.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
# gunicorn itself believes nobody about scheme and address; `web.proxy` believes the proxies in ATLAS_PROXY.
forwarded_allow_ips = ""
control_socket_disable = True
accesslog = None


class Logger(glogging.Logger):  # type: ignore[misc]
    """Writes no line of a request: `web.telemetry` does; gunicorn's would hold addresses and queries."""

    def access(self, *given: Any) -> None:
        """Work out nothing that is not written."""


logger_class = Logger


def on_starting(server: Any) -> None:
    """Before a socket is opened: refuse a ``--bind`` that other machines can reach."""
    serve.check_addresses(list(server.cfg.address), _settings)


def post_worker_init(worker: Any) -> None:
    """Tidy up and read the store before the first reader asks; let open streams end when the worker is to stop."""
    atlas = worker.wsgi.extensions["atlas"]
    hub = atlas.live.hub
    hub.most, hub.alive, hub.parks = streams, lambda: worker.alive, True
    threading.Thread(target=atlas.start, name="start", daemon=True).start()
    giving_back = (lambda: worker.alive, atlas.close_unused)
    threading.Thread(target=memory.keep_giving_back, args=giving_back, name="memory", daemon=True).start()
