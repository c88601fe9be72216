"""Plain: names before a colon. Whether the words before a colon name a speaker is a proposal that
a person checks: every candidate is listed with how often it stands there, examples, and the reason.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.errors import gettext_noop
from core.normalization import normalized
from corpus.transcripts.lexicon import (
    DOUBLE,
    ENDS,
    FIRST_NAMES,
    LATIN_STOP,
    NAME_ENDS,
    NO_NAMES,
    ROLES,
    SHORT_NO,
    STARTS,
    STARTS_EXACT,
    SURNAMES,
    TITLES,
    TWICE,
)

LONGEST = 30  # characters of a name
LONGEST_HAN = 8
EXAMPLES = 3
SAYS = "说道喊叫骂吼嚷曰"  # ends what is said of somebody, `张三道`, and hardly a name
OFTEN = 3  # times that an unknown name stands before a colon until it is taken for a name
SOMETIMES = 2
MANY = 10  # times, in a file with names, until even what begins a sentence is taken for a name
USUAL = 0.2  # share of lines with a name that makes names usual in a file

SIGN = r"[^:：,，。！？!?“”\"《》<>{}【】\[\]［］;；…|=()（）\n]"  # what a name may hold
NOTE = r"[(（][^()（）:：\n]{1,20}[)）]"
PLAIN = re.compile(
    rf"\s*(?P<name>{SIGN}{{1,40}}?)\s*(?P<note>{NOTE})?\s*(?P<colon>[:：])(?P<gap>\s*)(?P<rest>.*)",
    re.DOTALL,
)
BRACKETED = re.compile(
    rf"\s*(?P<open>[【\[［(（])\s*(?P<name>{SIGN}{{1,40}}?)\s*(?P<inner>[:：])?\s*(?P<close>[】\]］)）])"
    r"\s*(?P<colon>[:：])?(?P<gap>\s*)(?P<rest>.*)",
    re.DOTALL,
)
PAIRS = {"【": "】", "[": "]", "［": "］", "(": ")", "（": "）"}
SCHEME = re.compile(
    r"(?:https?|ftps?|sftp|mailto|file|tel|sms|rtsp|rtmp|magnet|data|javascript|wss?|ssh|git)$",
    re.I,
)
SMILEY = re.compile(r"[-'^]?[)(DdPpOo3/\\|\]\[*><]+(?=$|[\s，。！？,.!?~～])")
SHORTCODE = re.compile(r"[a-z0-9_+-]+:(?=$|\s|[，。！？])", re.I)
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇]")
ONLY_HAN = re.compile(rf"(?:{HAN.pattern}|·|・)+")
INSIDE = re.compile(r"[^\w\s.'’·・&#/()（）_@+-]")

SOUNDS = re.compile(r"[小大低轻高尖齐笑哭]声|[哭笑叹喊]|独白?|音乐|掌声|鼓掌|沉默|停顿|旁白")
SPEAKER_LABEL = re.compile(  # alone, or with a number or letter
    r"(?:speaker|spk|spkr|participant|interviewer|interviewee|guest|host|man|woman|boy|girl|"
    r"male|female|student|teacher|doctor|patient|nurse|voice|caller|officer|agent|user|"
    r"assistant|system|narrator|announcer|reporter|waiter|waitress|driver|mother|father|mom|"
    r"mum|dad|son|daughter|all|both|crowd|audience|customer|director|policeman|policewoman|"
    r"singer|presenter|professor|boss|guy|clerk"
    r")(?:\s*[ _#-]?\s*#?(?:\d{1,4}|[A-Za-z]))?",
    re.I,
)
NUMBERED_LABEL = re.compile(
    r"(?:subject|person|说话人|讲话人|发言人|嘉宾|主持人|同学|路人|学生|观众|角色|男|女|被试|受访者|访员|人物|声音|"
    r"村民|群众|士兵|服务员|店员|乘客|[男女][生声人]|老师|医生|家长|记者|评委|选手)"
    r"\s*[ _#-]?\s*(?:\d{1,4}|[A-Za-z]|[甲乙丙丁一二三四五六七八九十])",
    re.I,
)
LETTER = re.compile(r"[A-Za-z]\d{0,3}|[甲乙丙丁问答]")
NUMBER = re.compile(r"[甲乙丙丁一二三四五六七八九十]|\s*[A-Za-z]?\d{0,3}")  # after a role
KIN = frozenset("叔姨婶伯爷奶妈爸嫂哥姐弟妹舅姑")
CAPITAL_INSIDE = re.compile(r"(?:[OD]['’]|Mc|Mac)[A-Z][a-z]+")
LATIN_WORD = re.compile(
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’]*\.?|d['’][A-Z]\w+|(?:de|da|di|del|der|den|van|von|la|le|bin|al|of|the|y|e))",
    re.UNICODE,
)
HANGUL_SURNAMES = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구"
KANA_NAME = re.compile(r".{1,8}(?:さん|ちゃん|くん|君|様|さま|先生|先輩|殿)")
HANGUL_NAME = re.compile(rf"[{HANGUL_SURNAMES}][가-힣]{{1,2}}")

NAME = gettext_noop("looks like a name")
ROLE = gettext_noop("names a role")
RECURS = gettext_noop("stands before a colon again and again")
ONCE = gettext_noop("stands there too seldom and is no usual name")
SENTENCE = gettext_noop("begins a sentence or a heading")
BRACKETS = gettext_noop("stands in brackets, which may hold a note")
TICKED = gettext_noop("chosen by a person")
UNTICKED = gettext_noop("left in the words by a person")


@dataclass(frozen=True)
class Prefix:
    """What stands before the words of a line: a name, maybe a note such as `（低声）`, a colon."""

    name: str
    words: str  # what follows, with the note before it
    bracketed: bool  # in brackets without a colon
    round: bool = False  # in round brackets, which usually hold a note


@dataclass(frozen=True)
class Candidate:
    """A possible speaker: the name, how often it stands before a colon, examples of the words."""

    name: str
    count: int
    examples: tuple[str, ...]
    taken: bool
    proposed: bool
    reason: str
    aliases: tuple[str, ...] = ()  # what the lines in the other language call the speaker


def prefix(line: str) -> Prefix | None:
    """What may name a speaker at the start of a line of talk; None if nothing can.

    Numbers, clock times, scores, ratios, addresses, drives and emoticons never do.
    """
    found = BRACKETED.match(line)
    if found:
        if PAIRS[found["open"]] != found["close"] or (found["inner"] and found["colon"]):
            return None
        colon = found["inner"] or found["colon"] or ""
        if not _possible(found["name"].strip(), colon, " ", found["rest"]):
            return None
        return Prefix(
            found["name"].strip(), found["rest"].strip(), not colon, found["open"] in "(（"
        )
    found = PLAIN.match(line)
    if not found:
        return None
    name = found["name"].strip()
    if not _possible(name, found["colon"], found["gap"], found["rest"]):
        return None
    return Prefix(name, f"{found['note'] or ''}{found['rest'].strip()}", False)


def _possible(name: str, colon: str, gap: str, rest: str) -> bool:
    if not name or len(name) > LONGEST or INSIDE.search(name) or not re.search(r"[^\W\d_]", name):
        return False
    if len(HAN.findall(name)) > LONGEST_HAN or len(name.split()) > 4:
        return False
    if rest.startswith((":", "：")):
        return False
    if name[0].isdigit():
        return False  # `4人：`, `8点15：`, `1.`
    if not gap:
        if name[-1].isdigit() and rest[:1].isdigit():
            return False  # a score, a clock, a ratio
        if rest.startswith(("//", "\\")) or SCHEME.search(name):
            return False
        if len(name) == 1 and name.isascii() and rest.startswith("/"):
            return False
        if colon == ":" and (SMILEY.match(rest) or SHORTCODE.match(rest)):
            return False
    return True


@lru_cache(4096)
def plausible(name: str) -> str:
    """Why a name is one, a reason to be shown; empty if nothing in it says so."""
    name = unicodedata.normalize("NFKC", name).strip()
    parts = re.split(r"\s*[/&+]\s*|\s+and\s+", name)
    reasons = [_plausible(part) for part in parts if part]
    return reasons[0] if reasons and all(reasons) else ""


def _plausible(name: str) -> str:
    if NUMBERED_LABEL.fullmatch(name):
        return ROLE
    if ONLY_HAN.fullmatch(name):
        return _plausible_han(name)
    if SPEAKER_LABEL.fullmatch(name):
        return ROLE
    if KANA_NAME.fullmatch(name) or HANGUL_NAME.fullmatch(name):
        return NAME
    if HAN.search(name):
        return _plausible_parts(name)
    return _plausible_latin(name)


def _plausible_parts(name: str) -> str:
    """A name with blanks, `记者 王五` or `王 五`, or with a number after it, `小李2`."""
    parts = name.split()
    if len(parts) > 1 and all(map(ONLY_HAN.fullmatch, parts)):
        if all(len(part) == 1 for part in parts):
            return _plausible_han("".join(parts))
        return ROLE if all(map(_plausible_han, parts)) else ""
    stem = re.sub(r"\s*[A-Za-z\d]{1,3}$", "", name)
    return _plausible_han(stem) if ONLY_HAN.fullmatch(stem) else ""


def _plausible_han(name: str) -> str:
    if name in ROLES or (name[:-1] in ROLES and NUMBER.fullmatch(name[-1])):
        return ROLE
    if name[:2] in ROLES and name[2:] in ROLES:
        return ROLE  # 司机师傅
    if name[0] in "大二三四五六七八九小老" and (name[1:] in KIN or name[1:] in ROLES):
        return ROLE  # 二叔
    if opens_sentence(name):
        return ""
    if "·" in name or "・" in name:
        return NAME
    if len(name) > 2 and name[-1] in "甲乙丙丁员者犯师官":
        return ROLE
    if len(name) <= 6 and any(name.endswith(role) for role in ROLES if len(role) > 1):
        return ROLE
    if len(name) in (2, 3) and name[0] in "老小阿大" and name not in SHORT_NO:
        return NAME
    if len(name) in (2, 3) and name[0] in SURNAMES and name[1:] in TITLES:
        return NAME
    if len(name) in (3, 4) and name[:2] in DOUBLE:
        return NAME
    if len(name) == 2 and name[0] == name[1] and name not in TWICE:
        return NAME
    if len(name) in (2, 3) and name[0] in SURNAMES:
        return NAME
    return ""


def opens_sentence(name: str) -> bool:
    """True for words that begin a sentence or are a heading, such as `他说`, `注意`, `地址`."""
    name = unicodedata.normalize("NFKC", name).strip()
    if not HAN.search(name):
        return _latin_stop(name)
    if name in ROLES or name[:2] in DOUBLE and len(name) in (3, 4):
        return False
    if (
        name in NO_NAMES
        or name in SHORT_NO
        or any(name.startswith(w) and w in NO_NAMES for w in (name[:2], name[:3]))
    ):
        return True
    named = name[0] in SURNAMES and len(name) in (2, 3)
    if named and name[-1] in SAYS:
        return True
    for start in STARTS:
        if name == start or (
            name.startswith(start) and start not in STARTS_EXACT and not (named and len(start) == 1)
        ):
            return True
    for end in ENDS:
        if name.endswith(end) and len(name) > len(end):
            if named and end in NAME_ENDS:
                continue
            return True
    return False


def _latin_stop(name: str) -> bool:
    words = [word.strip(".'’").lower() for word in re.split(r"[\s_-]+", name)]
    return any(word in LATIN_STOP for word in words) and not SPEAKER_LABEL.fullmatch(name)


def _plausible_latin(name: str) -> str:
    words = re.split(r"[\s-]+", name)
    if name.isupper() and len(words) > 1 and SPEAKER_LABEL.fullmatch(words[0]):
        return ROLE  # MAN ON PHONE
    if words[0].lower() == "the" and len(words) == 2 and SPEAKER_LABEL.fullmatch(words[1]):
        return ROLE
    if LETTER.fullmatch(name) or _latin_stop(name):
        return ""
    numbered = len(words) > 1 and re.fullmatch(r"#?\d{1,3}", words[-1])
    if numbered:
        words = words[:-1]
    if not all(LATIN_WORD.fullmatch(word) for word in words) or not words[0][:1].isupper():
        return ""
    if CAPITAL_INSIDE.fullmatch(name):
        return NAME  # O'Brien
    if len(words) > 1 or numbered or (name.isupper() and len(name) > 2):
        return NAME
    return NAME if name.lower() in FIRST_NAMES else ""


@dataclass(frozen=True)
class Choice:
    """What a person decided about names before colons; see `reading.Options`."""

    prefixes: str = "proposed"  # "proposed" | "none" | "listed"
    names: tuple[str, ...] = ()  # the only ones, where they are listed
    taken: tuple[str, ...] = ()  # though not proposed
    left: tuple[str, ...] = ()  # though proposed


def candidates(lines: Iterable[str], choice: Choice = Choice()) -> list[Candidate]:  # noqa: B008
    """Every name before a colon at the start of one of `lines`, and whether it is taken.

    The commonest come first.
    """
    found: dict[str, list[Prefix]] = {}
    count = 0
    for line in lines:
        count += 1
        named = prefix(line)
        if named and named.words:
            found.setdefault(named.name, []).append(named)
    usual = sum(
        len(own) for name, own in found.items() if not opens_sentence(name) and not own[0].bracketed
    )
    letters = sum(len(own) for name, own in found.items() if LETTER.fullmatch(name))
    context = _Context(usual >= USUAL * max(count, 1), letters)
    result = []
    for name, own in found.items():
        proposed, reason = _proposed(name, own, context)
        examples = tuple(dict.fromkeys(each.words[:40] for each in own))[:EXAMPLES]
        each = Candidate(name, len(own), examples, proposed, proposed, reason)
        result.append(_decided(each, choice))
    return sorted(result, key=lambda each: (-each.count, not each.taken))


@dataclass(frozen=True)
class _Context:
    usual: bool  # names stand before many of the file's lines
    letters: int  # lines with a single letter for a name


def _proposed(name: str, own: Sequence[Prefix], context: _Context) -> tuple[bool, str]:
    bracketed = all(each.bracketed for each in own)
    reason = plausible(name)
    if bracketed:
        sure = bool(reason) and len(own) >= SOMETIMES and not SOUNDS.fullmatch(name)
        return sure and not own[0].round, reason if sure and not own[0].round else BRACKETS
    if reason:
        return True, reason
    if LETTER.fullmatch(name):
        return context.letters > 1, RECURS if context.letters > 1 else ONCE
    if opens_sentence(name) and not (context.usual and len(own) >= MANY):
        return False, SENTENCE
    often = len(own) >= OFTEN or (len(own) >= SOMETIMES and context.usual)
    return often, RECURS if often else ONCE


def _decided(each: Candidate, choice: Choice) -> Candidate:
    taken, reason = each.proposed, each.reason
    if choice.prefixes == "none":
        return replace(each, taken=False, reason=UNTICKED)
    if choice.prefixes == "listed":
        taken = normalized(each.name) in set(map(normalized, choice.names))
    elif normalized(each.name) in set(map(normalized, choice.taken)):
        taken = True
    elif normalized(each.name) in set(map(normalized, choice.left)):
        taken = False
    if taken != each.proposed:
        reason = TICKED if taken else UNTICKED
    return replace(each, taken=taken, reason=reason)


def names(found: Iterable[Candidate]) -> Collection[str]:
    """The names that are taken, as they stand."""
    return {each.name for each in found if each.taken}
