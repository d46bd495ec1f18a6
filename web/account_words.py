"""What pages and commands say of accounts: roles in words, areas as text, times, addresses of links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from flask import request

from geo.area import Area
from geo.errors import N_, ParameterError
from settings import Settings
from store.account_rows import STATES
from web.permissions import ROLES

ROLE_WORDS: Mapping[str, tuple[str, str]] = {
    "viewer": (N_("Viewer"), N_("sees maps and tables")),
    "command": (N_("Command centre"), N_("acknowledges alerts, takes files away")),
    "planner": (N_("Planner"), N_("plans cameras in scenarios, edits the division in drafts, takes files away")),
    "supervisor": (
        N_("Grid supervisor"),
        N_(
            "decides doubtful incidents, acknowledges alerts of the area, edits its division in drafts, "
            "takes files away"
        ),
    ),
    "approver": (
        N_("Approver"),
        N_("approves or rejects drafts of the division, decides doubtful incidents, takes files away"),
    ),
    "steward": (N_("Data steward"), N_("imports data, reads the audit trail, takes files away")),
    "administrator": (N_("Administrator"), N_("looks after accounts, reads the audit trail, takes files away")),
}
STATE_WORDS: Mapping[str, str] = dict(
    zip(STATES, (N_("active"), N_("locked"), N_("disabled")), strict=True)
)  # as the store calls them
SCOPE_WORDS: Mapping[str, str] = {
    "incidents:write": N_("send incidents"),
    "metrics:read": N_("read the service's own figures (/metrics)"),
    "read": N_("read maps and tables"),
    "export": N_("take files away"),
    "plan": N_("plan cameras in scenarios"),
    "edit": N_("edit the division in drafts"),
    "alert": N_("acknowledge alerts"),
    "import": N_("import data"),
    "review": N_("review what others propose"),
    "audit": N_("read the audit trail"),
}
WRONG = N_("The sign-in name or the password is wrong, or the account is not let in.")
MOST_GRIDS = 5_000


def known_roles(names: Iterable[str]) -> tuple[str, ...]:
    """Return roles as they are stored.

    Raises
    ------
    ParameterError
        One is not known.
    """
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in ROLES:
            raise ParameterError(
                N_("There is no role “{value}”."), N_("Use some of: {known}."),
                field="roles", value=name[:80], known=", ".join(ROLES),
            )  # fmt: skip
    return chosen


def parse_area(texts: Iterable[str]) -> Area:
    """Return the area that is named by LEVEL:CODE texts; a level has no colon.

    Raises
    ------
    ParameterError
        A text is not of that form, or there are too many.
    """
    grids = []
    for text in texts:
        level, sign, code = (part.strip() for part in text.strip().partition(":"))
        if not sign or not level or not code or len(grids) >= MOST_GRIDS:
            raise ParameterError(
                N_("“{value}” names no grid."), N_("Name grids of the store as LEVEL:CODE."),
                field="area", value=text.strip()[:80],
            )  # fmt: skip
        grids.append((level, code))
    return Area(tuple(grids))


def area_lines(area: Area | None) -> list[str]:
    """Return the grids of an area as LEVEL:CODE texts; none for the whole city."""
    return [] if area is None else [f"{level}:{code}" for level, code in area.grids]


def link_address(settings: Settings, path: str, secret: str) -> str:
    """Return the address of a one-time link, as the one who is sent it opens it."""
    host = settings.host.strip("[]")
    name = f"[{host}]" if ":" in host else host
    return f"{settings.origin or f'http://{name}:{settings.port}'}{path}?link={quote(secret)}"


def page_link(settings: Settings, path: str, secret: str) -> str:
    """Return the address of a one-time link that a page shows; without ATLAS_ORIGIN by the name it was opened by."""
    if settings.origin:
        return link_address(settings, path, secret)
    return f"{request.host_url.rstrip('/')}{path}?link={quote(secret)}"


def own_address(text: str | None) -> str:
    """Return where to go after signing in: an address of this service, else its first page.

    A browser drops tabs and line ends and takes a backslash for a slash, so that "/\\host" and "/\\t/host" lead away.
    """
    wish = text or ""
    plain = wish.isascii() and wish.isprintable() and "\\" not in wish
    return wish if plain and wish.startswith("/") and not wish.startswith("//") and len(wish) < 4000 else "/"
