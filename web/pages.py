"""The pages: one for each reader, the import page, what the service is made of."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, redirect, render_template

from settings import ROOT
from store.schema import CAMERA_KINDS, LAYERS
from web.api_layers import status_now
from web.i18n import translate
from web.identity import reader
from web.security import nonce
from web.shell import shell
from web.state import atlas

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def index() -> Response:
    """Open on the command centre's page."""
    return redirect("/command", 302)  # type: ignore[return-value]


def _map_page(page: str) -> str:
    from web.maps import build_map  # Folium is slow to import; the server answers before it is there

    status = status_now()
    parts = build_map(page, status, atlas().settings, nonce())
    return render_template(f"{page}.html", map=parts, **shell(page, status))


@blueprint.get("/command")
def command() -> str:
    """Where incidents concentrate."""
    return _map_page("command")


@blueprint.get("/planner")
def planner() -> str:
    """What cameras see and do not see."""
    return _map_page("planner")


@blueprint.get("/grids")
def grids() -> str:
    """Whose grid is this, and is every incident in the right one."""
    return _map_page("grids")


@blueprint.get("/wall")
def wall() -> str:
    """Show the big screen what the command centre's page knows, by itself."""
    return _map_page("wall")


@blueprint.get("/import")
def import_page() -> str:
    """Upload, look, map, try, import."""
    layers = [
        {
            "name": layer.name,
            "columns": [
                {"name": column.name, "kind": str(column.kind), "unit": column.unit, "required": column.required}
                for column in layer.columns
            ],
        }
        for layer in LAYERS.values()
    ]
    return render_template(
        "import.html",
        layers=layers,
        camera_kinds=CAMERA_KINDS,
        upload_limit_bytes=atlas().settings.upload_limit_bytes,
        **shell("import", status_now()),
    )


@blueprint.get("/about")
def about() -> str:
    """Where the data came from and what is installed."""
    status = status_now()
    sources = [
        {
            "layer": record.layer,
            "attribution": translate(record.attribution),
            "file_name": record.file_name,
            "imported_at": record.at,
            "simulated": record.simulated,
        }
        for record in atlas().store.imports(1000)
        if status["layers"][record.layer]["rows"]
    ]
    if reader().area is not None:
        # The wording of a licence stands with what is shown; files and times tell of what lies elsewhere.
        sources = [
            {"layer": layer, "attribution": text, "simulated": status["layers"][layer]["simulated"]}
            for layer, texts in status["sources"].items()
            for text in texts
        ]
    return render_template("about.html", sources=sources, licences=licences(), **shell("about", status))


def licences() -> list[dict[str, Any]]:
    """Return name, version and licence of the browser files, from the lock file npm installed by."""
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    return [
        {
            "name": path.rpartition("node_modules/")[2],
            "version": facts.get("version", ""),
            "licence": facts.get("license", ""),
        }
        for path, facts in sorted(packages.items())
        if path
    ]
