"""`flask token`: what programs may do without signing in."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from geo.errors import N_
from store.tokens import INCIDENTS_WRITE, SCOPES, Token
from web.account_words import area_lines, parse_area
from web.cli import command, safe_line, show
from web.cli_table import print_table
from web.i18n import gettext
from web.state import atlas

token = AppGroup("token", help="Tokens of programs that may send incidents, or read.")


@command("add", "Make a token for the system NAME; it is shown once and never again.")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=f"What it is for; {INCIDENTS_WRITE}. Repeat."
)
@click.option("--expires", metavar="T", help="When it ends by itself, ISO 8601; never when absent.")
@click.option("--area", multiple=True, metavar="LEVEL:CODE", help="Only this grid. Repeat.")
def add_command(name: str, scopes: tuple[str, ...], expires: str | None, area: tuple[str, ...], form: str) -> None:
    """Make a token."""
    chosen = scopes or (INCIDENTS_WRITE,)
    text = atlas().store.add_token(name, chosen, area=parse_area(area) if area else None, expires_at=expires)

    def tell() -> None:
        click.echo(text)
        click.echo(gettext(N_("Keep it now: it is stored as a digest only and cannot be shown again.")), err=True)

    show(form, {"name": name, "token": text}, tell)


def facts(found: Token) -> dict[str, Any]:
    """Return what commands tell of a token."""
    area = None if found.area is None else area_lines(found.area)
    return {
        "name": found.name, "scope": found.scope, "created_at": found.created_at, "revoked_at": found.revoked_at,
        "expires_at": found.expires_at, "area": area,
    }  # fmt: skip


@command("list", "List all tokens that were ever made, without the tokens themselves.")
def list_command(form: str) -> None:
    """List the tokens."""
    found = atlas().store.tokens()

    def tell() -> None:
        head = [
            gettext(text)
            for text in (N_("Name"), N_("May"), N_("Area of responsibility"), N_("Made"), N_("Ends"), N_("Revoked"))
        ]
        rows = [
            [safe_line(one.name), one.scope, safe_line(", ".join(area_lines(one.area)) or gettext("The whole city")),
             one.created_at, one.expires_at or "–", one.revoked_at or "–"]
            for one in found
        ]  # fmt: skip
        print_table(head, rows, left=6)

    show(form, {"tokens": [facts(one) for one in found]}, tell)


@command("revoke", "Let no request pass with the token of NAME any more.")
@click.argument("name")
def revoke_command(name: str, form: str) -> None:
    """Revoke a token."""
    atlas().store.revoke_token(name)
    show(form, {"name": name, "revoked": True}, lambda: click.echo(gettext("Revoked: {name}.", name=safe_line(name))))


for found in (add_command, list_command, revoke_command):
    token.add_command(found)
