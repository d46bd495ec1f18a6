"""How plausible a decoded text is: the frequent characters of a language against the debris of a wrong encoding."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import islice

# Frequent characters of addresses, categories and names of places, simplified and traditional.
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "省市县区镇乡村街道路号巷弄里社区网格居委会新城东西南北中心广场公园学校医院小区花园大厦楼层室栋单元门口桥河湖山海江站地铁公交派出所"
    "治安消防交通事件类别状态名称编号时间日期经度纬度盗窃抢劫诈骗纠纷火灾事故噪音垃圾违停占道已处理未结案摄像机监控枪球位置方向高度"
    "省縣區鎮鄉號弄裡網會廣場園學醫樓層棟單門橋灣鐵車類別狀態稱編時間經緯盜竊搶詐騙糾紛災聲違處結攝機監視置這個國說產種後發動過們為來對"
    "臺灣北高雄中正信義安松山和平忠孝仁愛民權重慶南京復興基隆東西段巷府銀行華龍鳳寶陽隊"
)
_WESTERN_SYMBOLS = frozenset("°±§–—’‘“”…€£©®²³½¼¾·ªº¿¡«»×")


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


def plausibility(name: str, text: str) -> float:
    """Return how plausible `text` is as the outcome of decoding by the encoding `name`, from -1 to 1."""
    return _SCORES.get(name, _alphabetic)(text)
