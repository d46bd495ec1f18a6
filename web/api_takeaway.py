"""What readers take away: the map as a picture, tables as CSV and XLSX, the monthly bulletin."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, request

from geo.errors import N_
from geo.month import parse_month
from layers.base import Params, chosen_level
from web import coverage_service, picture, service, workbook
from web.bulletin_file import FORMS, file_name, make_bulletin
from web.divisions import DIVISIONS, TODAY, counted
from web.gate import Gate
from web.i18n import current_lang, translate
from web.params import layer_params, one_of, short_text
from web.phrases import origin_rows, today
from web.replies import cached
from web.runs import Shown
from web.state import atlas
from web.tables import Asked, Listed, ordered, table_of
from web.tiles import PNG

BY_DIVISION = frozenset({"density", "compare", "profile"})  # tables that can count by an earlier division
blueprint = Blueprint("takeaway", __name__, url_prefix="/api")
# A picture takes a second or two of a core and, at the largest, 400 MB.
PICTURES = Gate(2, 8.0, 5)
TABLES = Gate(2, 8.0, 5)
BULLETINS = Gate(1, 20.0, 15)  # its PDF is made in a process of its own, which takes a core for some seconds
COVERAGE_WAIT_S = 10.0
MEDIA = {
    "csv": "text/csv",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


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
        if found.name in BY_DIVISION:
            snapshot = counted(state, snapshot, params).snapshot
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
    return _attached(body, MEDIA[suffix], f"{found.name}-{today(snapshot.timezone)}.{suffix}")


def _attached(body: bytes, media: str, name: str) -> Response:
    response = Response(body, mimetype=media)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/bulletin.<form>")
def bulletin(form: str) -> Response:
    """Return the bulletin of a month at a grid level as PDF or XLSX."""
    if form not in FORMS:
        abort(404)
    state, lang = atlas(), current_lang()
    snapshot = state.snapshot()
    month, level = parse_month(request.args.get("month", "")), short_text(request.args, "level")
    made = datetime.now(UTC)
    asked = chosen_level(snapshot["grids"], level)

    def coverage_of(params: Params) -> Shown:
        # The level of the bulletin is begun and waited for a little; of the others what there is.
        mine = params.level == asked
        slot = coverage_service.slot_of(snapshot, params)
        return state.runs.ask(snapshot, slot, COVERAGE_WAIT_S if mine else 0.0, begin=mine)

    with BULLETINS.entered():
        by = one_of(request.args, "division", DIVISIONS, TODAY)
        body, facts = make_bulletin(state, snapshot, month, level, form, lang, made, coverage_of, by)
    return _attached(body, MEDIA[form], file_name(facts, form))
