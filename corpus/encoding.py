"""Plain: bytes of a text file into text, with the encoding recognised and named.

An encoding is recognised by what its text would say: charset-normalizer took a page of Big5 for
GB18030 and short Korean for Chinese, and knows no file with a single damaged byte.
"""

import codecs
import re
import threading
from dataclasses import dataclass, replace

from core.errors import UserError, gettext_noop

# what a person may choose from
ENCODINGS = (
    *("utf-8", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "utf-16", "utf-16-le"),
    *("utf-16-be", "utf-32", "windows-1252", "windows-1251", "iso-8859-1"),
)
CODECS = {  # the wider encoding that files of this name are written in
    "utf-8": "utf-8-sig",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
}
CANDIDATES = ("gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "windows-1252", "windows-1251")
STRAY = 0.01  # share of zeros that a text may hold by mistake
SAMPLE = 64 * 1024  # bytes that are looked at
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
LIKELY = 0.3  # mean of what a letter says for its encoding, from which one is recognised
SOUND = 10  # bytes of letters for each damaged place, from which a damaged file is UTF-8
DAMAGED = re.compile("\ufffd+")
REPLACEMENT = "\ufffd"

FREQUENT = frozenset(  # of running text in simplified and in traditional Chinese, and in Japanese
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多"
    "经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性"
    "知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次"
    "度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建"
    "务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路"
    "记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运谁吗吧呢啊哪喂嗯哦唉您谢请等妈爸爱笑哭"
    "這個們來為國說時會對過發後裡種經麼學現當沒動還進樣從實軍無與長機關點業將兩間問並應戰頭體見產話給門東聲員論處義認條題爾別變"
    "總電數報結務場計資許統區隊決馬書則聽卻達強難權設記類據邊張規萬覺術領確傳師觀讓識帶導爭運誰嗎謝請媽愛"
    "日本語人大今何私思見行来言出気分手話間前時彼女会長事"
    "이가는을를에의도고다한지사아어나그하기자대서인은해시로리으라있수정게일것들전상여보부니요네안세야거만면마내왜뭐저우럼"
    "오와과주말더데까없않잘못려습감녕죄송님씨무물방생선알같좋또응래"
)


class EncodingError(UserError):
    """Bytes that are no text in an encoding we know."""


@dataclass(frozen=True)
class Damage:
    """Bytes that are no text: where they stand (offset from 0, line from 1) and what they are."""

    offset: int
    line: int
    bytes: bytes


def detect(data: bytes) -> str:
    """The encoding of `data`: a byte order mark, else UTF-8 if it is valid, else the likeliest.

    A file in which few bytes are damaged counts as what the others are. Raises EncodingError if
    none is likely.
    """
    marked = _marked(data)
    if marked:
        return marked
    sample = data[:SAMPLE]
    wide = _wide(sample)
    if wide:
        return wide
    if sample.count(0) <= max(1, len(sample) * STRAY):
        if decodes(data, "utf-8"):
            return "gb18030" if _chance(sample) else "utf-8"
        if _damaged_utf8(sample.decode("utf-8", "replace")):
            return "utf-8"
        likely = max(CANDIDATES, key=lambda name: _likelihood(sample, name))
        if _likelihood(sample, likely) >= LIKELY:
            return likely
    raise EncodingError(
        gettext_noop(
            "The encoding of the file is not recognised; it is not text in UTF-8, UTF-16,"
            " GB18030 or Big5, nor in %(others)s. Choose its encoding, or save it as UTF-8 and try"
            " again."
        ),
        others="Shift-JIS, EUC-JP, EUC-KR, Windows-1252, Windows-1251",
    )


def decode(data: bytes, encoding: str = "", replacing: bool = False) -> str:
    """The text, without byte order mark and with \\n line ends; detected if none is named.

    Raises EncodingError, naming line and byte, if bytes are not text in that encoding; with
    `replacing` each such place reads as U+FFFD.
    """
    encoding = encoding or detect(data)
    codec = CODECS.get(encoding.lower(), encoding)
    try:
        text = data.decode(codec, "replace" if replacing else "strict")
    except UnicodeDecodeError as error:
        raise _damaged(data, encoding) from error
    except LookupError as error:
        raise EncodingError(
            gettext_noop("The file is not text in %(encoding)s. Choose another encoding."),
            encoding=encoding,
        ) from error
    return _one_kind_of_line_end(text.removeprefix("\ufeff"))


def _one_kind_of_line_end(text: str) -> str:
    """`text` with \\n for \\r\\n, \\r, and \\r\\r\\n, which a faulty copy leaves."""
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")


def damages(data: bytes, encoding: str) -> list[Damage]:
    """Each place of `data` that is no text in the encoding, in order. Raises LookupError."""
    codec = CODECS.get(encoding.lower(), encoding)
    _found.places = []
    data.decode(codec, _NOTED)
    result: list[Damage] = []
    line, place = 1, 0
    wide = "utf_16" in codecs.lookup(codec).name or "utf-16" in codec or "utf-32" in codec
    for start, end in _found.places:
        before = data[place:start]
        if wide:
            before = before.decode(codec, "replace").encode()
        line += (
            before.replace(b"\r\r\n", b"\n")
            .replace(b"\r\n", b"\n")
            .replace(b"\r", b"\n")
            .count(b"\n")
        )
        if result and result[-1].offset + len(result[-1].bytes) == start:
            result[-1] = replace(result[-1], bytes=result[-1].bytes + data[start:end])
        else:
            result.append(Damage(start, line, data[start:end]))
        place = start
    return result


_found = threading.local()  # places that the decoding of this thread came upon


def _note(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    end = max(error.end, error.start + 1)
    _found.places.append((error.start, end))
    return REPLACEMENT, end


_NOTED = "shengqing.noted"
codecs.register_error(_NOTED, _note)


def _damaged(data: bytes, encoding: str) -> EncodingError:
    found = damages(data, encoding)
    return EncodingError(
        gettext_noop(
            "The file is not text in %(encoding)s: in line %(line)d, at byte %(offset)d, stands"
            " 0x%(bytes)s, which is no character (such places: %(count)d). Choose another encoding,"
            " or have them replaced by �."
        ),
        encoding=encoding,
        line=found[0].line,
        bytes=found[0].bytes[:8].hex(),
        offset=found[0].offset,
        count=len(found),
    )


def _marked(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8" if data.startswith(codecs.BOM_UTF8) and b"\x00" not in data[:SAMPLE] else ""


def _wide(sample: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, known by the zeros in its digits and line ends."""
    if b"\x00" not in sample:
        return ""
    scores = {name: _likelihood(sample, name, whole=True) for name in WIDE}
    likely = max(WIDE, key=lambda name: scores[name])
    return likely if scores[likely] >= LIKELY else ""


def _likelihood(sample: bytes, encoding: str, whole: bool = False) -> float:
    """How much a sample looks like text in an encoding, about -2 to 1: the mean of its letters.

    Letters of ASCII count only with `whole`: they are the same in all but UTF-16 and UTF-32.
    """
    text = sample.decode(CODECS.get(encoding, encoding), "replace")
    found = [_says(text, index) for index, sign in enumerate(text) if whole or sign > "\x7f"]
    return sum(found) / len(found) if found else 0.0


def _says(text: str, index: int) -> float:
    """How much one sign speaks for the encoding, less than 0 if it hardly occurs in text."""
    sign, code = text[index], ord(text[index])
    if sign in FREQUENT or 0x3041 <= code <= 0x30FC or " " <= sign <= "~" or sign in "\t\n\r":
        return 1.0
    if 0x3001 <= code <= 0x3011 or code in (0x2026, 0x2014, 0xFF0C, 0xFF01, 0xFF1F, 0xFF1A):
        return 0.8
    if 0x0410 <= code <= 0x0451:
        return 0.7 if _beside(text, index, "\u0410", "\u0451") else -0.5
    if 0xC0 <= code <= 0xFF or code in (0x152, 0x153, 0x2018, 0x2019, 0x201C, 0x201D):
        return 0.7 if _accented(text, index) else -0.7
    if 0xFF01 <= code <= 0xFF5E or sign in "→←↑↓♪♫★☆●○■□◆※①②③④⑤·—‘’“”《》〈〉":
        return 0.5
    if 0x4E00 <= code <= 0x9FFF or 0xA1 <= code <= 0xBF:
        return 0.2
    if 0xAC00 <= code <= 0xD7A3 or 0x2010 <= code <= 0x203B:
        return 0.1
    return -2.0 if sign in (REPLACEMENT, "\0") else -1.5


def _beside(text: str, index: int, first: str, last: str) -> bool:
    """True if a sign between `first` and `last` stands beside the one at `index`."""
    near = text[max(index - 1, 0) : index] + text[index + 1 : index + 2]
    return any(first <= sign <= last for sign in near)


def _damaged_utf8(text: str) -> bool:
    """True if the letters beyond ASCII are many beside the places that are no UTF-8.

    A letter of three bytes is hardly found by chance; it counts twice as much as one of two.
    """
    letters = [sign for sign in text if sign > "\x7f" and sign != REPLACEMENT]
    weight = sum(2 if sign > "\u07ff" else 1 for sign in letters)
    return bool(letters) and weight >= SOUND * len(DAMAGED.findall(text))


def _accented(text: str, index: int) -> bool:
    """True if a sign stands alone or beside a letter of ASCII, as letters with accents do."""
    near = text[max(index - 1, 0) : index] + text[index + 1 : index + 2]
    return near.isascii() or any(sign.isascii() and sign.isalpha() for sign in near)


def _chance(sample: bytes) -> bool:
    """True if text is UTF-8 by chance only: `谢谢` in GB18030 are the bytes of `лл`."""
    text = sample.decode("utf-8", "ignore")
    if text.isascii() or any(sign > "\u07ff" for sign in text):
        return False
    return _likelihood(sample, "gb18030") > max(_likelihood(sample, "utf-8") + 0.1, 0.6)


def decodes(data: bytes, encoding: str) -> bool:
    """Whether all of the bytes are text in the encoding."""
    try:
        data.decode(CODECS.get(encoding, encoding))
    except UnicodeDecodeError:
        return False
    return True
