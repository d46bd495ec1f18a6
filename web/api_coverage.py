"""What cameras see and do not see: coverage of each grid, views, blind spots, who sees a place."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, Response, request

from geo.columns import Snapshot
from geo.errors import N_
from geo.inventory import Targets
from layers.base import Params
from web import coverage_service as service
from web import fleet, sightings, spots
from web.api_data import asked
from web.coverage_tables import Table, coverage_table, frame_table
from web.errors import RequestError
from web.i18n import current_lang
from web.jsonio import collection, dumps
from web.params import number
from web.replies import JSON, cached, cached_json, fresh_json, reply
from web.runs import Shown
from web.service import origin, revisions
from web.state import Atlas

blueprint = Blueprint("api_coverage", __name__, url_prefix="/api")
GEOJSON = "application/geo+json"
MOST_SPOTS = 5000


def wait_s() -> float:
    """Return how long the request waits for a computation."""
    return number(request.args, "wait_s", 20.0, 0.0, 100.0)


def ready() -> tuple[Atlas, Snapshot, Params, Shown]:
    """Return what the request asks for, and what can be shown of it."""
    state, snapshot, params = asked()
    return state, snapshot, params, service.shown(state.runs, snapshot, params, wait_s())


def shown_json(
    found: Shown, key: Hashable, snapshot: Snapshot, make: Callable[[], Any], mimetype: str = JSON, *, keep: bool = True
) -> Response:
    """Return the JSON of a result: kept while it is of the present state of the store, else made anew each time.

    202 while there is nothing to show yet; `keep` False where more than `found` went into it and is not there yet.
    """

    def body() -> bytes:
        made = make()
        return made if isinstance(made, bytes) else dumps(made).encode()

    if keep and found.state == "ready":
        return cached((key, revisions(snapshot, service.READS)), body, mimetype)
    response = reply(body(), mimetype)
    if found.complete is None and found.state == "computing":
        response.status_code = 202
    return response


@blueprint.get("/coverage")
def coverage() -> Response:
    """Say how much of each grid cameras see certainly, possibly or not, and what of its streets and incidents."""
    _, snapshot, params, found = ready()
    return shown_json(
        found,
        ("coverage", params),
        snapshot,
        lambda: {
            **service.coverage_answer(found, snapshot, params),
            "meta": service.coverage_meta(found, snapshot, params),
        },
    )


@blueprint.get("/coverage/status")
def coverage_status() -> Response:
    """Say how the computation of a level stands; begins none."""
    state, snapshot, params = asked()
    found = state.runs.ask(snapshot, service.slot_of(snapshot, params), begin=False)
    return fresh_json(service.status_answer(found))


@blueprint.post("/coverage/start")
def coverage_start() -> Response:
    """Begin to compute a level, also after it was cancelled or has failed."""
    state, snapshot, params = asked()
    found = state.runs.start(snapshot, service.slot_of(snapshot, params))
    return fresh_json(service.status_answer(found), 202 if found.state == "computing" else 200)


@blueprint.post("/coverage/cancel")
def coverage_cancel() -> Response:
    """Stop computing a level; what was complete before stays."""
    state, snapshot, params = asked()
    found = state.runs.cancel(snapshot, service.slot_of(snapshot, params))
    return fresh_json(service.status_answer(found))


@blueprint.get("/blindspots")
def blindspots() -> Response:
    """Return the worst blind spots as polygons, WGS 84, with why no camera sees them."""
    _, snapshot, params, found = ready()
    limit = int(number(request.args, "limit", 200, 0, MOST_SPOTS, whole=True))

    def make() -> bytes:
        frame = spots.spots_frame(found.complete, snapshot, params, limit)
        return collection(frame.features, {"meta": service.coverage_meta(found, snapshot, params) | frame.meta})

    return shown_json(found, ("blindspots", params, limit), snapshot, make, GEOJSON)


@blueprint.get("/views")
def views() -> Response:
    """Return the views of cameras as polygons, WGS 84: certain ones, and what is only possible beside them."""
    _, snapshot, params = asked()
    wanted = sorted(set(request.args.getlist("camera")))

    def make() -> bytes:
        rows = sightings.rows_of_cameras(snapshot, wanted)
        frame = sightings.views_frame(snapshot, params, rows[: sightings.MOST_CAMERAS])
        meta = {
            **sightings.sighting_meta(snapshot, params),
            **frame.meta,
            "truncated": len(rows) > sightings.MOST_CAMERAS,
        }
        return collection(frame.features, {"meta": meta})

    return cached(("views", params, tuple(wanted), revisions(snapshot, sightings.NEEDS)), make, GEOJSON)


@blueprint.get("/seen-by")
def seen_by() -> Response:
    """Say which cameras see a place, or the parts of a line, and why the nearest others do not."""
    _, snapshot, params = asked()
    corners = sightings.line(request.args, snapshot.crs)
    if corners is not None:
        found = sightings.line_answer(snapshot, params, *corners)
    else:
        found = sightings.seen_by_answer(snapshot, params, *sightings.place(request.args, snapshot.crs))
    return reply(dumps({**found, "meta": sightings.sighting_meta(snapshot, params)}).encode(), JSON)


@blueprint.get("/inventory")
def inventory() -> Response:
    """Count what is recorded of the cameras, by grid and by owner, against targets."""
    state, snapshot, params = asked()
    known = asdict(Targets()).items()
    targets = Targets(**{name: number(request.args, f"target_{name}", value, 0.0, 1.0) for name, value in known})
    return cached_json(
        ("inventory", params.level, params.parent, targets, revisions(snapshot, ("grids", "cameras"))),
        lambda: {
            **fleet.inventory_answer(state.cache, snapshot, params, targets),
            "meta": origin(snapshot, ("grids", "cameras")),
        },
    )


@blueprint.get("/fragility")
def fragility() -> Response:
    """Say what is lost if one camera fails, and what the cameras recorded as online see alone."""
    deadline = time.monotonic() + wait_s()
    state, snapshot, params, found = ready()
    alone = replace(params, online_only=True)
    left = max(0.0, deadline - time.monotonic())
    online = found if params.online_only else service.shown(state.runs, snapshot, alone, left)
    return shown_json(
        found,
        ("fragility", params),
        snapshot,
        lambda: {
            **fleet.fragility_answer(found.complete, online.complete, snapshot, params),
            "meta": service.coverage_meta(found, snapshot, params),
        },
        keep=online.state == "ready",
    )


@blueprint.get("/standards")
def standards() -> Response:
    """List the classes of both editions of the standard."""
    return reply(dumps(service.standards_answer(current_lang())).encode(), JSON)


def derived_table(name: str) -> Table:
    """Return the rows of "coverage", "views" or "blindspots" as the request's parameters ask for them.

    Raises
    ------
    RequestError
        The coverage is still being worked out: a file must not say less than it seems to.
    """
    if name == "views":
        _, snapshot, params = asked()
        rows = sightings.rows_of_cameras(snapshot, sorted(set(request.args.getlist("camera"))))
        frame = sightings.views_frame(snapshot, params, rows)
        return frame_table(name, frame, snapshot, service.description(snapshot, params))
    _, snapshot, params, found = ready()
    if found.state not in ("ready", "none") or found.stale:
        raise RequestError(
            503,
            "computing",
            N_("The coverage is not worked out yet."),
            N_("Try again in a moment; the page says how far it is."),
        )
    text = service.description(snapshot, params)
    if name == "coverage":
        return coverage_table(found.complete, snapshot, params, text)
    limit = int(number(request.args, "limit", 1e9, 0, 1e9, whole=True))
    return frame_table(name, spots.spots_frame(found.complete, snapshot, params, limit), snapshot, text)
