"""`flask token`: who may send incidents."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from geo.errors import N_
from web.cli import command, safe_line, show
from web.cli_table import print_table
from web.i18n import gettext
from web.state import atlas

token = AppGroup("token", help="Tokens of programs that may send incidents.")


@command("add", "Make a token for the system NAME; it is shown once and never again.")
@click.argument("name")
def add_command(name: str, form: str) -> None:
    """Make a token."""
    text = atlas().store.add_token(name)

    def tell() -> None:
        click.echo(text)
        click.echo(gettext(N_("Keep it now: it is stored as a digest only and cannot be shown again.")), err=True)

    show(form, {"name": name, "token": text}, tell)


@command("list", "List all tokens that were ever made, without the tokens themselves.")
def list_command(form: str) -> None:
    """List the tokens."""
    found = atlas().store.tokens()

    def tell() -> None:
        head = [gettext("Name"), gettext("May"), gettext("Made"), gettext("Revoked")]
        rows = [[safe_line(one.name), one.scope, one.created_at, one.revoked_at or "–"] for one in found]
        print_table(head, rows, left=4)

    show(form, {"tokens": [vars(one) for one in found]}, tell)


@command("revoke", "Let no request pass with the token of NAME any more.")
@click.argument("name")
def revoke_command(name: str, form: str) -> None:
    """Revoke a token."""
    atlas().store.revoke_token(name)
    show(form, {"name": name, "revoked": True}, lambda: click.echo(gettext("Revoked: {name}.", name=safe_line(name))))


for found in (add_command, list_command, revoke_command):
    token.add_command(found)
