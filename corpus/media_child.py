"""Plain: the process that reads and writes media for others: `python -m corpus.media_child`.

The first line of its standard input says how it is confined, each further one asks for one of WORK;
answers are lines of JSON, too: how far it is, then what came of it or what is wrong. Whatever
libraries print goes to standard error.
"""

import errno
import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.confinement import Confinement, confine, limit_cpu
from core.errors import UserError
from core.full_disk import is_full_disk
from corpus import clip_comparison, clip_writer, media, shot_detection, speech, subtitle_tracks
from corpus.media_info import Probe, Track

Report = Callable[[float], None]


def probe(report: Report, path: str, quick: bool) -> dict[str, Any]:
    return asdict(media.probe(Path(path), quick))


def shots(report: Report, path: str) -> list[dict[str, Any]]:
    return [asdict(shot) for shot in shot_detection.shots(Path(path), report)]


def extract_subtitles(report: Report, path: str, track: dict[str, Any]) -> tuple[str, str]:
    suffix, words = subtitle_tracks.extract_subtitles(Path(path), Track(**track))
    return suffix, words.decode()


def recognise_speech(
    report: Report, path: str, listening: dict[str, Any], track: int | None
) -> list[dict[str, Any]]:
    heard = speech.Listening(**listening)
    return [asdict(cue) for cue in speech.recognise_speech(Path(path), heard, report, track)]


def cut(
    report: Report,
    path: str,
    probed: dict[str, Any],
    spans: list[list[float]],
    targets: list[str],
    track: int | None,
    exact: bool,
) -> list[dict[str, Any]]:
    clips = clip_writer.cut(
        Path(path),
        Probe.from_json(probed),
        [(start, end) for start, end in spans],
        lambda index: Path(targets[index]),
        lambda index: report((index + 1) / len(spans)),
        track=track,
        exact=exact,
    )
    return [asdict(clip) for clip in clips]


def derive(report: Report, clip: str, probed: dict[str, Any]) -> None:
    clip_writer.derive(Path(clip), Probe.from_json(probed))


def sound_poster(report: Report, clip: str, image: str) -> None:
    media.sound_poster(Path(clip), Path(image))


def extract_picture(report: Report, clip: str, target: str) -> None:
    media.extract_picture(Path(clip), Path(target))


def extract_sound(report: Report, clip: str, target: str) -> None:
    media.extract_sound(Path(clip), Path(target))


def extract_span(report: Report, sound: str, start: float, end: float, target: str) -> None:
    media.extract_span(Path(sound), start, end, Path(target))


def measure(report: Report, path: str, track: int | None) -> float:
    """Seconds at which the picture begins, 0 without one; `check_clip` uses what was measured."""
    measured = clip_comparison.measure(Path(path), track, report_progress=report)
    _latest.clear()
    _latest[path, track] = measured
    return float(measured.frames[0]) if len(measured.frames) else 0.0


def check_clip(
    report: Report, path: str, track: int | None, clip: str, start: float, end: float
) -> list[dict[str, Any]]:
    if (path, track) not in _latest:  # the process that measured it has died
        measure(lambda share: None, path, track)
    found = clip_comparison.check_clip(_latest[path, track], Path(clip), start, end)
    return [asdict(one) for one in found]


_latest: dict[tuple[str, int | None], clip_comparison.Measure] = {}


WORK: dict[str, Callable[..., Any]] = {
    one.__name__: one
    for one in (
        *(probe, shots, extract_subtitles, recognise_speech, cut, derive, sound_poster),
        *(extract_picture, extract_sound, extract_span, measure, check_clip),
    )
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**answer: Any) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    first = json.loads(sys.stdin.readline())
    tell(missing=confine(Confinement(**first["allowed"]), first["parent"]))
    for line in sys.stdin:
        asked = json.loads(line)
        limit_cpu(asked["cpu_seconds"])
        try:
            work = WORK[asked["work"]]
            tell(result=work(lambda share: tell(progress=share), *asked["arguments"]))
        except Exception as error:
            tell(error=description(error))


def description(error: Exception) -> dict[str, Any]:
    """What was wrong, for the process that asked: a UserError by its class, template and values."""
    if _lacks_memory(error):
        return {"kind": "memory"}
    if isinstance(error, UserError):
        number = errno.ENOSPC if is_full_disk(error) else 0
        return {"kind": type(error).__name__, "errno": number} | error.to_json()
    traceback.print_exc()
    return {"kind": "fault", "what": f"{type(error).__name__}: {error}"[:500]}


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether the error, or one that led to it, says that there was not enough memory."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    main()
