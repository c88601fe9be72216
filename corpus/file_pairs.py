"""Plain: many files, episodes matched with their transcripts by name and folder."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.normalization import search_key
from corpus.transcripts.reader import SUFFIXES

MEDIA = {
    *(".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".ts", ".flv", ".wmv", ".mpg", ".mpeg"),
    *(".wav", ".mp3", ".m4a", ".flac", ".ogg", ".aac", ".opus", ".wma"),
}
# Folders that say what their files are, not which episode or season.
KIND_FOLDERS = {
    *("sub", "subs", "subtitle", "subtitles", "srt", "ass", "vtt", "transcript", "transcripts"),
    *("text", "texts", "video", "videos", "media", "audio", "film", "films"),
    *("字幕", "中文字幕", "文本", "转写", "视频", "音频"),
}
LANGUAGE = re.compile(
    r"(?:[ ._-]+(?:zh|zho|chi|chs|cht|cn|sc|tc|gb|big5|en|eng|ja|jpn|ko|kor|default|forced|sdh)"
    r"(?:[-_&+](?:[a-z]{2,4}|hans|hant|\d{3}))*"
    r"|[ ._-]*[(\[【]?(?:简体|繁体|简中|繁中|简英|双语|中英|中文|字幕|中字|转写)+[)\]】]?)$"
)
SHORT_TAG = re.compile(r"\.[a-z&-]{1,12}$")  # .chs&eng, .signs; after a dot alone
DIGITS = "零一二三四五六七八九"
NUMERAL = r"(\d{1,4}|[零一二三四五六七八九十百两]{1,5})"
SEASON = re.compile(rf"(?<![a-z])s(?:eason)?[ ._-]*(\d{{1,2}})(?!\d)|第{NUMERAL}季")
EPISODE = re.compile(
    rf"(?<![a-z])(?:s(?:eason)?[ ._-]*\d{{1,2}}[ ._-]*)?(?:ep?|episode)[ ._-]*(\d{{1,4}})(?!\d)"
    rf"|第{NUMERAL}[集话回期]"
)


@dataclass(frozen=True)
class Pair:
    """An episode and its transcript, as paths; one of them may be missing."""

    media: str
    transcript: str
    title: str


@dataclass
class Pairing:
    """What many files make: `pairs` in order of name, transcripts that `alternatives` to those in
    pairs, and `unusable` files, neither media nor transcripts.
    """

    pairs: list[Pair] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Name:
    """What the path of a file says: folders that matter, the stem, season and episode."""

    path: str
    suffix: str
    folders: tuple[str, ...]
    exact: str  # the stem as it is, in its normal form
    stem: str  # without a language
    episode: tuple[int | None, int] | None

    @classmethod
    def of(cls, path: str) -> "_Name":
        whole = PurePosixPath(path)
        folders = tuple(search_key(part) for part in whole.parent.parts)
        exact = search_key(whole.stem)
        kept = tuple(name for name in folders if not _is_kind(name))
        named = _without_language(exact)
        found = _episode(exact, folders)
        return cls(path, whole.suffix.lower(), kept, exact, named, found)


def pair_names(paths: Iterable[str]) -> Pairing:
    """Episodes with their transcripts. `/` parts folders; every path is used once.

    `E01.mp4` goes with `E01.srt`, else with the first of `E01.zh.srt`, `E01.chs.ass`, …, in the
    same folder or one beside or below it that holds subtitles; else with the only transcript there
    of the same episode (S01E02, 第2集, EP02).
    """
    names = [_Name.of(path) for path in sorted(set(paths))]
    media = [name for name in names if name.suffix in MEDIA]
    transcripts = [name for name in names if name.suffix in SUFFIXES]
    chosen = _by_stem(media, transcripts)
    stems = {(name.folders, name.stem) for name in media}
    alternatives = [
        name.path
        for name in transcripts
        if name not in chosen.values() and (name.folders, name.stem) in stems
    ]
    left = [name for name in transcripts if name.path not in alternatives]
    chosen |= _by_episode(media, left, chosen)
    used = {name.path for name in chosen.values()}
    alone = [name for name in left if name.path not in used]
    rows = [(name.path, chosen[name].path if name in chosen else "") for name in media]
    rows += [("", name.path) for name in alone]
    titles = _titles([episode or transcript for episode, transcript in rows])
    pairs = [Pair(*row, title) for row, title in zip(rows, titles, strict=True)]
    pairs.sort(key=lambda pair: pair.media or pair.transcript)
    usable = {name.path for name in (*media, *transcripts)}
    unusable = [name.path for name in names if name.path not in usable]
    return Pairing(pairs, alternatives, unusable)


def pair(files: Iterable[Path]) -> tuple[list[tuple[Path, Path | None]], list[Path]]:
    """Each episode with its transcript or None, in order of name; and transcripts left over."""
    found = pair_names(path.as_posix() for path in files)
    pairs = [
        (Path(row.media), Path(row.transcript) if row.transcript else None)
        for row in found.pairs
        if row.media
    ]
    return pairs, [Path(row.transcript) for row in found.pairs if not row.media]


def _by_stem(media: list[_Name], transcripts: list[_Name]) -> dict[_Name, _Name]:
    """Episodes with the transcript of the same stem, the best where there are several."""
    fitting = [
        ((t.exact != m.exact, SUFFIXES.index(t.suffix), t.path), m, t)
        for m in media
        for t in transcripts
        if t.folders == m.folders and m.exact in (t.exact, t.stem)
    ]
    chosen: dict[_Name, _Name] = {}
    for _rank, episode, transcript in sorted(fitting, key=lambda row: row[0]):
        if episode not in chosen and transcript not in chosen.values():
            chosen[episode] = transcript
    return chosen


def _by_episode(
    media: list[_Name], transcripts: list[_Name], taken: dict[_Name, _Name]
) -> dict[_Name, _Name]:
    """Episodes with the one transcript of the same number, where there is one of each."""

    def key(name: _Name) -> tuple[tuple[str, ...], tuple[int | None, int] | None]:
        return name.folders, name.episode

    waiting = [name for name in media if name not in taken and name.episode]
    free = [name for name in transcripts if name not in taken.values() and name.episode]
    found = {}
    for episode in waiting:
        same = [name for name in free if key(name) == key(episode)]
        if len(same) == 1 and sum(key(name) == key(episode) for name in waiting) == 1:
            found[episode] = same[0]
    return found


def _is_kind(folder: str) -> bool:
    return folder in KIND_FOLDERS or bool(LANGUAGE.fullmatch(f".{folder}"))


def _without_language(stem: str) -> str:
    """The stem without a language such as `.zh`, `.chs&eng` or `中文字幕` after it."""
    while (shorter := LANGUAGE.sub("", stem)) not in ("", stem):
        stem = shorter
    return SHORT_TAG.sub("", stem) or stem


def _episode(stem: str, folders: tuple[str, ...]) -> tuple[int | None, int] | None:
    """(season, episode) as a name and the folders above it say, or None."""
    found = EPISODE.search(stem)
    if not found:
        return None
    season = next(filter(None, (SEASON.search(name) for name in (stem, *reversed(folders)))), None)
    return _number(season) if season else None, _number(found)


def _number(found: re.Match[str]) -> int:
    """The number that one of the groups of a match writes, in digits or Chinese."""
    text = next(group for group in found.groups() if group)
    if text.isdigit():
        return int(text)
    total, last = 0, 0
    for character in text.replace("两", "二"):
        if character in "十百":
            total += (last or 1) * (10 if character == "十" else 100)
            last = 0
        else:
            last = DIGITS.index(character)
    return total + last


def _titles(paths: list[str]) -> list[str]:
    """What each file is called: its stem, with the folders above it where that is not enough."""
    stems = [PurePosixPath(path).stem for path in paths]
    whole = [str(PurePosixPath(path).with_suffix("")) for path in paths]
    names = [long if stems.count(short) > 1 else short for short, long in zip(stems, whole)]
    return [name[-80:] for name in names]
