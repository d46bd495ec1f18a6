"""The page and the table of the audit trail: entries as readers read them, the check, the backups."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from flask import Blueprint, render_template, request

from geo.errors import N_, AtlasError
from store.audit_read import MOST_ENTRIES, Wish
from store.audit_trail import Entry
from store.audit_verify import Verdict, hex_of, read_head
from store.backup import list_backups
from store.errors import StoreError
from store.values import time_texts
from web import backups
from web.api_layers import status_now
from web.errors import RequestError, fill
from web.gate import Gate
from web.i18n import translate
from web.identity import reader
from web.params import Query, moment, number, short_text
from web.permissions import AUDIT
from web.shell import shell
from web.state import Atlas, atlas
from web.tables import Asked, Column, Listed, Row, Table, register

blueprint = Blueprint("trail", __name__)
PAGE = 50
CHECKS = Gate(1, 10.0, 10)  # a check reads every entry
SHORT = 16  # letters of a digest that are shown
# What the program notes, as readers are told; other actions are shown by their code.
ACTIONS = {
    "import": N_("Import"), "demo": N_("Demo loaded"), "clear": N_("Layer emptied"), "mapping": N_("Mapping kept"),
    "incident.add": N_("Incident added"), "camera.edit": N_("Cameras changed"), "live": N_("Incidents received live"),
    "outside": N_("Changed by another program"), "scenario.add": N_("Scenario saved"),
    "scenario.change": N_("Scenario changed"), "scenario.delete": N_("Scenario deleted"),
    "scenario.restore": N_("Scenario restored"), "scenario.apply": N_("Scenario applied"),
    "division.change": N_("Division changed"), "draft.add": N_("Draft begun"), "draft.step": N_("Step of a draft"),
    "draft.undo": N_("Step undone"), "draft.redo": N_("Step done again"), "draft.submit": N_("Draft submitted"),
    "draft.withdraw": N_("Draft withdrawn"), "draft.reject": N_("Draft rejected"),
    "draft.approve": N_("Draft approved"), "draft.delete": N_("Draft deleted"),
    "decision.add": N_("Grid of incidents decided"), "decision.undo": N_("Decision taken back"),
    "alert.rule": N_("Alert rule set"), "alert.settle": N_("Alerts raised or ended"),
    "alert.acknowledge": N_("Alert acknowledged"), "token.add": N_("Token made"),
    "account.add": N_("Account made"), "account.password": N_("Password set"),
    "account.subject": N_("Account linked to a provider"), "account.roles": N_("Roles changed"),
    "account.area": N_("Area changed"), "account.state": N_("Account locked, disabled or active again"),
    "link.first": N_("First link made"), "link.password": N_("Password link made"),
    "session.begin": N_("Signed in"), "session.end": N_("Signed out"), "session.refused": N_("Sign-in refused"),
    "token.revoke": N_("Token revoked"), "export": N_("Export"), "publish": N_("Public files made"),
    "backup": N_("Backup"), "restore": N_("Backup restored"), "migration": N_("Store upgraded"),
    "trail.begin": N_("Trail begun"),
}  # fmt: skip
KINDS = {
    "account": N_("account"), "token": N_("token"), "single": N_("single user"), "command": N_("command"),
    "service": N_("the service itself"), "outside": N_("another program"), "nobody": N_("nobody signed in"),
}  # fmt: skip


def require() -> None:
    """Refuse who may not read the trail: it tells of the whole city.

    Raises
    ------
    RequestError
        403.
    """
    one = reader()
    if not one.may(AUDIT) or one.area is not None:
        raise RequestError(
            403,
            "not_allowed",
            N_("Your account may not do this."),
            N_("Ask the administrator of this service for a role that may."),
        )


def wish_of(query: Query, timezone: str) -> Wish:
    """Return which entries are asked for."""

    def time(name: str) -> str:
        found = moment(query.get(name), name, timezone)
        return "" if found is None else str(time_texts(np.array([found]))[0])

    texts = {name: short_text(query, name) or "" for name in ("actor", "action", "target")}
    return Wish(time("from"), time("to"), **texts)


def shown(entry: Entry, timezone: str) -> dict[str, Any]:
    """Return an entry as the page shows it."""
    at = datetime.fromisoformat(entry.at).astimezone(ZoneInfo(timezone))
    return {
        "seq": entry.seq, "day": at.strftime("%Y-%m-%d"), "time": at.strftime("%H:%M:%S"),
        "actor": entry.actor, "kind": translate(KINDS[entry.kind]) if entry.kind in KINDS else entry.kind,
        "address": entry.address, "action": action_text(entry.action), "code": entry.action, "target": entry.target,
        "revision": entry.revision, "before": facts_of(entry.before), "after": facts_of(entry.after),
        "hash": hex_of(entry.hash),
    }  # fmt: skip


def action_text(action: str) -> str:
    """Return an action in the reader's language; one that is not known here by its code."""
    return translate(ACTIONS[action]) if action in ACTIONS else action


def facts_of(text: str | None) -> list[tuple[str, str]]:
    """Return facts as names and short texts."""
    if text is None:
        return []
    try:
        found = json.loads(text)
    except ValueError:  # somebody wrote it past the program
        return [("", text)]
    pairs = found.items() if isinstance(found, dict) else [("", found)]
    return [(str(name), _short(value)) for name, value in pairs if value not in (None, "", [], {})]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    digest = isinstance(value, str) and len(text) == 64
    return f"{text[:SHORT]}…" if digest else text


def _checked(store: Any, text: str) -> tuple[Verdict | None, str]:
    """Return what a check found, or why the kept head cannot be used."""
    try:
        kept = read_head(text) if text.strip() else None
    except AtlasError as error:
        return None, fill(error.message, error.params)
    with CHECKS.entered():
        return store.verify_trail(kept), ""


@blueprint.get("/trail")
def page() -> str:
    """Who did what and when; whether the trail is whole; the backups."""
    require()
    state = atlas()
    store, timezone = state.store, state.store.timezone()
    wish = wish_of(request.args, timezone)
    before = int(number(request.args, "before", 0, 0, 2**53, whole=True))
    store.tell_refused()
    found = store.trail(wish, PAGE + 1, before or None)
    verdict, refused = None, ""
    if "check" in request.args:
        verdict, refused = _checked(store, request.args.get("head", "")[:2_000])
    query = {name: request.args[name] for name in ("from", "to", "actor", "action", "target") if request.args.get(name)}
    try:
        status = status_now()
    except StoreError:  # a damaged store: the trail is what can still be read
        status = None
    return render_template(
        "trail.html",
        entries=[shown(entry, timezone) for entry in found[:PAGE]],
        total=store.trail_count(wish),
        more=found[PAGE - 1].seq if len(found) > PAGE else None,
        paged=bool(before),
        query=query,
        actions=[(action, action_text(action)) for action in store.trail_actions()],
        head=store.trail_head(),
        verdict=None if verdict is None else _told(verdict),
        refused=refused,
        damage=store.damage,
        timezone=timezone,
        backup=_backups(state),
        **shell("trail", status),
    )


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "whole": verdict.whole, "entries": verdict.entries, "compared": verdict.compared,
        "faults": [fill(fault.message, fault.params) for fault in verdict.faults],
    }  # fmt: skip


def _backups(state: Atlas) -> dict[str, Any]:
    folder = state.settings.backup
    found = [] if folder is None else list_backups(folder)
    rows = [
        {"file": one.file.name, "at": one.at, "revision": one.revision, "mib": f"{one.bytes / 2**20:.1f}"}
        for one in found[:10]
    ]
    hours = backups.age_s(found[0]) / 3600 if found else None
    told = backups.state(state.settings)
    return {**told, "rows": rows, "hours": hours, "every": state.settings.backup_hours, "failed": state.backups.failed}


def _rows(asked: Asked) -> Iterable[Row] | Listed:
    require()
    wish = wish_of(asked.query, asked.snapshot.timezone)
    asked.state.store.tell_refused()
    found = asked.state.store.trail(wish, MOST_ENTRIES)
    lang = asked.params.lang
    rows = [
        {
            "seq": one.seq, "at": one.at, "kind": translate(KINDS[one.kind], lang) if one.kind in KINDS else one.kind,
            "actor": one.actor, "address": one.address, "action": one.action, "target": one.target,
            "before": one.before, "after": one.after, "revision": one.revision, "hash": hex_of(one.hash),
        }
        for one in found
    ]  # fmt: skip
    return Listed(rows, asked.state.store.trail_count(wish))


register(Table("trail", N_("Audit trail"), ("grids",), (
    Column("seq", N_("Number"), kind="whole"), Column("at", N_("Time"), kind="time"), Column("kind", N_("Kind")),
    Column("actor", N_("Who")), Column("address", N_("From where")), Column("action", N_("Action")),
    Column("target", N_("What")), Column("before", N_("Before")), Column("after", N_("After")),
    Column("revision", N_("Revision"), kind="whole"), Column("hash", "SHA-256"),
), _rows))  # fmt: skip
