"""Plain: speech without a transcript: where somebody speaks, and what a recogniser makes of it.

Loads torch, so only workers and commands call it, never the web process.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from corpus.media import probe
from corpus.media_info import RATE
from corpus.recognisers import CHINESE, Heard, Recogniser, Word, recogniser
from corpus.speaker_vectors import SIMILARITY, SpeakerEncoder, cluster
from corpus.stream_reader import Sound
from corpus.transcripts import Cue

STRETCH = 600  # seconds that are listened to at a time
LONGEST = 15.0  # seconds of an utterance before the quietest place in it parts it
PAUSE = 0.35  # seconds of silence that part two utterances
SENTENCE_ENDS = tuple("。！？!?…")
SHORTEST = 1.0  # seconds of what a sentence's end or a pause parts


@dataclass(frozen=True)
class Listening:
    """What listens: directories of a recogniser and of a speaker encoder, both optional; the
    language that Whisper hears, "" as it detects; whether Chinese is written in simplified
    characters; from which likeness on two voices are one speaker.
    """

    recogniser: str = ""
    speakers: str = ""
    language: str = CHINESE
    simplified: bool = True
    similarity: float = SIMILARITY


def recognise_speech(
    path: Path,
    listening: Listening = Listening(),  # noqa: B008  # it is frozen
    report_progress: Callable[[float], None] = lambda share: None,
    track: int | None = None,
) -> list[Cue]:
    """Proposed utterances of a file, with words and with speakers "1", "2" … where `listening` says
    by what.

    `track` is the index of the stream that is listened to, else the file's `Probe.track`.
    Spans come from Silero VAD (its model is in its package), at most LONGEST seconds each, parted
    further where the times of words show the end of a sentence or a pause. Raises SpeechError.
    """
    # Heavy, and the web process never imports torch.
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad

    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # how the package loads its model
        detector = load_silero_vad()
    hear: Recogniser = _no_words
    if listening.recogniser:
        hear = recogniser(listening.recogniser, listening.language, listening.simplified)
    voices = SpeakerEncoder(listening.speakers) if listening.speakers else None
    cues: list[Cue] = []
    vectors: list[NDArray[np.float32] | None] = []
    for offset, wave, share in _stretches(path, track):
        spans = get_speech_timestamps(
            torch.from_numpy(wave),
            detector,
            sampling_rate=RATE,
            min_silence_duration_ms=int(PAUSE * 1000),
            max_speech_duration_s=LONGEST,
        )
        for span in spans:
            start, end = span["start"], span["end"]
            for first, last, text in parted(hear(wave[start:end]), (end - start) / RATE):
                begin, stop = start + round(first * RATE), start + round(last * RATE)
                since, until = (round(offset + place / RATE, 3) for place in (begin, stop))
                cues.append(Cue(since, until, text, machine=True))
                if voices is not None:
                    vectors.append(voices.vector(wave[begin:stop]))
        report_progress(share)
    if voices is None:
        return cues
    speakers = cluster(vectors, listening.similarity)
    return [
        replace(cue, speaker=str(speaker or ""))
        for cue, speaker in zip(cues, speakers, strict=True)
    ]


def _no_words(wave: NDArray[np.float32]) -> Heard:
    return Heard("")


def parted(heard: Heard, seconds: float) -> list[tuple[float, float, str]]:
    """(start, end, text) of what was heard within so many seconds: one, or more where the times of
    words show where a sentence ends or somebody pauses. Nothing is left out between them.
    """
    groups: list[list[Word]] = []
    for word in heard.words:
        if groups and _ends(groups[-1], word) or not groups:
            groups.append([])
        groups[-1].append(word)
    if len(groups) > 1 and groups[-1][-1].end - groups[-1][0].start < SHORTEST:
        last = groups.pop()
        groups[-1] += last
    if len(groups) < 2:
        return [(0.0, seconds, heard.text)]
    borders = [(one[-1].end + other[0].start) / 2 for one, other in zip(groups, groups[1:])]
    borders = [min(max(border, 0.0), seconds) for border in borders]
    if sorted({*borders}) != borders:  # times of words that are not in order say nothing
        return [(0.0, seconds, heard.text)]
    starts, ends = [0.0, *borders], [*borders, seconds]
    texts = ["".join(word.text for word in group).strip() for group in groups]
    return list(zip(starts, ends, texts, strict=True))


def _ends(group: Sequence[Word], following: Word) -> bool:
    """Whether an utterance ends between some words and the one that follows."""
    if group[-1].end - group[0].start < SHORTEST:
        return False
    ended = group[-1].text.rstrip().endswith(SENTENCE_ENDS)
    return ended or following.start - group[-1].end >= PAUSE


def _stretches(path: Path, track: int | None) -> Iterator[tuple[float, NDArray[np.float32], float]]:
    """(seconds before it, samples (n,) at RATE, share done), STRETCH seconds at a time.

    Times are those of the common clock; where the file has no sound, there is silence.
    """
    probed = probe(path)
    index = probed.track if track is None else track
    if index is None:
        return
    sound = Sound(path, index, RATE, "mono")
    try:
        start = 0.0
        while not sound.ended and start < probed.duration:
            end = min(start + STRETCH, probed.duration)
            wave = sound.span(start, end)[0]
            yield start, wave, min(end / probed.duration, 1.0)
            start = end
    except MemoryError:
        raise
    except (av.FFmpegError, OSError):
        return  # what is behind it cannot be read; cutting says what is wrong
    finally:
        sound.close()
