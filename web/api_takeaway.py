"""What readers take away: the map as a picture."""

from __future__ import annotations

from flask import Blueprint, Response, request

from web import picture, service
from web.gate import Gate
from web.i18n import current_lang
from web.params import layer_params
from web.phrases import today
from web.replies import cached
from web.state import atlas
from web.tiles import PNG

blueprint = Blueprint("takeaway", __name__, url_prefix="/api")
# A picture takes a second or two of a core and, at the largest, 400 MB.
PICTURES = Gate(2, 8.0, 5)


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
