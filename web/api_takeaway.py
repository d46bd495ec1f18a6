"""What readers take away: the map as a picture, tables as CSV and XLSX."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from geo.errors import N_
from layers.base import chosen_level
from web import picture, service, workbook
from web.gate import Gate
from web.i18n import current_lang, translate
from web.params import layer_params
from web.phrases import origin_rows, today
from web.replies import cached
from web.state import atlas
from web.tables import Asked, Listed, ordered, table_of
from web.tiles import PNG

blueprint = Blueprint("takeaway", __name__, url_prefix="/api")
# A picture takes a second or two of a core and, at the largest, 400 MB.
PICTURES = Gate(2, 8.0, 5)
TABLES = Gate(4, 8.0, 5)
MEDIA = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@blueprint.get("/picture.png")
def map_picture() -> Response:
    """Draw the map with all that a printed map must say."""
    state = atlas()
    snapshot, lang = state.snapshot(), current_lang()
    params, wish = layer_params(request.args, snapshot, lang), picture.wish_of(request.args, lang)
    made = today(snapshot.timezone)

    def make() -> bytes:
        with PICTURES.entered():
            return picture.picture(state, snapshot, params, wish, made)

    key = (
        "picture",
        wish,
        params,
        made,
        state.settings.map_approval,
        service.revisions(snapshot, picture.needs_of(wish)),
    )
    response = cached(key, make, PNG)
    response.headers["Content-Disposition"] = f'attachment; filename="gridatlas-map-{made.isoformat()}.png"'
    return response


@blueprint.get("/tables/<name>")
def table(name: str) -> Response:
    """Return a table as CSV, or as XLSX with a second sheet that says where its figures come from."""
    found, suffix = table_of(name)
    state, lang = atlas(), current_lang()
    snapshot = state.snapshot()
    params = layer_params(request.args, snapshot, lang)
    with TABLES.entered():
        listed = found.rows(Asked(state, snapshot, params, request.args))
        rows = ordered(found, listed.rows if isinstance(listed, Listed) else listed, request.args)
        total = listed.total if isinstance(listed, Listed) else len(rows)
        page = workbook.page_of(found, rows, lang, snapshot.timezone)
        if suffix == "csv":
            body = workbook.to_csv(page, found.columns, snapshot.timezone)
        else:
            told = replace(params, level=chosen_level(snapshot["grids"], params.level))
            origin: list[tuple[str, str | int]] = origin_rows(snapshot, found.needs, told, lang, datetime.now(UTC))
            origin.append((translate(N_("Rows"), lang), len(rows)))
            if total > len(rows):
                origin.append((translate(N_("Rows that are not in this file"), lang), total - len(rows)))
            body = workbook.to_xlsx([page, workbook.Page(translate(N_("Origin"), lang), (), origin)])
    response = Response(body, mimetype=MEDIA[suffix])
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}-{today(snapshot.timezone)}.{suffix}"'
    return response
