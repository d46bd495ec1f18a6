"""`flask COMMAND`: how every command speaks. 0 done; 1 refused, nothing changed, the reason on stderr; 2 usage."""

from __future__ import annotations

import os
import pwd
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from geo.errors import N_, AtlasError, ParameterError
from store.actor import Actor, acting
from web.errors import fill
from web.i18n import gettext, translate
from web.job_facts import STEPS
from web.jsonio import dumps

DISK = N_("The system refused: {reason}")


class Command(click.Command):
    """A command whose domain errors are sentences, never tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with acting(Actor("command", _user())):
                return super().invoke(ctx)
        except ParameterError as error:
            raise click.UsageError(sentence(error), ctx) from None
        except AtlasError as error:
            click.echo(sentence(error), err=True)
            ctx.exit(1)
        except BrokenPipeError:
            # The reader of our output left; what is still buffered must not fail at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            click.echo(fill(DISK, {"reason": f"{error.strerror or error}{where}"}), err=True)
            ctx.exit(1)


def _user() -> str:
    """Return the system user whose shell runs a command."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number that has no name
        return str(os.getuid())


def sentence(error: AtlasError) -> str:
    """Return message and remedy of an error in the language of the settings."""
    parts = (fill(error.message, error.params), fill(error.remedy, error.params))
    return safe_line(("" if translate(error.message) != error.message else " ").join(part for part in parts if part))


def safe_line(text: object) -> str:
    """Return text of a file as one line that no terminal obeys."""
    return "".join(sign if sign.isprintable() else "�" for sign in str(text))


def command(name: str, help_text: str) -> Callable[[Callable[..., None]], click.Command]:
    """Return a decorator that makes a `Command` with an application context and ``--format``."""

    def decorate(function: Callable[..., None]) -> click.Command:
        with_format = click.option(
            "--format",
            "form",
            type=click.Choice(["text", "json"]),
            default="text",
            help="json: one JSON document on standard output and nothing else.",
        )(function)
        return click.command(name, cls=Command, help=help_text)(with_appcontext(with_format))

    return decorate


def show(form: str, answer: dict[str, Any], text: Callable[[], None]) -> None:
    """Print `answer` as one JSON document, or call `text` for readers."""
    if form == "json":
        click.echo(dumps(answer))
    else:
        text()


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """Read repeated ``field=value`` options; a field may be given once."""
    found: dict[str, str] = {}
    for text in values:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(
                gettext(N_("“{text}” is not of the form field=value."), text=text), param_hint=option
            )
        if name.strip() in found:
            raise click.BadParameter(gettext(N_("“{name}” is given twice."), name=name.strip()), param_hint=option)
        found[name.strip()] = value
    return found


class Progress:
    """A line on standard error that says how far the work is; silent where nobody watches.

    `steps` maps the names of steps to catalogue keys.
    """

    def __init__(self, steps: Mapping[str, str] = STEPS) -> None:
        self._steps = steps
        self._seen = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._shown = ""

    def __call__(self, share: float, step: str = "") -> None:
        if not self._seen:
            return
        line = f"{share:4.0%} {translate(self._steps.get(step, step))}"
        with self._lock:
            if line != self._shown:
                click.echo(f"\r\x1b[K{line}", nl=False, err=True)
                self._shown = line

    def end(self) -> None:
        """Remove the line."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._shown = ""


def init_app(app: Flask) -> None:
    """Register the commands of this version."""
    from web import (
        cli_accounts,
        cli_alerts,
        cli_assignment,
        cli_backup,
        cli_balance,
        cli_bulletin,
        cli_check,
        cli_coverage,
        cli_data,
        cli_exposure,
        cli_figures,
        cli_findings,
        cli_publish,
        cli_sightings,
        cli_tokens,
        cli_upgrade,
    )

    assert isinstance(app.cli, AppGroup)
    for found in (
        cli_data.import_file_command,
        cli_data.export_command,
        cli_publish.publish_command,
        cli_figures.density_command,
        cli_figures.demo_command,
        cli_coverage.coverage_command,
        cli_findings.audit_command,
        cli_assignment.assignment_command,
        cli_assignment.responsible_command,
        cli_balance.balance_command,
        cli_sightings.views_command,
        cli_coverage.blindspots_command,
        cli_sightings.seen_by_command,
        cli_exposure.exposure_command,
        cli_tokens.token,
        cli_accounts.account,
        cli_alerts.alerts_command,
        cli_bulletin.bulletin_command,
        cli_check.check_command,
        cli_upgrade.upgrade_command,
        cli_backup.backup,
        cli_backup.restore_command,
        cli_backup.trail,
    ):
        app.cli.add_command(found)


def state() -> Any:
    """Return the process's state, for commands."""
    return current_app.extensions["atlas"]
