"""Made dialogues and release directories for the learner, without Django."""

import hashlib
import io
import json
import signal
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from modeling.learner.command_line import main
from modeling.learner.features import audio, vision
from modeling.learner.features.extraction import Features
from modeling.learner.features.text import Vocabulary
from modeling.learner.preprocessing import Normalisation, Preprocessing
from modeling.learner.release import Dialogue, Task, Utterance

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"audio": audio.DIMS, "vision": vision.DIMS}
TASKS = (
    Task("sentiment", ("negative", "neutral", "positive")),
    Task("sarcasm", ("no", "yes")),
)


def dialogue(name, size, split="train", clip=None):
    turns = tuple(
        Utterance(f"{name}_{n}", "AB"[n % 2], "好" if n % 2 else "坏", float(n), n + 1.0,
                  {"sentiment": "positive" if n % 2 else "negative"})
        for n in range(size)
    )  # fmt: skip
    return Dialogue(name, split, turns, clip, "d" * 64)


def packed(dialogues, seed=0, without=()):
    """The dialogues with made frames of sound and picture."""
    rng = np.random.default_rng(seed)

    def frames(dims, name):
        length = 0 if name in without else int(rng.integers(2, 9))
        return rng.normal(size=(length, dims)).astype(np.float32)

    features = {
        d.id: [Features({name: frames(dims, name) for name, dims in SIZES.items()})
               for _ in d.utterances]
        for d in dialogues
    }  # fmt: skip
    unit = {name: Normalisation(torch.zeros(n), torch.ones(n)) for name, n in SIZES.items()}
    prepared = Preprocessing(TASKS, Vocabulary(["好", "坏"]), unit, {}, {})
    return prepared.pack(dialogues, features, torch.device("cpu"))


def whole(data):
    return data.batch(range(len(data)))


def write_release(root: Path, dialogues, tasks=TASKS) -> Path:
    """A text-only release directory, as the learner reads it."""
    root.mkdir()
    values = [
        {"key": t.key, "values": [{"key": c} for c in t.classes], "source": t.source,
         "target": t.target}
        for t in tasks
    ]  # fmt: skip
    (root / "scheme.json").write_text(json.dumps({"tasks": values}))
    rows = [
        {"id": u.id, "dialogue": d.id, "split": d.split, "speaker": u.speaker, "text": u.text,
         "start": u.start, "end": u.end, "gold": u.gold, "media": None, "source": d.source,
         "soft": u.soft}
        for d in dialogues
        for u in d.utterances
    ]  # fmt: skip
    text = "\n".join(json.dumps(row) for row in rows)
    (root / "utterances.jsonl").write_text(text)
    files = [{"path": "utterances.jsonl", "sha256": hashlib.sha256(text.encode()).hexdigest()}]
    (root / "manifest.json").write_text(
        json.dumps({"corpus": "c", "version": "1.0.0", "files": files})
    )
    return root


def refrozen(root: Path) -> Path:
    """The release directory after its words were changed, with the digests that they have now."""
    manifest = json.loads((root / "manifest.json").read_text())
    for entry in manifest["files"]:
        entry["sha256"] = hashlib.sha256((root / entry["path"]).read_bytes()).hexdigest()
    (root / "manifest.json").write_text(json.dumps(manifest))
    return root


def learn(release, out, *more):
    """`train` as a command."""
    return run("train", release, "--out", out, *more)


def run(verb, *more):
    """A verb of the learner's command line, in this process: starting PyTorch takes seconds."""
    output, errors, before = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    try:
        with redirect_stdout(output), redirect_stderr(errors):
            status = main([verb, *map(str, more)])
    finally:
        signal.signal(signal.SIGTERM, before)
    return SimpleNamespace(returncode=status, stdout=output.getvalue(), stderr=errors.getvalue())
