"""`flask import` and `flask export`."""

from __future__ import annotations

from pathlib import Path

import click

from store.intake.options import ImportReport
from store.schema import LAYERS
from web.cli import Progress, command, pairs, safe_line, show
from web.errors import fill
from web.i18n import current_lang, gettext
from web.intake import import_path, options_from_command
from web.noted import note_file
from web.state import atlas

SHOWN = 20


@command("import", "Import FILE into LAYER: all rows that can be taken, or nothing.")
@click.argument("layer", type=click.Choice(list(LAYERS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--crs", help="Reference system of the file: EPSG:4490, a WKT, gcj02, bd09.")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Take FIELD from COLUMN. Repeat.")
@click.option("--const", multiple=True, metavar="FIELD=VALUE", help="Give every row VALUE. Repeat.")
@click.option("--encoding", help="Encoding of the file's texts, such as GBK.")
@click.option("--timezone", help="Zone of times without one, such as Asia/Shanghai.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="How 03/04/2024 is meant.")
@click.option("--layer-name", help="Which layer of a file that has several.")
@click.option("--attribution", default="", help="Whose data it is, shown where it is used.")
@click.option("--mode", type=click.Choice(["append", "replace", "upsert"]), default="append", show_default=True)
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows not taken to this CSV."
)
@click.option("--strict", is_flag=True, help="Refuse the whole file when any row is rejected.")
@click.option("--simulated", is_flag=True, help="The rows were made by a program; every page will say so.")
@click.option("--dry-run", is_flag=True, help="Do everything but change the store.")
def import_file_command(
    layer: str,
    file: Path,
    mapping: tuple[str, ...],
    const: tuple[str, ...],
    rejects: Path | None,
    form: str,
    **given: object,
) -> None:
    """Import a file."""
    options = options_from_command(map=pairs(mapping, "--map"), const=pairs(const, "--const"), **given)
    progress = Progress()
    try:
        report = import_path(atlas(), layer, file, options, rejects, progress)
    finally:
        progress.end()
    answer = report.to_json() | {"notes": [fill(note.message, note.params) for note in report.notes]}
    show(form, answer, lambda: _print_report(report, answer["notes"], dry_run=options.dry_run))


def _print_report(report: ImportReport, notes: list[str], *, dry_run: bool) -> None:
    if dry_run:
        click.echo(gettext("Trial only: nothing was changed."))
    click.echo(
        gettext(
            "{accepted} rows accepted, {rejected} rejected, layer {layer}, revision {revision}.",
            accepted=report.accepted,
            rejected=report.rejected,
            layer=report.layer,
            revision=report.revision,
        )
    )
    click.echo(gettext("Reference system {crs}, encoding {encoding}.", crs=report.crs, encoding=report.encoding))
    for note in notes:
        click.echo(f"- {safe_line(note)}")
    lang = current_lang()
    for reject in report.rejects[:SHOWN]:
        reason = fill(reject.reason, reject.params, lang)
        remedy = fill(reject.remedy, reject.params, lang)
        place = gettext("row {row}, {field}: “{value}”", row=reject.row, field=reject.field, value=reject.value)
        click.echo(safe_line(f"! {place} – {reason} {remedy}"))
    if len(report.rejects) > SHOWN:
        click.echo(gettext("… and {count} more rejected rows.", count=len(report.rejects) - SHOWN))
    if report.rejects_file:
        click.echo(gettext("All rejected rows: {file}", file=report.rejects_file))


@command("export", "Write LAYER to FILE; the suffix says the format.")
@click.argument("layer", type=click.Choice(list(LAYERS)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--crs", help="Reference system of the file; WGS 84 when absent.")
def export_command(layer: str, file: Path, crs: str | None, form: str) -> None:
    """Export a layer."""
    from store.export import export_layer  # brings in GDAL and Arrow, which no other command needs

    note_file(layer, file, crs=crs)
    rows = export_layer(atlas().snapshot(), layer, file, crs)
    show(
        form,
        {"layer": layer, "rows": rows, "file": str(file)},
        lambda: click.echo(gettext("{rows} rows of {layer} written to {file}.", rows=rows, layer=layer, file=file)),
    )
