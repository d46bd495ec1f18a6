"""Text encodings: byte order marks, strict UTF-8, then a guess that is always noted."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from geo.errors import N_
from store.errors import IntakeError
from store.intake.notebook import NoteBook

# What a guess may choose from, in the order of preference among equals.
CANDIDATES = ("gb18030", "big5", "big5hkscs", "shift_jis", "euc_kr", "cp1252", "cp1251", "latin-1")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 1 << 16
_PREVIEW_CHARACTERS = 60

# Frequent characters of addresses, categories and names of places, simplified and traditional.
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "省市县区镇乡村街道路号巷弄里社区网格居委会新城东西南北中心广场公园学校医院小区花园大厦楼层室栋单元门口桥河湖山海江站地铁公交派出所"
    "治安消防交通事件类别状态名称编号时间日期经度纬度盗窃抢劫诈骗纠纷火灾事故噪音垃圾违停占道已处理未结案摄像机监控枪球位置方向高度"
    "省縣區鎮鄉號弄裡網會廣場園學醫樓層棟單門橋灣鐵車類別狀態稱編時間經緯盜竊搶詐騙糾紛災聲違處結攝機監視置這個國說產種後發動過們為來對"
    "臺灣北高雄中正信義安松山和平忠孝仁愛民權重慶南京復興基隆東西段巷府銀行華龍鳳寶陽隊"
)
_WESTERN_SYMBOLS = frozenset("°±§–—’‘“”…€£©®²³½¼¾·ªº¿¡«»×")

GUESSED = N_("The encoding is not stated; {encoding} was guessed from the text. Check the preview, or give --encoding.")
DAMAGED = N_("{count} characters were already lost before this file was written (U+FFFD); they stay as they are.")
MARKED = N_("The file starts with a byte order mark; it was read as {encoding}.")


@dataclass(frozen=True)
class Detected:
    """An encoding and how it was found: "bom", "ascii", "utf-8" or "guess"."""

    name: str
    how: str

    @property
    def guessed(self) -> bool:
        return self.how == "guess"


def detect(data: bytes) -> Detected:
    """Tell the encoding of `data`: byte order mark, ASCII, strict UTF-8, else the most plausible candidate.

    Raises `IntakeError` where nothing is plausible.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Detected(name, "bom")
    wide = _unmarked_utf16(data)
    if wide:
        return Detected(wide, "guess")
    if data.isascii():
        return Detected("utf-8", "ascii")
    if decodes(data, "utf-8"):
        return Detected("utf-8", "utf-8")
    ranked = _ranked(data)
    if not ranked or ranked[0][1] <= 0:
        raise IntakeError(
            N_("The encoding of the text cannot be told."),
            N_("Give it with --encoding; possible are: {candidates}."),
            candidates=", ".join(name for name, _ in ranked) or "-",
        )
    return Detected(ranked[0][0], "guess")


def decode(data: bytes, encoding: str | None, book: NoteBook) -> tuple[str, str]:
    """Decode a whole text strictly.

    Parameters
    ----------
    data
        The bytes of the file.
    encoding
        The user's choice; None detects.
    book
        Takes the notes: a guess, a byte order mark, characters lost earlier.

    Returns
    -------
    text, encoding
        The text without byte order mark and the name of the encoding.

    Raises
    ------
    IntakeError
        Unknown encoding, or bytes that are not in it.
    """
    if encoding is None:
        found = detect(data)
        name = found.name
        if found.guessed:
            book.add(GUESSED, encoding=name)
        elif found.how == "bom":
            book.add(MARKED, encoding=name)
    else:
        name = known_encoding(encoding)
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise wrong_encoding(name, data) from error
    text = text.removeprefix("\ufeff")
    note_damage(text, book)
    return text, name


def note_damage(text: str, book: NoteBook) -> None:
    """Note replacement characters that an earlier program left in the text."""
    if "\ufffd" in text:
        book.add(DAMAGED, count=text.count("\ufffd"))


def known_encoding(name: str) -> str:
    """Return `name` if it is a text encoding that Python knows; else raise `IntakeError`."""
    try:
        "".encode(name)
    except (LookupError, UnicodeError, ValueError) as error:
        raise IntakeError(
            N_("There is no encoding named {encoding}."),
            N_("Use a name such as utf-8, gb18030, big5, shift_jis or cp1252."),
            encoding=name,
        ) from error
    return name


def wrong_encoding(name: str, data: bytes) -> IntakeError:
    """Return the error for bytes that are not in the encoding `name`, listing what they may be in."""
    candidates = ", ".join(candidate for candidate, _ in encoding_candidates(data)) or "-"
    return IntakeError(
        N_("The text is not in {encoding}."),
        N_("Give the right one with --encoding; possible are: {candidates}."),
        encoding=name, candidates=candidates,
    )


def decodes(data: bytes, name: str) -> bool:
    """Whether all of `data` is valid in the encoding."""
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def encoding_candidates(data: bytes) -> list[tuple[str, str]]:
    """Return the encodings that `data` may be in, the most plausible first, each with a preview of its text.

    `data` may be the beginning of a file, cut within a character.
    """
    names = [name for mark, name in _BOMS if data.startswith(mark)][:1]
    wide = _unmarked_utf16(data[: len(data) // 2 * 2])
    if wide and not names:
        names.append(wide)
    sample = _sample(data) if not names else data[:4096]
    if not names:
        if _begins(sample, "utf-8"):
            names.append("utf-8")
        if not sample.isascii():
            names.extend(name for name, _ in _ranked(sample, _begins))
    return [(name, _preview(sample, name)) for name in names]


def preview_choices(data: bytes, limit: int | None) -> tuple[tuple[str, str], ...]:
    """Return `encoding_candidates` for a preview of a text that is more than ASCII, else nothing."""
    return () if limit is None or data.isascii() else tuple(encoding_candidates(data))


def _begins(data: bytes, name: str) -> bool:
    """Whether `data` is valid in the encoding but for a last character that may be incomplete."""
    try:
        codecs.getincrementaldecoder(name)().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _preview(sample: bytes, name: str) -> str:
    text = sample[:4096].decode(name, "replace").removeprefix("\ufeff")
    words = " ".join(text.split())
    first = next((at for at, char in enumerate(words) if not char.isascii()), 0)
    start = max(0, first - 20)
    return words[start : start + _PREVIEW_CHARACTERS].rstrip("\ufffd")


def _unmarked_utf16(data: bytes) -> str | None:
    """Recognise UTF-16 without a mark by its zero bytes, which lie on one side of each pair."""
    head = data[:4096]
    if len(head) < 4 or len(data) % 2:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.3 and even * 10 < odd and decodes(data, "utf-16-le"):
        return "utf-16-le"
    if even > half * 0.3 and odd * 10 < even and decodes(data, "utf-16-be"):
        return "utf-16-be"
    return None


def _sample(data: bytes) -> bytes:
    """Return lines that hold more than ASCII, up to 64 KiB."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    kept, size = [], 0
    for line in data.splitlines():
        if not line.isascii():
            kept.append(line[:4096])
            size += len(kept[-1])
            if size > _SAMPLE_BYTES:
                break
    return b"\n".join(kept) or data[:_SAMPLE_BYTES]


def _ranked(data: bytes, valid: Callable[[bytes, str], bool] = decodes) -> list[tuple[str, float]]:
    """Return the candidates in which `data` is valid with their plausibility from -1 to 1, the best first."""
    scores = []
    sample = _sample(data)
    for order, name in enumerate(CANDIDATES):
        if valid(data, name):
            text = sample.decode(name, "ignore")
            scores.append((-_SCORES.get(name, _alphabetic)(text), order, name))
    return [(name, -score) for score, _, name in sorted(scores)]


# --- plausibility of a decoded text ---------------------------------------------------------------------------------


def _mean(text: str, score: Callable[[str], float]) -> float:
    values = [score(char) for char in islice((char for char in text if not char.isascii()), 4000)]
    return sum(values) / len(values) if values else 0.0


def _lead(char: str, codec: str) -> int:
    """Return the first byte of `char` in a double-byte `codec`, 0 where it has none."""
    try:
        raw = char.encode(codec)
    except UnicodeEncodeError:
        return 0
    return raw[0] if len(raw) == 2 else 0


def _fullwidth(char: str) -> bool:
    return "\u3000" <= char <= "\u303f" or "\uff01" <= char <= "\uff5e"


def _simplified(text: str) -> float:
    def score(char: str) -> float:
        if char in _FREQUENT:
            return 1.0
        lead = _lead(char, "gb2312")  # 0xB0-0xD7: level 1, the 3,755 frequent characters
        if 0xB0 <= lead <= 0xD7:
            return 0.75
        if _fullwidth(char):
            return 0.5
        if 0xD8 <= lead <= 0xF7:
            return 0.25
        return 0.1 if "\u4e00" <= char <= "\u9fff" else -1.0

    return _mean(text, score)


def _traditional(text: str) -> float:
    def score(char: str) -> float:
        if char in _FREQUENT:
            return 1.0
        lead = _lead(char, "big5")  # 0xA4-0xC6: level 1, the 5,401 frequent characters
        if 0xA4 <= lead <= 0xC6:
            return 0.7
        if _fullwidth(char):
            return 0.5
        return 0.1 if "\u4e00" <= char <= "\u9fff" else -1.0

    return _mean(text, score)


def _japanese(text: str) -> float:
    kana = any("\u3041" <= char <= "\u30fe" for char in text)

    def score(char: str) -> float:
        if "\u3041" <= char <= "\u30fe":
            return 1.0
        if "\uff61" <= char <= "\uff9f":  # half-width: what other encodings turn into by mistake
            return -0.6
        if _fullwidth(char):
            return 0.5
        if 0x88 <= _lead(char, "shift_jis") <= 0x98:
            return 0.8 if kana else 0.4
        return 0.1 if "\u4e00" <= char <= "\u9fff" else -1.0

    return _mean(text, score)


def _korean(text: str) -> float:
    def score(char: str) -> float:
        if "\uac00" <= char <= "\ud7a3":
            return 0.72 if 0xB0 <= _lead(char, "euc_kr") <= 0xC8 else -0.2
        return 0.5 if _fullwidth(char) else -0.3

    return _mean(text, score)


def _alphabetic(text: str) -> float:
    """Score single-byte encodings: letters should stand in words, of one script, not as strings of symbols."""
    total, count = 0.0, 0
    length = len(text)
    for at, char in enumerate(text):
        if char.isascii():
            continue
        count += 1
        before = text[at - 1] if at else " "
        after = text[at + 1] if at + 1 < length else " "
        if "\u0400" <= char <= "\u04ff":
            company = sum("\u0400" <= other <= "\u04ff" for other in (before, after))
            shouting = char.isupper() and before.islower()
            total += -0.5 if shouting or not company else 0.35 * company
        elif char.isalpha() and unicodedata.category(char) != "Lo":
            company = sum(other.isascii() and other.isalpha() for other in (before, after))
            strange = (char.isupper() and before.islower()) or (char.islower() and before.isupper() and after.isupper())
            crowd = not before.isascii() and not after.isascii()
            total += -0.5 if strange or crowd else (0.2, 0.7, 0.9)[company]
        elif char in _WESTERN_SYMBOLS:
            total += 0.5 if before.isascii() and after.isascii() else -0.3
        else:
            total -= 1.0
        if count >= 4000:
            break
    return total / count if count else 0.0


_SCORES: dict[str, Callable[[str], float]] = {
    "gb18030": _simplified,
    "big5": _traditional,
    "big5hkscs": _traditional,
    "shift_jis": _japanese,
    "euc_kr": _korean,
}
