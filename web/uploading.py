"""Files on their way in: streamed to a folder of their own, named by chance, never by their sender."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_content_length, get_input_stream

from geo.errors import N_
from web.errors import HTTP_TEXTS, RequestError

FORM_BYTES = 1 << 20  # of the form around the file, and of what the parser holds at once
DRAIN_BYTES = 4 << 30
SPARE_BYTES = 64 << 20  # left on the disk for the store
STALE_S = 24 * 3600
_LONGEST = 1_000  # letters of a file name that are looked at
NAME = re.compile(r"[0-9a-f]{32}")
SUFFIX = re.compile(r"\.[a-z0-9]{1,12}")


@dataclass(frozen=True)
class Upload:
    """One received file; `display_name` is shown, `path` is opened."""

    id: str
    path: Path
    display_name: str
    size: int


def display_name(name: str | None) -> str:
    """Return the last part of a sender's file name, without control characters, at most 150 characters."""
    last = (name or "").replace("\\", "/").rpartition("/")[2][-_LONGEST:]
    # Categories C*: controls, direction overrides that disguise a suffix, lone surrogates.
    kept = "".join(
        sign for sign in unicodedata.normalize("NFC", last) if not unicodedata.category(sign).startswith("C")
    )
    return kept.strip().strip(".")[-150:] or "file"


def suffix(name: str) -> str:
    """Return the lower-case suffix of a display name when it is a plain one, else ""."""
    found = Path(name).suffix.lower()
    return found if SUFFIX.fullmatch(found) else ""


class Uploads:
    """The received files below one folder.

    Parameters
    ----------
    folder
        Exists; belongs to this service alone.
    limit
        Largest file, in bytes.
    owner
        Who sends and finds them; nobody finds another one's.
    """

    def __init__(self, folder: Path, limit: int, owner: str = "") -> None:
        self._folder = folder
        self._limit = limit
        self._owner = owner

    def receive(self, environ: dict[str, Any]) -> Upload:
        """Stream the one file of a multipart request to disk.

        Raises
        ------
        RequestError
            No file or several (400), too large (413), not enough room on the disk (507).
        OSError
            The disk filled up meanwhile; nothing is kept.
        """
        self.clean()
        kind, options = parse_options_header(environ.get("CONTENT_TYPE"))
        if kind != "multipart/form-data":
            raise RequestError(415, "unsupported_media_type", *HTTP_TEXTS[415])
        announced = get_content_length(environ) or 0
        if announced > self._limit + FORM_BYTES:
            drain(environ, announced)
            raise self._too_large()
        if shutil.disk_usage(self._folder).free < announced + SPARE_BYTES:
            drain(environ, announced)
            raise RequestError(507, "disk_full", *HTTP_TEXTS[507])
        upload_id = secrets.token_hex(16)
        folder = self._folder / upload_id
        folder.mkdir(mode=0o700)
        try:
            return self._parse(environ, upload_id, folder, kind, options)
        except BaseException:
            shutil.rmtree(folder)
            raise

    def _parse(
        self, environ: dict[str, Any], upload_id: str, folder: Path, kind: str, options: dict[str, str]
    ) -> Upload:
        opened: list[tuple[IO[bytes], Path, str]] = []

        def sink(
            total_content_length: int | None,
            content_type: str | None,
            filename: str | None,
            content_length: int | None = None,
        ) -> IO[bytes]:
            if opened:
                raise RequestError(400, "one_file", N_("Send one file at a time."), N_("Zip the parts of a Shapefile."))
            name = display_name(filename)
            path = folder / f"source{suffix(name)}"
            opened.append((path.open("x+b"), path, name))
            return opened[0][0]

        stream = get_input_stream(environ, max_content_length=self._limit + FORM_BYTES)
        parser = FormDataParser(stream_factory=sink, max_form_memory_size=FORM_BYTES, max_form_parts=20, silent=False)
        try:
            parser.parse(stream, kind, get_content_length(environ), options)
        except ValueError:
            raise RequestError(
                400, "form", N_("The upload is not a complete form."), N_("Send the file again.")
            ) from None
        finally:
            for handle, _, _ in opened:
                handle.close()
        if not opened:
            raise RequestError(400, "no_file", N_("The request holds no file."), N_("Choose a file first."))
        _, path, name = opened[0]
        size = path.stat().st_size
        if size > self._limit:
            raise self._too_large()
        about = {"file": path.name, "name": name, "size": size, "owner": self._owner}
        (folder / "about.json").write_text(json.dumps(about), "utf-8")
        return Upload(upload_id, path, name, size)

    def _too_large(self) -> RequestError:
        return RequestError(
            413,
            "too_large",
            N_("The file is larger than the {limit} MiB this service takes."),
            HTTP_TEXTS[413][1],
            limit=self._limit >> 20,
        )

    def find(self, upload_id: str) -> Upload:
        """Return an upload by its id.

        Raises
        ------
        RequestError
            There is none (404): removed, stale, or never there.
        """
        about = self._folder / upload_id / "about.json"
        facts = json.loads(about.read_text("utf-8")) if NAME.fullmatch(upload_id) and about.is_file() else {}
        if facts.get("owner") != self._owner:
            raise RequestError(
                404, "unknown_upload", N_("This upload is not there any more."), N_("Send the file again.")
            )
        return Upload(upload_id, about.parent / facts["file"], facts["name"], facts["size"])

    def remove(self, upload: Upload) -> None:
        """Delete an upload."""
        shutil.rmtree(self._folder / upload.id)

    def clean(self) -> None:
        """Delete uploads of yesterday and before, and what an interrupted one left."""
        clean_stale(self._folder)


def clean_stale(folder: Path) -> int:
    """Delete the folders below `folder` that lie untouched for a day; return how many."""
    oldest = time.time() - STALE_S
    stale = [path for path in folder.iterdir() if path.is_dir() and path.stat().st_mtime < oldest]
    for path in stale:
        # Another process may tidy up at the same time.
        shutil.rmtree(path, ignore_errors=True)
    return len(stale)


def drain(environ: dict[str, Any], announced: int) -> None:
    """Read a body that is refused and throw it away: a browser shows the answer only once it has sent everything."""
    left = min(announced, DRAIN_BYTES)
    while left > 0 and (chunk := environ["wsgi.input"].read(min(left, 1 << 20))):
        left -= len(chunk)
