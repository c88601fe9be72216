"""What an import check found, as people read it: labels of tracks, and lines for a terminal."""

from collections.abc import Iterator

from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language, gettext, ngettext

from core.errors import gettext_noop
from core.translation import translate
from corpus.import_check import ImportCheck
from corpus.languages import language_name
from corpus.media_info import Probe, Track
from corpus.models import Source
from corpus.problems import Problem
from corpus.transcripts.reader import Transcript

SHOWN_PROBLEMS = 200  # lines that a terminal writes out
SHOWN_NAMES = 40
IMAGES = ("pgs", "dvd", "dvb", "xsub")  # in names of codecs whose subtitles are images
CHANNELS = {1: gettext_noop("mono"), 2: gettext_noop("stereo"), 6: "5.1", 8: "7.1"}


def track_label(track: Track) -> str:
    """Language, title, codec and channels of a track, in the reader's language."""
    parts = [language_name(track.language, get_language() or "en"), track.title]
    parts.append(track.codec.replace("_", " ").upper())
    if track.channels in CHANNELS:
        parts.append(gettext(CHANNELS[track.channels]))
    elif track.channels:
        parts.append(
            ngettext("%(n)d channel", "%(n)d channels", track.channels) % {"n": track.channels}
        )
    if track.default:
        parts.append(gettext("default track"))
    return " · ".join(part for part in parts if part)


def chosen_track(probed: Probe, stream: int | None) -> Track | None:
    """The sound track that is cut: the one that was chosen, else the one that the file flags."""
    wanted = probed.track if stream is None else stream
    return next((track for track in probed.audio if track.index == wanted), None)


def unusable_reason(track: Track) -> str:
    """Why subtitles inside the media cannot be used as transcript; empty where they can."""
    if track.text:
        return ""
    if any(name in track.codec for name in IMAGES):
        return gettext(
            "These subtitles are images, not words. Turn them into text with a program for"
            " recognising characters (OCR), and upload that as transcript."
        )
    return gettext(
        "Subtitles of this kind cannot be read. Export them as SRT, and upload that as transcript."
    )


def problem_text(problem: Problem) -> str:
    """Where, what stood there and what was done about it, as one line."""
    place = f"line {problem.line}" if problem.line else ""
    where = ", ".join(part for part in (place, problem.column) if part)
    value = f"“{problem.value}” " if problem.value else ""
    words = f"{problem.outcome}: {value}{translate(problem.reason, problem.details)}"
    return f"{where}: {words}" if where else words


def lines(source: Source, check: ImportCheck, free: int) -> Iterator[str]:
    """The check of a source for a terminal."""
    yield from media_lines(source, check.media)
    if source.inspection_failure:
        yield source.inspection_failure
    yield from _words(source, check)
    for problem in check.problems[:SHOWN_PROBLEMS]:
        yield problem_text(problem)
    if len(check.problems) > SHOWN_PROBLEMS:
        yield f"and {len(check.problems) - SHOWN_PROBLEMS} more"
    needed, left = filesizeformat(check.needed), filesizeformat(free)
    yield f"the clips take at most {needed}; {left} are free"


def media_lines(source: Source, probed: Probe) -> Iterator[str]:
    """How long the media are, their picture, and the tracks that one may choose from."""
    picture = f", {probed.width}×{probed.height}" if probed.has_video else ", sound only"
    yield f"{probed.duration:.1f} s{picture}"
    chosen = chosen_track(probed, source.track)
    for track in probed.audio:
        taken = ", taken" if chosen and track.index == chosen.index else ""
        more = " (another one with --track)" if len(probed.audio) > 1 and taken else ""
        yield f"sound track {track.index}{taken}: {track_label(track)}{more}"
    for track in probed.subtitles:
        taken = ", taken" if track.index == source.subtitles else ""
        how = "" if taken or source.transcript else " (as transcript with --subtitles)"
        why = unusable_reason(track)
        yield f"subtitles {track.index}{taken}: {track_label(track)}{f' ({why})' if why else how}"


def _words(source: Source, check: ImportCheck) -> Iterator[str]:
    reading = check.reading
    if reading:
        read = [f"{len(reading.cues)} cues"]
        read += [f"{reading.sounds} sound notes left out"] if reading.sounds else []
        read += [f"{reading.empty} empty ones left out"] if reading.empty else []
        kept = "second" if reading.first else "first"
        read += [f"bilingual: the {kept} lines are kept as translation"] * reading.bilingual
        read += [f"{reading.estimated} with estimated times"] if reading.estimated else []
        read += [f"{reading.rolling} repeat the one before (--rolling)"] if reading.rolling else []
        read += [f"{reading.replaced} unreadable bytes replaced"] if reading.replaced else []
        encoding = f" ({reading.encoding})" if reading.encoding else ""
        yield f"transcript{encoding}: {', '.join(read)}"
        yield from _decisions(reading)
    elif (source.inspection or {}).get("heard"):
        yield f"speech: {len(check.cues)} stretches heard"
    else:
        yield "no transcript and no speech: one span without words"
    yield f"{len(check.cues)} utterances in {len(check.parts)} dialogues"
    if check.speakers:
        yield "speakers: " + ", ".join(f"{name} {count}" for name, count in check.speakers)


def _decisions(reading: Transcript) -> Iterator[str]:
    """What reading a transcript proposes and a person may decide otherwise."""
    for each in reading.speakers[:SHOWN_NAMES]:
        taken = "speaker" if each.taken else "no speaker"
        yield (
            f"“{each.name}” before a colon, {each.count}×: {taken}, {gettext(each.reason)};"
            f" as before “{each.examples[0]}” (--speakers)"
        )
    if len(reading.speakers) > SHOWN_NAMES:
        yield f"and {len(reading.speakers) - SHOWN_NAMES} more names before colons"
    for tier in reading.tiers if len(reading.tiers) > 1 else ():
        why = f", {gettext(tier.reason)}" if tier.reason and not tier.read else ""
        read = "read" if tier.read else "not read"
        yield f"{tier.kind} “{tier.name}”, {tier.count} entries: {read}{why} (--tiers)"
