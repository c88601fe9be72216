"""Plain: cues into proposed dialogues."""

from collections.abc import Sequence

from corpus.transcripts import Cue

PAD = 0.3  # seconds of picture kept before the first and after the last word


def dialogues(cues: Sequence[Cue], gap: float) -> list[list[Cue]]:
    """Part the cues (in order of time) wherever nobody speaks for more than `gap` seconds."""
    parts: list[list[Cue]] = []
    latest = 0.0
    for cue in cues:
        if not parts or cue.start - latest > gap:
            parts.append([])
        parts[-1].append(cue)
        latest = max(latest, cue.end) if len(parts[-1]) > 1 else cue.end
    return parts


def spans(parts: Sequence[Sequence[Cue]], duration: float) -> list[tuple[float, float]]:
    """Start and end (seconds in the episode) of each dialogue's clip.

    A clip keeps PAD seconds around the words, stays inside the episode, and never
    overlaps its neighbour.
    """
    words = [(part[0].start, max(cue.end for cue in part)) for part in parts]
    result = []
    for index, (start, end) in enumerate(words):
        floor = (words[index - 1][1] + start) / 2 if index else 0.0
        ceiling = (end + words[index + 1][0]) / 2 if index + 1 < len(words) else duration
        begin = max(start - PAD, floor, 0.0)
        finish = min(end + PAD, ceiling, duration)
        result.append((begin, max(finish, begin)))
    return result
