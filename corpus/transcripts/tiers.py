"""Plain: which tiers (ELAN, TextGrid) or styles (ASS) of a file hold the transcript."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.errors import gettext_noop
from corpus.problems import Problem
from corpus.transcripts import Tier

WORDS = re.compile(r"\b(?:words?|tokens?|mor)\b|单词|分词|词语|^词$", re.IGNORECASE)
PARTS = re.compile(
    r"\b(?:phone(?:me)?s?|phons?|syll(?:able)?s?|seg(?:ment)?s?|ipa|pinyin|sampa|gestures?|gaze|eyes?|"
    r"heads?|hands?|pose|posture|body|face|facial|au\d*|actions?|emotions?|sentiments?|affect|mood|"
    r"pitch|f0|tones?|tobi|breaks?|break.?ind(?:ex|ices)|intensity|notes?|comments?|misc|noise|"
    r"music|laughter|events?|topics?|scenes?|shots?|pos|gloss|dialog(?:ue)?.?acts?)\b|"
    r"音素|音节|音段|声调|语调|拼音|韵律|手势|动作|姿态|眼神|视线|注视|表情|面部|头部|情感|情绪|备注|注释|"
    r"批注|噪音|音乐|笑声|场景|话题|词性",
    re.IGNORECASE,
)
SIGNS = re.compile(
    r"\b(?:signs?|titles?|songs?|op|ed|openings?|endings?|karaoke|kara|lyrics?|romaji|credits?|staff|"
    r"typeset(?:ting)?|ts|notes?|screen|logo|watermark|insert|caption.?note)\b|"
    r"屏幕|字幕组|歌词|歌曲|片头|片尾|主题曲|插曲|注释|注解|标题|水印|招牌|特效|职员|制作",
    re.IGNORECASE,
)
# labels of a tier that say what it holds and not who speaks
GENERIC = (
    r"default(?:-lt)?|utt(?:erance)?s?|text|txt|tx|transcript(?:ion)?s?|transcr|orth(?:ography)?|"
    r"sent(?:ence)?s?|phrases?|turns?|speech|talk|ipus?|words?|tokens?|main|tier ?\d*|subtitles?|"
    r"文本|转写|转录|话语|句子|语句|台词|字幕|单词|词语|词|内容"
)
LABEL = re.compile(rf"(?:{GENERIC})", re.IGNORECASE)
LABELLED = re.compile(rf"(.+?)\s*[-_:/@.]+\s*(?:{GENERIC})", re.IGNORECASE)
LABELS = re.compile(rf"(?:{GENERIC})\s*[-_:/@.]+\s*(.+)", re.IGNORECASE)

NOT_TALK = gettext_noop("the name says that it holds no talk")
SINGLE_WORDS = gettext_noop("single words of what another tier holds")
DEPENDENT = gettext_noop("it belongs to another tier")
POINTS = gettext_noop("it holds points in time, no spans")
EMPTY = gettext_noop("it holds no words")
PLACED = gettext_noop("nearly all of it is placed on the picture, like signs")
EFFECT = gettext_noop("nearly all of it is an effect")
LEFT = {
    "tier": gettext_noop("Tier “%(name)s” is not read; entries with words: %(count)d."),
    "style": gettext_noop("Style “%(name)s” is not read; entries with words: %(count)d."),
}


@dataclass(frozen=True)
class TierContent:
    """A tier or style as a format's parser sees it; `reason` is why it would not be read."""

    name: str
    count: int
    example: str
    reason: str = ""


def speaker(name: str) -> str:
    """Who speaks on a tier of this name: `Mary - words` is Mary, `utterances` nobody."""
    name = name.strip()
    if LABEL.fullmatch(name):
        return ""
    found = LABELLED.fullmatch(name) or LABELS.fullmatch(name)
    return found.group(1).strip() if found else name


def chosen(kind: str, found: Sequence[TierContent], asked: Collection[str] = ()) -> list[Tier]:
    """Each tier with whether it is read: those of `asked` that there are, else those proposed.

    Where no tier would be proposed, all that hold words are.
    """
    reasons = [each.reason or (EMPTY if not each.count else "") for each in found]
    pattern = SIGNS if kind == "style" else PARTS
    named = [
        reason or (NOT_TALK if pattern.search(_parted(each.name)) else "")
        for each, reason in zip(found, reasons, strict=True)
    ]
    talk = [
        each for each, r in zip(found, named, strict=True) if not r and not _words(kind, each.name)
    ]
    if talk:
        named = [
            reason or (SINGLE_WORDS if _words(kind, each.name) else "")
            for each, reason in zip(found, named, strict=True)
        ]
    if all(named):
        named = reasons if not all(reasons) else [EMPTY if not e.count else "" for e in found]
    there = {each.name for each in found} & set(asked)
    return [
        Tier(
            each.name,
            kind,
            each.count,
            each.example[:60],
            read=each.name in there if there else not reason,
            proposed=not reason,
            reason=reason,
        )
        for each, reason in zip(found, named, strict=True)
    ]


def _words(kind: str, name: str) -> bool:
    return kind == "tier" and bool(WORDS.search(_parted(name)))


def _parted(name: str) -> str:
    """A name with blanks between its words, so that `A_phones` and `KaraTop` are seen as two."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.:/@]+", " ", name)


def left_out(tiers: Sequence[Tier]) -> list[Problem]:
    """Problems of tiers and styles with words that are not read."""
    return [
        Problem(
            0,
            tier.name[:80],
            tier.example,
            "warning",
            LEFT[tier.kind],
            {"name": tier.name, "count": tier.count},
        )
        for tier in tiers
        if tier.count and not tier.read
    ]
