"""Plain: a folder of episodes and transcripts, matched by name."""

from collections.abc import Iterable
from pathlib import Path

from corpus.transcripts.reader import SUFFIXES

MEDIA = {
    *(".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".ts", ".flv", ".wmv", ".mpg", ".mpeg"),
    *(".wav", ".mp3", ".m4a", ".flac", ".ogg", ".aac", ".opus", ".wma"),
}


def pair(files: Iterable[Path]) -> tuple[list[tuple[Path, Path | None]], list[Path]]:
    """Each episode with its transcript or None, in order of name; and transcripts left over.

    `E01.mp4` goes with `E01.srt`, else with the first of `E01.zh.srt`, `E01.chs.ass`, …
    """
    listed = sorted(files)
    transcripts = [path for path in listed if path.suffix.lower() in SUFFIXES]
    pairs = []
    for episode in (path for path in listed if path.suffix.lower() in MEDIA):
        stem = episode.stem.lower()
        fitting = [t for t in transcripts if _stem(t) == stem and t.parent == episode.parent]
        fitting.sort(key=lambda t: (t.stem.lower() != stem, SUFFIXES.index(t.suffix.lower())))
        pairs.append((episode, fitting[0] if fitting else None))
    taken = {transcript for _, transcript in pairs}
    stems = {(episode.parent, episode.stem.lower()) for episode, _ in pairs}
    left = [t for t in transcripts if t not in taken and (t.parent, _stem(t)) not in stems]
    return pairs, left


def _stem(transcript: Path) -> str:
    """The name without suffix, and without a language such as `.zh` or `.chs&eng` before it."""
    stem = transcript.stem.lower()
    head, dot, tail = stem.rpartition(".")
    language = dot and len(tail) <= 12 and tail.replace("&", "").replace("-", "").isalpha()
    return head if language else stem
