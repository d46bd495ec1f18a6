"""The texts of static/js/live*.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "live.line.connecting": N_("Connecting …"),
    "live.line.open": N_("Live"),
    "live.line.asking": N_("Live, asking every 3 s"),
    "live.line.lost": N_("Connection lost; trying again"),
    "live.age": N_("last {ago}, {time}"),
    "live.computing": N_("cameras are being made ready"),
    "live.built": N_("inside a building"),
    "live.unseen": N_("no camera sees the place"),
    "live.camera": N_("1 camera sees the place"),
    "live.cameras": N_("{count} cameras see the place"),
    "live.more_cameras": N_("{count} more cameras see the place."),
    "live.px_unknown": N_("px/m not known"),
    "live.no_grid": N_("in no grid"),
    "live.received": N_("Received"),
    "live.unread": N_("{count} new"),
    "wall.view.heat": N_("Heat map"),
    "wall.view.hot": N_("Hottest grids"),
    "wall.view.latest": N_("Latest incidents"),
    "wall.view.spots": N_("Hot spots"),
    "wall.incidents": N_("incidents"),
    "wall.up": N_("{percent} more than before, more than chance"),
    "wall.down": N_("{percent} fewer than before, more than chance"),
    "wall.usual": N_("as before, within chance"),
    "wall.against": N_("Before: the {days} days before."),
    "wall.window": N_("{from} to {to}"),
    "wall.hot.foot": N_("By incidents per km²."),
    "wall.spots.foot": N_("{count} of {tested} grids hold more than chance would bring."),
    "wall.last": N_("last incident {ago}, {time}"),
    "wall.nothing": N_("There is nothing to show yet."),
    "wall.no_live": N_("no incident received live yet"),
    "wall.figures": N_("figures of {time}, revision {revision}"),
    "wall.lost": N_("Connection lost since {time} ({ago}). What is shown is of then."),
}
