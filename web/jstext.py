"""Every text that static/js shows, by key; pages get them translated as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_
from geo.simulate_patterns import CATEGORY_TITLES, STATUS_TITLES
from web.i18n import translate
from web.jstext_assignment import TEXTS as ASSIGNMENT
from web.jstext_balance import TEXTS as BALANCE
from web.jstext_compare import TEXTS as COMPARE
from web.jstext_drafts import TEXTS as DRAFTS
from web.jstext_findings import TEXTS as FINDINGS
from web.jstext_gl import TEXTS as GL
from web.jstext_heat import TEXTS as HEAT
from web.jstext_hotspots import TEXTS as HOTSPOTS
from web.jstext_live import TEXTS as LIVE
from web.jstext_planner import TEXTS as PLANNER
from web.jstext_privacy import TEXTS as PRIVACY
from web.jstext_takeaway import TEXTS as TAKEAWAY
from web.jstext_time import TEXTS as TIME
from web.jstext_upload import TEXTS as UPLOAD
from web.jstext_whatif import TEXTS as WHATIF

# Fields are written {name} and filled by the script, which sets textContent; {name:one|more} is a word in two forms
# (English: "{count} {count:grid|grids}"), which Chinese does without. `value.X` is what a page shows for the
# word X of the schema or of the demo; other data is shown as it is.
OWN: Mapping[str, str] = {
    "age": N_("{ago} · revision {revision}"),
    "age.none": N_("No data yet"),
    "data.changed": N_("The data changed: revision {revision}."),
    "origin.store": N_("Revision {revision}, metric CRS {crs}, time zone {timezone}."),
    "origin.layer": N_("Data"),
    "origin.rows": N_("Rows"),
    "origin.changed": N_("Last change"),
    "attribution.simulated": N_("some layers are simulated"),
    "error.network": N_("The service cannot be reached."),
    "error.network.remedy": N_("Check that it runs, then try again."),
    "error.shape": N_("The service answered in a way this page does not understand (status {status})."),
    "error.retry": N_("Try again"),
    "toast.close": N_("Close"),
    "session.title": N_("Your session has ended"),
    "session.kept": N_(
        "What you typed and drew here is kept. Sign in in another tab: this page then goes on by itself, and does what "
        "it was about to do."
    ),
    "session.sign_in": N_("Sign in in another tab"),
    "session.leave": N_("Leave this page and sign in"),
    "session.renewed": N_("You are signed in again."),
    "session.other": N_("Another account is signed in in this browser now: {name}."),
    "session.other.remedy": N_("Copy what you typed, then load the page anew."),
    "layer.density": N_("Incident density"),
    "layer.heat": N_("Heat map"),
    "layer.change": N_("Change against before"),
    "layer.grids": N_("Grid boundaries"),
    "layer.zones": N_("Zones"),
    "layer.places": N_("Key places"),
    "layer.cameras": N_("Cameras"),
    "layer.incidents": N_("Incidents"),
    "layer.coverage": N_("Coverage by grid"),
    "layer.views": N_("Camera views"),
    "layer.assignment": N_("Assignment check"),
    "layer.failed": N_("failed"),
    "layer.empty": N_("no data"),
    "data.grids": N_("Grids"),
    "data.incidents": N_("Incidents"),
    "data.cameras": N_("Cameras"),
    "data.buildings": N_("Buildings"),
    "data.streets": N_("Streets"),
    "data.places": N_("Key places"),
    "data.zones": N_("Zones"),
    "cluster.label": N_("{count} together"),
    "note.truncated": N_("{layer}: only {shown} of {count} are drawn; zoom in to see all."),
    "unit.per_km2": N_("per km²"),
    "unit.per_10k": N_("per 10,000 people"),
    "col.grid": N_("Grid"),
    "col.code": N_("Code"),
    "col.level": N_("Level"),
    "col.parent": N_("Parent"),
    "col.team": N_("Team"),
    "col.population": N_("Population"),
    "col.area": N_("Area"),
    "col.incident": N_("Incident"),
    "col.incidents": N_("Incidents"),
    "col.density": N_("Density"),
    "col.rate": N_("Rate"),
    "col.per_km2": N_("Density"),
    "col.per_10k": N_("Rate"),
    "col.cameras": N_("Cameras"),
    "col.children": N_("Grids below"),
    "col.open": N_("Open area"),
    "col.built": N_("Built"),
    "col.kind": N_("Kind"),
    "col.state": N_("State"),
    "col.azimuth": N_("Direction"),
    "col.hfov": N_("Angle of view"),
    "col.range": N_("Range"),
    "col.height": N_("Height"),
    "col.owner": N_("Owner"),
    "col.when": N_("Time"),
    "col.status": N_("Status"),
    "col.recorded": N_("Recorded grid"),
    "col.recorded_located": N_("Recorded → located"),
    "col.located": N_("Located grid"),
    "col.border": N_("To the border"),
    "col.doubt": N_("Doubt"),
    "tip.incidents": N_("Incidents: {count}"),
    "tip.children": N_("Grids below: {count}"),
    "tip.no_direction": N_("direction not recorded"),
    "tip.border": N_("{distance} m to the border"),
    "word.certain": N_("Certain"),
    "word.possible": N_("Possible"),
    "word.blind": N_("Blind"),
    "word.camera": N_("Camera"),
    "word.simulated": N_("simulated"),
    "word.not_recorded": N_("not recorded"),
    "state.online": N_("online"),
    "state.offline": N_("offline"),
    "state.unknown": N_("not known"),
    "why.differs": N_("Recorded in another grid"),
    "why.outside": N_("In no grid"),
    "why.near_border": N_("Close to a border"),
    "table.hot": N_("Grids by incidents"),
    "table.coverage": N_("Coverage of each grid"),
    "table.empty": N_("Nothing to list."),
    "table.more": N_("Show more ({count} left)"),
    "check.none": N_("No doubtful incident."),
    "filter.dates": N_("The last day lies before the first."),
    "categories.none": N_("No categories yet."),
    "categories.more": N_("{count} rarer {count:category is|categories are} not listed."),
    "brush.all": N_("in the whole period"),
    "brush.none": N_("No incident with a time yet."),
    "brush.window": N_("from {from} to {to}"),
    "brush.most": N_("most: {count}"),
    "lead.command.total": N_("{count} {count:incident|incidents}"),
    "lead.command.share": N_(
        "The hottest tenth of the grids ({grids}) has {share} % of them. {outside} {outside:lies|lie} in no grid."
    ),
    "lead.command.outside": N_("{outside} {outside:lies|lie} in no grid."),
    "lead.command.none": N_("No incident in this window and these categories."),
    "lead.grids.count": N_("{count} {count:grid|grids} (level: {level})."),
    "lead.grids.teamless": N_("{count} {count:has|have} no team."),
    "lead.grids.down": N_("To go down into a grid: double-click it, or press Enter on its row."),
    "lead.grids.none": N_("No grid here."),
    "assume.range": N_(
        "Range unknown for {count} of {cameras} {cameras:camera|cameras}: drawn with an assumed {range} m, never as "
        "certain."
    ),
    "assume.area": N_("Only the cameras of your area are counted: one outside may see into it."),
    "assume.direction": N_("Direction unknown for {count}: possible all round."),
    "assume.turning": N_("{count} can turn (PTZ, dome): possible all round."),
    "assume.fov": N_("Angle of view unknown for {count}: possible within 180°."),
    "assume.state": N_("State unknown for {count}: counted as working."),
    "assume.listed": N_("The table lists the first {shown} of {count} cameras."),
    "assume.state.possible": N_("State unknown for {count}: only possible."),
    "assume.offline": N_("{count} recorded as offline: counted as working."),
    "assume.offline.left": N_("{count} recorded as offline: left out."),
    "assume.buildings": N_("No buildings yet: nothing cuts sight."),
    "crumb.all": N_("All"),
    "crumb.up": N_("One level up"),
    "crumb.level": N_("{level} ({count})"),
    "detail.none": N_("Select a grid, a camera or an incident on the map or in the table."),
    "detail.grid": N_("Grid"),
    "detail.camera": N_("Camera"),
    "detail.incident": N_("Incident"),
    "detail.camera.assumed": N_(
        "Its range is not recorded: the view is drawn with the assumed range of the filters and is only possible."
    ),
    "detail.camera.moved": N_(
        "It is recorded inside a building: its view is taken from the façade, {distance} m away."
    ),
    "detail.origin": N_("From revision {revision}, areas in {crs}."),
    "detail.down": N_("Go down: {count} {level}"),
    "empty.command": N_("No incidents yet"),
    "empty.command.how": N_(
        "Import incidents (a place, a time, a category) and the grids they fall into; the page then shows "
        "where they concentrate."
    ),
    "empty.planner": N_("No cameras yet"),
    "empty.planner.how": N_(
        "Import cameras, buildings and grids; the page then shows what the cameras see and what they cannot."
    ),
    "empty.grids": N_("No grids yet"),
    "empty.grids.how": N_(
        "Import grid boundaries with code, level and parent; the page then shows whose grid is where."
    ),
    "empty.import": N_("Import a file"),
    "empty.commandline": N_("Or on the command line:"),
    "value.fixed": N_("fixed"),
    "value.ptz": N_("PTZ (turns)"),
    "value.dome": N_("dome"),
    "value.panoramic": N_("panoramic"),
    "value.camera_kind_unknown": N_("kind not known"),
    "value.city": N_("city"),
    "value.county": N_("county"),
    "value.district": N_("district"),
    "value.township": N_("township"),
    "value.community": N_("community"),
    "value.grid": N_("unit grid"),
    "value.block": N_("block"),
    **{f"value.{word}": title for word, title in {**CATEGORY_TITLES, **STATUS_TITLES}.items()},
    "history.none": N_("Nothing was imported yet."),
    "history.when": N_("When"),
    "history.layer": N_("Data"),
    "history.file": N_("File"),
    "history.mode": N_("Mode"),
    "history.accepted": N_("Accepted"),
    "history.rejected": N_("Rejected"),
    "history.revision": N_("Revision"),
    "mode.append": N_("append"),
    "mode.replace": N_("replace"),
    "mode.upsert": N_("update"),
    "note.missing": N_("Not imported yet: {names}."),
    "lead.window": N_("{window}."),
    "crs.EPSG:4326": N_("WGS 84, degrees (EPSG:4326)"),
    "crs.gcj02": N_("GCJ-02, degrees (Chinese web maps)"),
    "crs.bd09": N_("BD-09, degrees (Baidu)"),
    "crs.EPSG:4490": N_("CGCS2000, degrees (EPSG:4490)"),
    "crs.EPSG:4544": N_("CGCS2000 3°, 105° E (EPSG:4544)"),
    "crs.EPSG:4546": N_("CGCS2000 3°, 111° E (EPSG:4546)"),
    "crs.EPSG:4547": N_("CGCS2000 3°, 114° E (EPSG:4547)"),
    "crs.EPSG:4548": N_("CGCS2000 3°, 117° E (EPSG:4548)"),
    "crs.EPSG:4549": N_("CGCS2000 3°, 120° E (EPSG:4549)"),
    "crs.EPSG:4526": N_("CGCS2000 3°, zone 38 (EPSG:4526)"),
    "crs.EPSG:4527": N_("CGCS2000 3°, zone 39 (EPSG:4527)"),
    "crs.EPSG:3857": N_("Web Mercator, metres (EPSG:3857)"),
    "crs.other": N_("another …"),
    "field.id": N_("Id"),
    "field.code": N_("Code"),
    "field.name": N_("Name"),
    "field.level": N_("Level"),
    "field.parent": N_("Code of the parent"),
    "field.team": N_("Team"),
    "field.population": N_("Population"),
    "field.category": N_("Category"),
    "field.occurred_at": N_("Time"),
    "field.grid_code": N_("Recorded grid"),
    "field.status": N_("Status"),
    "field.severity": N_("Severity"),
    "field.kind": N_("Kind"),
    "field.azimuth_deg": N_("Direction"),
    "field.hfov_deg": N_("Horizontal angle of view"),
    "field.range_m": N_("Range"),
    "field.height_m": N_("Height"),
    "field.tilt_deg": N_("Tilt"),
    "field.vfov_deg": N_("Vertical angle of view"),
    "field.pixels_h": N_("Horizontal pixels"),
    "field.online": N_("Online"),
    "field.networked": N_("Networked"),
    "field.smart": N_("Smart"),
    "field.owner": N_("Owner (a post or office)"),
    "field.azimuth_tolerance_deg": N_("Tolerance of the direction"),
    "field.lon": N_("Longitude"),
    "field.lat": N_("Latitude"),
    "field.x": N_("Easting (x)"),
    "field.y": N_("Northing (y)"),
}
PARTS = (
    OWN,
    ASSIGNMENT,
    PRIVACY,
    TAKEAWAY,
    PLANNER,
    DRAFTS,
    FINDINGS,
    BALANCE,
    GL,
    HEAT,
    HOTSPOTS,
    COMPARE,
    LIVE,
    TIME,
    UPLOAD,
    WHATIF,
)  # of different pages: no key stands in two
TEXTS: Mapping[str, str] = {key: text for part in PARTS for key, text in part.items()}


def js_text() -> dict[str, str]:
    """Return the texts in the reader's language."""
    return {key: translate(text) for key, text in TEXTS.items()}
