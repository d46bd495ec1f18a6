"""`flask account`: who may sign in. The same as the page /accounts, for a shell on the server."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from geo.area import Area
from geo.errors import N_, ParameterError
from store.account_rows import Account, State
from web.account_words import area_lines, known_roles, link_address, parse_area
from web.cli import command, safe_line, show
from web.cli_table import print_table
from web.i18n import gettext
from web.permissions import ROLES
from web.state import atlas

account = AppGroup("account", help="Accounts of posts and teams that may sign in.")
ROLE = click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="What it may do. Repeat.")
AREA = click.option("--area", "area", multiple=True, metavar="LEVEL:CODE", help="Only this grid. Repeat.")


def facts(found: Account) -> dict[str, Any]:
    """Return what commands tell of an account."""
    return {
        "name": found.name,
        "roles": sorted(found.roles),
        "area": None if found.area is None else area_lines(found.area),
        "state": found.state,
        "password": found.has_password,
        "subject": found.subject or None,
        "created_at": found.created_at,
        "changed_at": found.changed_at,
    }


def _area(texts: tuple[str, ...]) -> Area | None:
    return parse_area(texts) if texts else None


def _tell(form: str, found: Account, link: str | None = None) -> None:
    def text() -> None:
        what = ", ".join(sorted(found.roles))
        where = ", ".join(area_lines(found.area)) or gettext(N_("The whole city"))
        click.echo(f"{safe_line(found.name)}: {what}; {safe_line(where)}; {found.state}")
        if link:
            click.echo(link)
            click.echo(gettext(N_("The link works once, for a day.")), err=True)

    show(form, facts(found) | ({"link": link} if link else {}), text)


def _link(found: Account) -> str:
    return link_address(atlas().settings, "/set-password", atlas().store.make_link(found.id))


@command("add", "Make an account and print the link by which its holder sets a password.")
@click.argument("name")
@ROLE
@AREA
def add_command(name: str, roles: tuple[str, ...], area: tuple[str, ...], form: str) -> None:
    """Make an account."""
    made = atlas().store.add_account(name, known_roles(roles), _area(area))
    _tell(form, made, _link(made))


@command("list", "List all accounts.")
def list_command(form: str) -> None:
    """List the accounts."""
    found = atlas().store.accounts()

    def tell() -> None:
        head = [
            gettext("Sign-in name"),
            gettext("Roles"),
            gettext("Area of responsibility"),
            gettext("State"),
            gettext("Made"),
        ]
        rows = [
            [safe_line(one.name), ", ".join(sorted(one.roles)),
             safe_line(", ".join(area_lines(one.area)) or gettext("The whole city")), one.state, one.created_at]
            for one in found
        ]  # fmt: skip
        print_table(head, rows, left=5)

    show(form, {"accounts": [facts(one) for one in found]}, tell)


@command("roles", "Set the roles of an account; they hold from its next request on.")
@click.argument("name")
@ROLE
def roles_command(name: str, roles: tuple[str, ...], form: str) -> None:
    """Set roles."""
    store = atlas().store
    _tell(form, store.set_roles(store.account_named(name).id, known_roles(roles)))


@command("area", "Set the area of an account: grids, or --city for all of it.")
@click.argument("name")
@AREA
@click.option("--city", is_flag=True, help="The whole city.")
def area_command(name: str, area: tuple[str, ...], city: bool, form: str) -> None:
    """Set the area."""
    if bool(area) == city:
        raise ParameterError(N_("An area names one grid at least."), N_("Name grids, or the whole city."), field="area")
    store = atlas().store
    _tell(form, store.set_area(store.account_named(name).id, _area(area)))


def _state_command(name: str, state: State, help_text: str) -> click.Command:
    @command(name, help_text)
    @click.argument("name")
    def run(name: str, form: str) -> None:
        store = atlas().store
        found = store.set_state(store.account_named(name).id, state)
        if state == "active":
            store.forgive_account(found.id)
        _tell(form, found)

    return run


@command("link", "Print a link that sets the password of NAME; without NAME that of the first administrator.")
@click.argument("name", required=False)
def link_command(name: str | None, form: str) -> None:
    """Make a link."""
    store, settings = atlas().store, atlas().settings
    if name is not None:
        found = store.account_named(name)
        _tell(form, found, _link(found))
        return
    link = link_address(settings, "/first", store.make_first_link())
    show(form, {"link": link}, lambda: click.echo(link))


for found in (
    add_command,
    list_command,
    roles_command,
    area_command,
    _state_command("lock", "locked", "Keep an account out until it is unlocked; its sessions end."),
    _state_command("unlock", "active", "Let a locked or disabled account in again."),
    _state_command("disable", "disabled", "Keep an account out that is no longer needed; its sessions end."),
    link_command,
):
    account.add_command(found)
