"""Releases and files of experiments, small enough to run in a second."""

from modeling.learner.experiments.specification import load_experiment
from modeling.learner.release import Dialogue, Task, Utterance, load_release
from tests.modeling.factories import write_release

VALUES = ("-2", "-1", "0", "1", "2")
TASKS = (
    Task("sentiment", ("negative", "neutral", "positive")),
    Task("sarcasm", ("no", "yes")),
    Task("sentiment_sarcasm", VALUES, "sentiment", "sarcasm"),
)
WORDS = "好坏天地"
TINY = """
[recipe]
modalities = ["text"]
width = 8
heads = 2
epochs = 2
"""


def talk(name, split="train", source="S", speakers="AB", turns=4, labelled=True):
    def utterance(n):
        gold = {"sentiment": TASKS[0].classes[n % 3], "sarcasm": ("no", "yes")[n % 2],
                "sentiment_sarcasm": VALUES[n % 5]}  # fmt: skip
        speaker = speakers[n % len(speakers)]
        text = WORDS[n % 3] + WORDS[n % 4]
        return Utterance(f"{name}_{n}", speaker, text, None, None, gold if labelled else {})

    return Dialogue(name, split, tuple(utterance(n) for n in range(turns)), None, "", source=source)


def make_release(path, dialogues=None, tasks=TASKS):
    """A release directory of eight dialogues, six of them to train on."""
    if dialogues is None:
        splits = ["train"] * 6 + ["valid", "test"]
        dialogues = [talk(f"D{n}", split, f"S{n % 2}") for n, split in enumerate(splits)]
    return write_release(path, dialogues, tasks)


def make_file(tmp_path, text, release=None):
    """The file of an experiment beside its release."""
    if release is None and not (tmp_path / "release").exists():
        make_release(tmp_path / "release")
    path = tmp_path / "experiment.toml"
    path.write_text(f'name = "Trial"\nrelease = "release"\n{text}', "utf-8")
    return path


def make_experiment(tmp_path, text='[[systems]]\nrecipe = "hard-text"\n'):
    return load_experiment(make_file(tmp_path, text))


def opened(path):
    return load_release(path, labels=True)
