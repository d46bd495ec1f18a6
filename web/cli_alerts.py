"""`flask alerts`: when a grid raises an alert."""

from __future__ import annotations

from dataclasses import asdict, replace

import click

from web.cli import command, show
from web.i18n import gettext
from web.state import atlas


@command("alerts", "Show, or set, when a grid raises an alert.")
@click.option("--hours", type=int, help="Length of the window that ends now, 1 to 48.")
@click.option("--weeks", type=int, help="How many weeks back the usual is looked for, 4 to 104.")
@click.option("--false-per-day", type=float, help="False alarms a day over the whole city that are put up with.")
@click.option("--least", type=int, help="Fewer incidents than this raise nothing.")
def alerts_command(form: str, **given: float | None) -> None:
    """Show or set the rule."""
    store = atlas().store
    rule = store.alert_rule()
    changes = {name: value for name, value in given.items() if value is not None}
    if changes:
        rule = replace(rule, **changes)  # type: ignore[arg-type]
        store.set_alert_rule(rule)

    def tell() -> None:
        click.echo(
            gettext(
                "A grid raises an alert when the last {hours} h hold {least} incidents or more and that many are so"
                " unlikely, by the same hours of up to {weeks} weeks, that the city has {false_per_day} false alarms"
                " a day at most.",
                **asdict(rule),
            )
        )

    show(form, {"rule": asdict(rule)}, tell)
