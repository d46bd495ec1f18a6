"""/assets/: the browser files that npm installed, from the table in layers/assets.py and nothing else."""

from __future__ import annotations

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound

from layers.assets import PACKAGES
from settings import ROOT

blueprint = Blueprint("assets", __name__)
SUFFIXES = frozenset({".js", ".css", ".png", ".svg", ".woff", ".woff2", ".json"})
DAY_S = 86_400


@blueprint.get("/assets/<package>/<path:name>")
def asset(package: str, name: str) -> Response:
    """Serve one file of an allowed package's folder; `send_from_directory` refuses to leave it."""
    if package not in PACKAGES or not name.endswith(tuple(SUFFIXES)):
        raise NotFound
    # Addresses carry no version: after a day a browser asks again, and the ETag answers.
    return send_from_directory(ROOT / "node_modules" / PACKAGES[package], name, max_age=DAY_S)
