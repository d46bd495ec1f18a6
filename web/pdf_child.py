"""`python -m web.pdf_child`: the process that turns one page of HTML into a PDF, cut off from network and files.

Reads ``{"html", "pictures": {name: base64}}`` as JSON from standard input, writes the PDF to standard output. Addresses
are answered only for the pictures it was given (``memory:NAME``); any other is refused, and a socket cannot be opened.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from collections.abc import Mapping
from typing import Any

MEMORY_BYTES, CPU_S = 3 << 30, 120
SCHEME = "memory:"
FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system", "os.exec")


def limit() -> None:
    """Bound memory and processor time, and forbid what a document never needs."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))

    def watch(event: str, _: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(watch)


def render(html: str, pictures: Mapping[str, bytes]) -> bytes:
    """Return the PDF of a page that may show only these pictures."""
    from weasyprint import HTML  # slow to import, and only here
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Memory(URLFetcher):
        """Answers for the given pictures, for nothing else."""

        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            name = url.removeprefix(SCHEME)
            if not url.startswith(SCHEME) or name not in pictures:
                raise ValueError("nothing but the page's own pictures is read")
            return URLFetcherResponse(url, pictures[name], {"Content-Type": "image/png"})

    found: bytes = HTML(string=html, url_fetcher=Memory(), base_url=None).write_pdf()
    return found


def main() -> int:
    """Do one page."""
    asked = json.load(sys.stdin)
    limit()
    pdf = render(asked["html"], {name: base64.b64decode(text) for name, text in asked["pictures"].items()})
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
