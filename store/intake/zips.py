"""ZIP archives: every member is judged before one byte is unpacked, and bytes are counted while it is."""

from __future__ import annotations

import errno
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from geo.errors import N_
from store.errors import IntakeError
from store.intake.encoding import detect

MAX_BYTES = 2 << 30
MAX_RATIO = 200
MAX_MEMBERS = 2000
_RATIO_FROM_BYTES = 64 << 20
_BLOCK = 1 << 20
_NESTED = frozenset({".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".zst", ".kmz"})
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
_DAMAGED = N_("The ZIP file is damaged or cut off.")
_AGAIN = N_("Transfer or pack it again.")


# What zipfile and its decompressors raise on broken input.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


@dataclass(frozen=True)
class Member:
    """One file in an archive: its path as the archive names it, decoded, and its entry."""

    path: PurePosixPath
    info: zipfile.ZipInfo


class Archive:
    """An archive that was judged harmless.

    Attributes
    ----------
    members
        Its files, without folders and the litter of file managers.
    """

    def __init__(self, source: zipfile.ZipFile, max_bytes: int, max_ratio: int) -> None:
        self._source = source
        self._left = max_bytes
        self._max_bytes = max_bytes
        self.members = _judge(source, max_bytes, max_ratio)

    def blocks(self, member: Member) -> Iterator[bytes]:
        """Unpack one member block by block, counting; raises `IntakeError` when it is damaged or too big."""
        try:
            with self._source.open(member.info) as stream:
                while block := stream.read(_BLOCK):
                    self._left -= len(block)
                    if self._left < 0:
                        raise _too_big(self._max_bytes)
                    yield block
        except DAMAGE as error:
            raise damaged(error) from error

    def extract(self, member: Member, target: Path) -> None:
        """Unpack one member to `target`, a name of the caller's; raises as `blocks` does."""
        with target.open("wb") as sink:
            for block in self.blocks(member):
                sink.write(block)


@contextmanager
def open_zip(path: Path, *, max_bytes: int = MAX_BYTES, max_ratio: int = MAX_RATIO) -> Iterator[Archive]:
    """Open an archive and judge all of its members.

    Parameters
    ----------
    path
        The ZIP file.
    max_bytes
        Limit of the unpacked bytes, of all members together.
    max_ratio
        Limit of unpacked to packed bytes, for archives of more than 64 MiB unpacked.

    Raises
    ------
    IntakeError
        Damaged, encrypted, too big or too many members, links, nested archives, or names that point elsewhere.
    """
    try:
        with zipfile.ZipFile(path) as source:
            yield Archive(source, max_bytes, max_ratio)
    except DAMAGE as error:
        raise damaged(error) from error


def damaged(error: Exception) -> Exception:
    """Return the refusal for what `zipfile` raised; an error of the system (a full disk) is returned as it is."""
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        return error
    return IntakeError(_DAMAGED, _AGAIN)


def _too_big(max_bytes: int) -> IntakeError:
    return IntakeError(
        N_("Unpacked, the archive would take more than {limit} MiB."),
        N_("Split it into smaller archives."),
        limit=max_bytes >> 20,
    )


def _judge(source: zipfile.ZipFile, max_bytes: int, max_ratio: int) -> list[Member]:
    entries = source.infolist()
    if len(entries) > MAX_MEMBERS:
        raise IntakeError(
            N_("The archive has {count} members; the limit is {limit}."),
            N_("Pack only the files of one layer."),
            count=len(entries),
            limit=MAX_MEMBERS,
        )
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > max_bytes:
        raise _too_big(max_bytes)
    if unpacked > _RATIO_FROM_BYTES and unpacked > max_ratio * max(1, packed):
        raise IntakeError(
            N_("The archive unpacks to {ratio} times its size, as no map data does."),
            N_("Pack the data again, or import the unpacked file."),
            ratio=unpacked // max(1, packed),
        )
    members, seen = [], set()
    for entry in entries:
        path = _safe_path(entry)
        if entry.is_dir() or _litter(path):
            continue
        if entry.flag_bits & 1:
            raise IntakeError(N_("The archive is encrypted."), N_("Pack it without a password."))
        if entry.compress_type not in _METHODS:
            raise IntakeError(
                N_("The archive is packed by a method that is not read."), N_("Pack it again as a plain ZIP (deflate).")
            )
        if path.suffix.casefold() in _NESTED:
            raise IntakeError(
                N_("The archive holds another archive, {name}."),
                N_("Unpack it and pack only its files."),
                name=str(path),
            )
        if str(path).casefold() in seen:
            raise IntakeError(N_("The archive holds {name} twice."), N_("Pack it again."), name=str(path))
        seen.add(str(path).casefold())
        members.append(Member(path, entry))
    return members


def _safe_path(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Return a member's path if it stays inside the archive and is a plain file or folder."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800 and not name.isascii():  # not marked as UTF-8: whatever the packer's system used
        raw = name.encode("cp437", "replace")
        name = raw.decode(detect(raw).name, "replace")
    name = name.replace("\\", "/")
    path = PurePosixPath(name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if "\0" in name or path.is_absolute() or ".." in path.parts or name[1:2] == ":":
        raise IntakeError(
            N_("The archive names a file outside itself: {name}."),
            N_("Pack it again, with plain names."),
            name=name.replace("\0", "\\0")[:80],
        )
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise IntakeError(
            N_("The archive holds {name}, which is a link or a device."),
            N_("Pack the files themselves."),
            name=name[:80],
        )
    return path


def _litter(path: PurePosixPath) -> bool:
    return (
        path.parts[:1] == ("__MACOSX",)
        or path.name.startswith("._")
        or path.name in (".DS_Store", "Thumbs.db", "desktop.ini")
    )
