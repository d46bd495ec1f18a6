"""Public files by HTTP: counts and points for what leaves the house."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, send_file

from geo.columns import Snapshot
from geo.errors import N_
from geo.month import Month, parse_month
from geo.suppress import LEAST_K, K
from layers.public import NEEDS
from store.intake.scratch import scratch_folder
from web.errors import RequestError
from web.exports import export_of
from web.gate import Gate
from web.identity import reader
from web.params import flag, number, short_text
from web.public import MOST_K, NAMES, SUFFIXES, Wish, public_file, snapshot_facts
from web.replies import cached_json
from web.service import revisions
from web.state import atlas

blueprint = Blueprint("api_public", __name__, url_prefix="/api")
FILES = Gate(1, 20.0, 15)  # a large table takes seconds and some hundred megabytes


def running_month(snapshot: Snapshot) -> Month:
    """Return the month that has not ended on the clock of the town."""
    now = datetime.now(ZoneInfo(snapshot.timezone))
    return Month(now.year, now.month)


def wish_of() -> Wish:
    """Return what the request asks for.

    Raises
    ------
    RequestError
        The account sees a part of the city only: what is left out of a table of a part is not what is left out of the
        whole, and the two together would give it away.
    """
    if reader().area is not None:
        raise RequestError(
            403,
            "whole_city_only",
            N_("Public files speak of the whole city, and your account has a part of it."),
            N_("Ask somebody who has the whole city."),
        )
    first, last = (short_text(request.args, name) for name in ("from_month", "to_month"))
    return Wish(
        k=int(number(request.args, "k", K, LEAST_K, MOST_K, whole=True)),
        first=None if not first else parse_month(first),
        last=None if not last else parse_month(last),
        level=short_text(request.args, "level"),
        alone=flag(request.args, "alone"),
    )


@blueprint.get("/public")
def facts() -> Response:
    """Say what the public files would hold."""
    snapshot, wish = atlas().snapshot(), wish_of()
    running = running_month(snapshot)
    key = ("public", wish, running, revisions(snapshot, NEEDS))
    return cached_json(key, lambda: snapshot_facts(snapshot, wish, running))


@blueprint.get("/public/<name>")
def file(name: str) -> Response:
    """Download counts or points in the format of the suffix."""
    what, suffix = export_of(name, NAMES, SUFFIXES)
    snapshot, wish = atlas().snapshot(), wish_of()
    with FILES.entered(), ExitStack() as held:
        path = held.enter_context(scratch_folder(atlas().folder("scratch"))) / f"public-{what}{suffix}"
        public_file(what, snapshot, wish, running_month(snapshot)).write(path)
        response = send_file(path, as_attachment=True, download_name=path.name, max_age=0, conditional=False)
        kept = held.pop_all()  # as long as the answer is being sent
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
    # Werkzeug calls nothing on closing a response that it passes through to the server.
    response.direct_passthrough = False
    response.call_on_close(kept.close)
    return response
