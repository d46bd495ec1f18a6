"""The texts of static/js/privacy*.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "layer.exposure": N_("Private places in view"),
    "privacy.none": N_("No private places are known, so it cannot be said what cameras see of them."),
    "privacy.none.how": N_(
        "Import zones: of the kind “private” (private as a whole), “residential” (the buildings in it are dwellings) "
        "or “mask” (what a picture does not show). Or buildings with a kind, such as “apartments”."
    ),
    "privacy.computing": N_("Working out the exposure of {count} {count:camera|cameras}: {step} {share} %"),
    "privacy.lead": N_(
        "{exposed} of {cameras} {cameras:camera|cameras} {exposed:sees|see} private ground: {certain} m² certainly, "
        "{possible} m² possibly."
    ),
    "privacy.clear": N_("No camera sees private ground."),
    "privacy.turn": N_("A turn would take it away for {count} of them, at no more than {loss} % less open ground."),
    "privacy.private": N_(
        "Private: {zones} {zones:zone|zones}, a strip of {strip} m before {dwellings} {dwellings:dwelling|dwellings}; "
        "{masks} {masks:mask|masks}."
    ),
    "privacy.forbidden": N_(
        "{inside} {inside:camera stands|cameras stand} in, {sees} {sees:looks|look} into places where no camera may be "
        "(Order 799, Article 8)."
    ),
    "privacy.missing": N_("Not recorded: purpose of {purpose}, owner of {owner}, sign of {sign}, retention of {days}."),
    "privacy.wrong": N_(
        "{sign} {sign:camera is|cameras are} without a sign, {days} {days:keeps|keep} images for less than {least} "
        "{least:day|days}."
    ),
    "privacy.certain": N_("certain"),
    "privacy.possible": N_("possible"),
    "privacy.turn.col": N_("turn"),
    "privacy.note": N_("to note"),
    "privacy.classes": N_("By class of the standard"),
    "privacy.class.below": N_("below all classes"),
    "privacy.class.unknown": N_("pixel density not known"),
    "privacy.zones": N_("Private zones in view"),
    "privacy.help": N_("What takes it out of view"),
    "privacy.help.turn": N_("Turn by {deg}° ({way}): {loss} % less open ground"),
    "privacy.help.noturn": N_("No turn does at no more than {loss} % less open ground."),
    "privacy.help.range": N_("Shorten the range to {m} m: {loss} % less"),
    "privacy.help.hfov": N_("Narrow the angle to {deg}°: {loss} % less"),
    "privacy.help.mask": N_("Mask from {from}° to {to}° from north: {loss} % less"),
    "privacy.clockwise": N_("clockwise"),
    "privacy.counter": N_("anticlockwise"),
    "privacy.in": N_("stands in {place} ({kind})"),
    "privacy.sees": N_("looks into {place} ({kind})"),
    "privacy.more": N_("{count} of {total} cameras are listed; the files hold all."),
    "privacy.all": N_("Nothing to tell: no private ground in view, nothing missing."),
    "duty.purpose": N_("purpose"),
    "duty.owner": N_("owner"),
    "duty.sign": N_("sign"),
    "duty.retention_days": N_("retention"),
    "duty.without_sign": N_("no sign"),
    "duty.short": N_("kept {days} {days:day|days}"),
}
