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
}
