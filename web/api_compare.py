"""Against before and after: windows compared, surfaces judged."""

from __future__ import annotations

from flask import Blueprint, Response, request

from layers.scored import SURFACES
from web import comparing, scoring, service
from web.api_data import asked
from web.divisions import counted
from web.params import number, one_of, short_text
from web.replies import cached, cached_json

blueprint = Blueprint("api_compare", __name__, url_prefix="/api")
NEEDS = ("grids", "incidents")
MOST_PAIRS = 5000
GEOJSON = "application/geo+json"


@blueprint.get("/compare")
def compare() -> Response:
    """Say what changed against the window before, the same one last year or another, and whether by chance."""
    state, snapshot, params = asked()
    by = one_of(request.args, "by", comparing.BY, "grids")
    code = short_text(request.args, "code")
    limit = int(number(request.args, "limit", 500, 0, MOST_PAIRS, whole=True))

    def make() -> dict[str, object]:
        grids = counted(state, snapshot, params)
        meta = service.origin(grids.snapshot, NEEDS, params) | {"division": grids.facts}
        return {**comparing.compare_answer(grids.snapshot, params, by, code, limit), "meta": meta}

    return cached_json(("compare", by, code, limit, service.revisions(snapshot, NEEDS), params), make)


@blueprint.get("/score")
def score() -> Response:
    """Say how well the shown surface would have told where the incidents of the last period were."""
    _, snapshot, params = asked()
    surface = one_of(request.args, "surface", SURFACES, "heat")
    return cached_json(
        ("score", surface, service.revisions(snapshot, NEEDS), params),
        lambda: {
            **scoring.score_answer(snapshot, params, surface),  # type: ignore[arg-type]
            "meta": service.origin(snapshot, NEEDS, params),
        },
    )


@blueprint.get("/displacement")
def displacement() -> Response:
    """Say whether incidents fell after a measure more than elsewhere, and whether they moved next door."""
    from web import displacing  # brings in the compiler

    _, snapshot, params = asked()
    measure = displacing.measure_of(request.args, snapshot)
    return cached(
        ("displacement", measure, service.revisions(snapshot, NEEDS), params),
        lambda: displacing.displacement_answer(snapshot, params, measure, service.origin(snapshot, NEEDS, params)),
        GEOJSON,
    )
