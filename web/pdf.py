"""PDF of a page of HTML, made by a child process so that no thread of the server is held by it."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping

from geo.errors import N_
from settings import ROOT
from web.errors import RequestError
from web.logs import without_values

LIMIT_S = 120
PASSED = ("PATH", "HOME", "XDG_CACHE_HOME", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "LD_LIBRARY_PATH")


def to_pdf(html: str, pictures: Mapping[str, bytes], limit_s: float = LIMIT_S) -> bytes:
    """Return the PDF; pictures are shown where the page says ``memory:NAME``.

    Raises
    ------
    RequestError
        503: the child failed, or took too long and was ended.
    """
    asked = {"html": html, "pictures": {name: base64.b64encode(data).decode() for name, data in pictures.items()}}
    environment = {name: os.environ[name] for name in PASSED if name in os.environ} | {"LANG": "C.UTF-8"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "web.pdf_child"],
            cwd=ROOT,
            env=environment,
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RequestError(
            503,
            "pdf_slow",
            N_("The PDF took longer than {seconds} seconds and was given up."),
            N_("Take the XLSX, or a coarser grid level."),
            seconds=round(limit_s),
        ) from None
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        logging.getLogger("gunicorn.error").error("pdf: %s", without_values(done.stderr.decode("utf-8", "replace")))
        raise RequestError(
            503,
            "pdf",
            N_("The PDF could not be made."),
            N_("Take the XLSX; the operator finds the reason in the log (docs/bulletin.md)."),
        )
    return done.stdout
