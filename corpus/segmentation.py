"""Plain: cues into proposed dialogues."""

from collections.abc import Collection, Sequence

from corpus.media_info import Shot
from corpus.transcripts import Cue

PAD = 0.3  # seconds of picture kept before the first and after the last word
SCENE_GAP = 0.5  # seconds of silence that a change of scene needs to part two dialogues
NEAR = 0.3  # seconds by which a change of scene may miss the silence
SAME = 0.005  # seconds within which two starts are the same


def dialogues(
    cues: Sequence[Cue],
    gap: float,
    shots: Sequence[Shot] = (),
    scene: float | None = None,
    starts: Collection[float] | None = None,
) -> list[list[Cue]]:
    """Part the cues (in order of time) wherever nobody speaks for more than `gap` seconds.

    With `scene` (0 to 1), also in a shorter silence where the picture changes at least so much.
    With `starts` (seconds), at the cues that start there and nowhere else.
    """
    cuts = [] if scene is None else [shot.time for shot in shots if shot.strength >= scene]
    parts: list[list[Cue]] = []
    latest = 0.0
    for cue in cues:
        if starts is not None:
            parted = any(abs(cue.start - start) < SAME for start in starts)
        else:
            silence = cue.start - latest
            parted = silence > gap or (
                silence >= SCENE_GAP
                and any(latest - NEAR <= cut <= cue.start + NEAR for cut in cuts)
            )
        if not parts or parted:
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
