"""What maps fetch: the status of the store and the features of a layer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from geo.columns import Snapshot
from geo.errors import N_
from layers import REGISTRY
from layers.base import LayerFrame, Params
from layers.coverage import CoverageLayer
from layers.findings import FindingsLayer
from web import api_coverage, api_findings, coverage_service, findings, service
from web.cache import Revisions
from web.divisions import counted
from web.errors import RequestError
from web.finding_notes import noted
from web.i18n import current_lang, translate
from web.identity import reader
from web.jsonio import collection
from web.params import layer_params
from web.replies import cached, cached_json, reply
from web.state import atlas

BY_DIVISION = frozenset({"density", "change"})  # layers that can count by an earlier division
blueprint = Blueprint("api_layers", __name__, url_prefix="/api")
GEOJSON = "application/geo+json"


def status_now() -> dict[str, Any]:
    """Return the object of /api/status for the present revision; the demo's attributions are translated."""
    state = atlas()
    found = service.status(state.cache, state.snapshot(), demo=state.store.is_demo())
    settled = state.settled(reader().area)  # pages tell by it what was not received live
    return {
        **found,
        "settled": settled,
        "damaged": bool(state.store.damage),
        "sources": {name: [translate(text) for text in texts] for name, texts in found["sources"].items()},
    }


@blueprint.get("/status")
def status() -> Response:
    """Say what the store holds."""
    found = status_now()
    read = Revisions((found["crs"], found["revision"], found["settled"]))
    return cached_json(
        ("status", read, found["damaged"], found["demo"], current_lang()),
        lambda: found,
    )


@blueprint.get("/layers/<name>")
def layer(name: str) -> Response:
    """Return the features of a layer with legend and facts, WGS 84."""
    if name not in REGISTRY:
        raise RequestError(
            404,
            "unknown_layer",
            N_("There is no map layer {name}."),
            N_("Use one of: {known}."),
            name=name[:80],
            known=", ".join(REGISTRY),
        )
    chosen = REGISTRY[name]
    snapshot, lang = atlas().snapshot(), current_lang()
    params = layer_params(request.args, snapshot, lang)
    if isinstance(chosen, CoverageLayer):
        return _coverage(chosen, snapshot, params)

    if isinstance(chosen, FindingsLayer):
        return _findings(chosen, snapshot, params)

    def make() -> bytes:
        shown = counted(atlas(), snapshot, params).snapshot if name in BY_DIVISION else snapshot
        return _body(chosen.frame(shown, params), service.origin(shown, chosen.needs, params), lang)

    key = (name, service.revisions(snapshot, chosen.needs), params)
    return cached(key, make, GEOJSON)


def _body(frame: LayerFrame, origin: dict[str, Any], lang: str) -> bytes:
    legend = frame.legend.to_json(lambda text: translate(text, lang)) if frame.legend else None
    return collection(frame.features, {"legend": legend, "meta": {**origin, **frame.meta}})


def _coverage(layer: CoverageLayer, snapshot: Snapshot, params: Params) -> Response:
    """Return the last coverage that is complete; the page says when the store has gone on since."""
    found = coverage_service.shown(atlas().runs, snapshot, params, api_coverage.wait_s())

    def make() -> bytes:
        frame = layer.frame_of(found.complete, snapshot, params)
        return _body(frame, coverage_service.coverage_meta(found, snapshot, params), params.lang)

    return api_coverage.shown_json(found, ("layer", layer.name, params), snapshot, make, GEOJSON)


def _findings(layer: FindingsLayer, snapshot: Snapshot, params: Params) -> Response:
    """Return what the audit found, nothing while it is worked out; the page's worklist says how far it is."""
    found = atlas().audits.ask(snapshot, api_findings.wait_s())

    notes = noted(atlas().store)

    def make() -> bytes:
        frame = layer.frame_of(found.audit, snapshot, params, notes.accepted)
        return _body(frame, findings.findings_meta(found, snapshot, params.lang), params.lang)

    if found.state != "computing":
        return cached(
            (layer.name, found.state, notes.mark, service.revisions(snapshot, layer.needs), params), make, GEOJSON
        )
    response = reply(make(), GEOJSON)
    response.status_code = 202
    return response
