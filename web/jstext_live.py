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
    "live.cameras": N_("{count} {count:camera sees|cameras see} the place"),
    "live.more_cameras": N_("{count} more {count:camera sees|cameras see} the place."),
    "live.px_unknown": N_("px/m not known"),
    "live.no_grid": N_("in no grid"),
    "live.received": N_("Received"),
    "live.unread": N_("{count} new"),
    "alert.title": N_("Alerts"),
    "alert.rule": N_(
        "More than the same hours of the last {weeks} {weeks:week lets|weeks let} expect, within {hours} h; "
        "at most {false} false {false:alarm|alarms} a day."
    ),
    "alert.short": N_("No alerts yet: they need {needed} {needed:week|weeks} of history up to now, there are {weeks}."),
    "alert.no_grids": N_("No alerts: there are no grids."),
    "alert.none": N_("Nothing unusual now."),
    "alert.going": N_("going on"),
    "alert.ended": N_("over since {time}"),
    "alert.acknowledge": N_("Acknowledge"),
    "alert.by": N_("Post or team"),
    "alert.note": N_("Note (no names)"),
    "alert.confirm": N_("Confirm"),
    "alert.cancel": N_("Cancel"),
    "alert.desk": N_("duty desk"),
    "alert.taken": N_("acknowledged by {by}, {time}"),
    "alert.done": N_("{grid}: acknowledged by {by}."),
    "alert.badge": N_("{count} {count:alert|alerts} nobody acknowledged"),
    "wall.alert": N_("Alert"),
    "wall.alerts": N_("{count} {count:alert|alerts}"),
    "wall.view.heat": N_("Heat map"),
    "wall.view.hot": N_("Hottest grids"),
    "wall.view.latest": N_("Latest incidents"),
    "wall.view.spots": N_("Hot spots"),
    "wall.incidents": N_("incidents"),
    "wall.up": N_("{percent} more than before, more than chance"),
    "wall.down": N_("{percent} fewer than before, more than chance"),
    "wall.usual": N_("as before, within chance"),
    "wall.against": N_("Before: the {days} {days:day|days} before."),
    "wall.window": N_("{from} to {to}"),
    "wall.hot.foot": N_("By incidents per km²."),
    "wall.spots.foot": N_("{count} of {tested} {tested:grid|grids} {count:holds|hold} more than chance would bring."),
    "wall.last": N_("last incident {ago}, {time}"),
    "wall.nothing": N_("There is nothing to show yet."),
    "wall.no_live": N_("no incident received live yet"),
    "wall.figures": N_("figures of {time}, revision {revision}"),
    "wall.lost": N_("Connection lost since {time} ({ago}). What is shown is of then."),
}
