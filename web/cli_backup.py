"""`flask backup`, `flask restore`, `flask trail`."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from pathlib import Path

import click
from flask.cli import AppGroup

from geo.errors import N_, ParameterError
from store.audit_trail import FIELDS, Entry
from store.audit_verify import Verdict, hex_of, read_head
from store.backup import check_backup, list_backups, newest_until
from store.export_tables import safe_text
from store.restore import restore
from web.backups import age_s, back_up
from web.cli import command, safe_line, show
from web.cli_table import print_table
from web.errors import fill
from web.i18n import gettext
from web.noted import note_file
from web.state import atlas

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def _folder(given: Path | None) -> Path:
    folder = given or atlas().settings.backup
    if folder is None:
        raise click.UsageError(gettext(N_("Name the folder of the backups, or set ATLAS_BACKUP.")))
    return folder


class _Backup(click.Group):
    """`flask backup FOLDER` is `flask backup make FOLDER`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["make", *args])


backup = _Backup("backup", help="Copy the store into a folder, checked, while it is in use: [make] [FOLDER], or list.")


@command("make", "Make a backup in FOLDER (ATLAS_BACKUP when absent); the oldest beyond KEEP are removed.")
@click.argument("folder", type=FOLDER, required=False)
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="Keep so many; ATLAS_BACKUP_KEEP when absent.")
def make_command(folder: Path | None, keep: int | None, form: str) -> None:
    """Make a backup."""
    state = atlas()
    made, removed = back_up(state.store, _folder(folder), keep or state.settings.backup_keep)
    answer = {**made.to_json(), "folder": str(_folder(folder)), "removed": [file.name for file in removed]}
    show(
        form, answer,
        lambda: click.echo(
            gettext(N_("Revision {revision} is kept as {file}, checked."), revision=made.revision, file=made.file.name)
        ),
    )  # fmt: skip


@command("list", "List the backups in FOLDER (ATLAS_BACKUP when absent), newest first.")
@click.argument("folder", type=FOLDER, required=False)
@click.option("--check", is_flag=True, help="Read each one whole.")
def list_command(folder: Path | None, check: bool, form: str) -> None:
    """List the backups."""
    found = list_backups(_folder(folder))
    if check:
        for one in found:
            check_backup(one.file)

    def tell() -> None:
        head = [gettext("File"), gettext("Made"), gettext("Revision"), "MiB", gettext(N_("Hours ago"))]
        rows = [
            [one.file.name, one.at, str(one.revision), f"{one.bytes / 2**20:.1f}", f"{age_s(one) / 3600:.1f}"]
            for one in found
        ]
        print_table(head, rows, left=2)

    show(form, {"backups": [one.to_json() for one in found], "checked": check}, tell)


@command("restore", "Put the backup FILE in the place of the store; the service must be stopped.")
@click.argument("file", type=FILE, required=False)
@click.option("--revision", type=click.IntRange(min=0), metavar="N", help="The newest backup of revision N or before.")
@click.option("--folder", type=FOLDER, help="Where it is looked for; ATLAS_BACKUP when absent.")
def restore_command(file: Path | None, revision: int | None, folder: Path | None, form: str) -> None:
    """Restore a backup."""
    if (file is None) == (revision is None):
        raise click.UsageError(gettext(N_("Name either a file or a revision.")))
    chosen = newest_until(_folder(folder), revision).file if revision is not None else file
    assert chosen is not None
    state = atlas()
    state.close()
    done = restore(Path(state.settings.store), chosen)
    answer = {
        "file": done.backup.file.name, "restored_revision": done.backup.revision, "revision": done.revision,
        "replaced": None if done.replaced is None else done.replaced.name, "entries": done.entries, "kept": done.kept,
    }  # fmt: skip

    def tell() -> None:
        click.echo(gettext(N_("The data of revision {old} is back, as revision {new}."), old=done.backup.revision,
                           new=done.revision))  # fmt: skip
        if done.replaced is not None:
            click.echo(gettext(N_("What was there lies in {file}."), file=done.replaced.name))
            click.echo(
                gettext(N_("{count} later entries of the audit trail were carried over."), count=done.entries)
                if done.kept
                else gettext(N_(
                    "It could not be read: accounts, tokens and the audit trail are those of the backup. Revoke again"
                    " what was revoked since."
                ))
            )  # fmt: skip

    show(form, answer, tell)


trail = AppGroup("trail", help="The audit trail: every change and every export, chained by hash.")


@command("head", "Print the last entry's number, hash and time: keep it where nobody who writes the store can.")
def head_command(form: str) -> None:
    """Print the head."""
    head = atlas().store.trail_head()
    assert head is not None  # a store begins with an entry
    show(form, head.to_json(), lambda: click.echo(json.dumps(head.to_json())))


@command("verify", "Read the whole audit trail; 1 when anything was changed, taken out, moved or cut off.")
@click.option("--head", "kept", type=FILE, help="A head that was kept; also the facts beside a backup.")
@click.pass_context
def verify_command(context: click.Context, kept: Path | None, form: str) -> None:
    """Check the trail."""
    head = None if kept is None else read_head(kept.read_text("utf-8", "replace"))
    found = atlas().store.verify_trail(head)
    show(form, verdict_json(found), lambda: _tell(found))
    if not found.whole:
        context.exit(1)


def verdict_json(found: Verdict) -> dict[str, object]:
    """Return what a check found, as JSON."""
    return {
        "whole": found.whole, "entries": found.entries, "head": None if found.head is None else found.head.to_json(),
        "compared": None if found.compared is None else found.compared.to_json(),
        "faults": [fill(fault.message, fault.params) for fault in found.faults],
    }  # fmt: skip


def _tell(found: Verdict) -> None:
    for fault in found.faults:
        click.echo(fill(fault.message, fault.params), err=True)
    if found.whole:
        click.echo(gettext(N_("All {count} entries are as they were written."), count=found.entries))
        if found.compared is None:
            click.echo(gettext(N_("Whether the end was cut off, only a head that was kept elsewhere can tell.")))


@command("export", "Write the whole audit trail to FILE (.csv or .jsonl).")
@click.argument("file", type=FILE)
def export_command(file: Path, form: str) -> None:
    """Write the trail."""
    store = atlas().store
    if file.suffix.lower() not in (".csv", ".jsonl"):
        raise ParameterError(N_("The file must end in .csv or .jsonl."), "", field="file")
    note_file("trail", file)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        count = (_write_csv if file.suffix.lower() == ".csv" else _write_lines)(aside, store.whole_trail())
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    show(
        form, {"file": str(file), "entries": count},
        lambda: click.echo(gettext(N_("{count} entries written to {file}."), count=count, file=safe_line(file))),
    )  # fmt: skip


def _write_csv(file: Path, entries: Iterable[Entry]) -> int:
    count = 0
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow((*FIELDS, "hash"))
        for entry in entries:
            texts = ["" if value is None else value for value in entry.fields()]
            writer.writerow([safe_text(one) if isinstance(one, str) else one for one in (*texts, hex_of(entry.hash))])
            count += 1
    return count


def _write_lines(file: Path, entries: Iterable[Entry]) -> int:
    count = 0
    with file.open("w", encoding="utf-8") as stream:
        for entry in entries:
            facts = dict(zip(FIELDS, entry.fields(), strict=True)) | {"hash": hex_of(entry.hash)}
            stream.write(json.dumps(facts, ensure_ascii=True) + "\n")
            count += 1
    return count


for found in (make_command, list_command):
    backup.add_command(found)
for found in (head_command, verify_command, export_command):
    trail.add_command(found)
