"""Measuring clips: each decoded once a dialogue, beside a loop that seeks to every utterance.

    python -m benchmarks.features [--dialogues 40] [--rounds 3]

Made dialogues of fifteen seconds (640 x 360, 25 pictures a second, H.264 and AAC) with seven
utterances of two seconds each. The loop opens the clip for every utterance with the same library,
seeks to the key frame before it, decodes to its end and measures that span with the same functions.
One thread, in turn; dialogues a second of CPU, and the memory that the process holds after ten and
after all dialogues.
"""

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import av
import numpy as np
import torch

from corpus.ffmpeg_binary import ffmpeg_path
from modeling.learner.features import audio, vision
from modeling.learner.features.decoding import RATE
from modeling.learner.features.extraction import Extractors, extract
from modeling.learner.recipes import Recipe
from modeling.learner.release import Dialogue, Utterance

SECONDS, TURNS, SPOKEN = 15, 7, 2.0
CMMA = 3000  # dialogues of the published corpus


def make(count: int, folder: Path) -> list[Dialogue]:
    """Dialogues whose clips are copies of one film under other digests."""
    film = folder / "film.mp4"
    command = [ffmpeg_path(), "-loglevel", "error", "-f", "lavfi"]
    command += ["-i", f"testsrc2=size=640x360:rate=25:duration={SECONDS}", "-f", "lavfi"]
    command += ["-i", f"sine=frequency=220:duration={SECONDS}", "-c:v", "libx264", "-g", "50"]
    command += ["-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(film)]
    subprocess.run(command, check=True)
    turns = tuple(
        Utterance(f"u{n}", "A", "好", SPOKEN * n, SPOKEN * (n + 1), {}) for n in range(TURNS)
    )
    return [Dialogue(f"d{n}", "train", turns, film, f"{n:064x}") for n in range(count)]


def ours(modality: str, dialogue: Dialogue) -> None:
    """As the learner does, without its cache."""
    rest = {"audio": "text", "vision": "text"}[modality]
    extractors = Extractors.of(Recipe(modalities=(rest, modality)))
    with tempfile.TemporaryDirectory() as cache:
        found, failures = extract(dialogue, Path(cache), extractors)
    assert not failures and len(found) == TURNS


def loop(modality: str, dialogue: Dialogue) -> None:
    """Utterance by utterance."""
    assert dialogue.clip is not None
    for utterance in dialogue.utterances:
        assert utterance.start is not None and utterance.end is not None
        with av.open(str(dialogue.clip)) as container:
            container.seek(int(utterance.start * av.time_base))
            if modality == "audio":
                _sound(container, utterance.start, utterance.end)
            else:
                _picture(container, utterance.start, utterance.end)


def _sound(container: av.container.InputContainer, start: float, end: float) -> None:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    pieces = []
    for frame in container.decode(audio=0):
        if frame.time is not None and frame.time >= end:
            break
        if frame.time is not None and frame.time >= start:
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    wave = torch.from_numpy(np.concatenate(pieces))
    spectrum = torch.stft(
        wave, audio.WINDOW, audio.HOP, window=torch.hann_window(audio.WINDOW), return_complex=True
    )
    torch.log(audio.mel_matrix() @ spectrum.abs().square() + 1e-6)
    audio.prosody(wave)


def _picture(container: av.container.InputContainer, start: float, end: float) -> None:
    side, due, before = vision.GRID * vision.CELL, start, None
    for frame in container.decode(video=0):
        if frame.time is None or frame.time >= end:
            break
        if frame.time + 1e-6 < due:
            continue
        due += 1 / vision.ColourAndMotion.rate
        rgb = frame.reformat(width=side, height=side, format="rgb24").to_ndarray()
        values = rgb.astype(np.float32) / 255
        cells = (vision.GRID, vision.CELL, vision.GRID, vision.CELL, 3)
        values.reshape(cells).mean(axis=(1, 3))
        change = np.zeros_like(values) if before is None else np.abs(values - before)
        change.mean(axis=2).reshape(cells[:4]).mean(axis=(1, 3))
        before = values


def rate(work: Callable[[str, Dialogue], None], modality: str, dialogues: list[Dialogue]) -> float:
    started = time.process_time()
    for dialogue in dialogues:
        work(modality, dialogue)
    return len(dialogues) / (time.process_time() - started)


def memory() -> float:
    """The most that this process held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--dialogues", type=int, default=40)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        dialogues = make(chosen.dialogues, Path(folder))
        print("| modality | ours, dialogues a CPU second | the loop | times | CMMA, CPU minutes |")
        print("|---|---|---|---|---|")
        for modality in ("audio", "vision"):
            for work in (ours, loop):
                rate(work, modality, dialogues[:10])
            early = memory()
            rates: dict[str, list[float]] = {"ours": [], "loop": []}
            for _ in range(chosen.rounds):
                rates["ours"].append(rate(ours, modality, dialogues))
                rates["loop"].append(rate(loop, modality, dialogues))
            result = [median(found) for found in rates.values()]
            print(
                f"| {modality} | {result[0]:.1f} | {result[1]:.1f} | {result[0] / result[1]:.2f}"
                f" | {CMMA / result[0] / 60:.1f} |"
            )
            print(f"memory after 10 dialogues {early:.0f} MB, after"
                  f" {chosen.rounds * chosen.dialogues} more {memory():.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
