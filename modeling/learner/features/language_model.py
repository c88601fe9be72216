"""A language model as a judge of utterances, without training or with a few examples.

Of each utterance and task it reads the turns before, the utterance, and a question with the values
of the task, and says how likely each value would be as the next words:

    score(v) = 1 / |v| sum over the tokens w_i of v of log P(w_i | prompt, w_1 .. w_{i-1})

the mean log-likelihood of a value's tokens, so that long names are not worse than short ones (Brown
et al. 2020, section 2.4). With `shots` examples of the training set, drawn evenly over the values,
stand before the question (few-shot). The scores of all tasks are one vector an utterance, kept like
features from elsewhere; the network "likelihoods" reads them. No label of any other split is read.

Models are directories with safetensors, as transformers saves them; nothing of a model is run.
"""

import hashlib
import inspect
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.feature_files import FeatureTable
from modeling.learner.release import Dialogue, Release, Splits, Utterance

LANGUAGES = ("zh", "en")
WORDS = {  # of a prompt, by language
    "zh": {
        "task": "请判断对话中最后一句话的{task}。只能回答：{values}。",
        "correlation": "请判断对话中最后一句话里{task}的影响。只能回答：{values}。",
        "turn": "{speaker}：{text}",
        "last": "最后一句（{speaker}）：{text}",
        "answer": "回答：",
        "comma": "、",
    },
    "en": {
        "task": "Say the {task} of the last utterance of the dialogue. Answer with: {values}.",
        "correlation": "Say the influence {task} in the last utterance of the dialogue."
        " Answer with: {values}.",
        "turn": "{speaker}: {text}",
        "last": "Last utterance ({speaker}): {text}",
        "answer": "Answer: ",
        "comma": ", ",
    },
}
SPEAKERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # in the order of their first turn; names are not told


@dataclass(frozen=True)
class Question:
    """A task with its values as the model reads them."""

    task: str
    name: str
    values: tuple[str, ...]  # as in the scheme
    words: tuple[str, ...]  # as a prompt calls them
    is_correlation: bool


@dataclass(frozen=True)
class Judged:
    """The scores of a release as a table of text features, what its columns are ("task=value"), and
    the utterances that were shown as examples.
    """

    table: FeatureTable
    columns: list[str]
    examples: list[str]


@dataclass(frozen=True)
class Judge:
    """How a model is asked: `turns` of context before the utterance, `shots` examples."""

    language: str = "zh"
    turns: int = 4
    shots: int = 0
    seed: int = 1


def read_questions(release: Release, language: str) -> list[Question]:
    """A question of each task of a release, in the words of its scheme where that has some."""
    known = {task.key: task for task in release.tasks}
    names: dict[str, Any] = {}
    if release.root is not None:
        scheme = json.loads((release.root / "scheme.json").read_text("utf-8"))
        names = {task["key"]: task for task in scheme["tasks"]}

    def named(row: dict[str, Any], key: str) -> str:
        return str((row.get("names") or {}).get(language) or key)

    found = []
    for key, task in known.items():
        row = names.get(key, {})
        words = {value["key"]: named(value, value["key"]) for value in row.get("values", [])}
        found.append(
            Question(key, named(row, key), task.classes,
                     tuple(words.get(value, value) for value in task.classes),
                     task.is_correlation)
        )  # fmt: skip
    return found


def describe(dialogue: Dialogue, place: int, question: Question, judge: Judge) -> str:
    """The prompt of one utterance up to where the answer begins."""
    words = WORDS[judge.language]
    letters: dict[str, str] = {}
    for u in dialogue.utterances:
        letters.setdefault(u.speaker, SPEAKERS[len(letters) % len(SPEAKERS)])

    def line(kind: str, u: Utterance) -> str:
        return words[kind].format(speaker=letters[u.speaker], text=" ".join(u.text.split()))

    before = dialogue.utterances[max(0, place - judge.turns) : place]
    kind = "correlation" if question.is_correlation else "task"
    asked = words[kind].format(task=question.name, values=words["comma"].join(question.words))
    lines = [*(line("turn", u) for u in before), line("last", dialogue.utterances[place]), asked]
    return "\n".join([*lines, words["answer"]])


def draw_examples(
    train: Sequence[Dialogue], question: Question, judge: Judge
) -> tuple[str, list[str]]:
    """`shots` answered prompts of the training set, value by value in turn, empty without; and the
    ids of their utterances.
    """
    rng = random.Random(f"{judge.seed} {question.task}")
    by_value: dict[str, list[tuple[Dialogue, int]]] = {value: [] for value in question.values}
    for dialogue in train:
        for place, u in enumerate(dialogue.utterances):
            if question.task in u.gold and u.text:
                by_value[u.gold[question.task]].append((dialogue, place))
    for rows in by_value.values():
        rng.shuffle(rows)
    chosen: list[tuple[str, str]] = []
    depth = 0
    while len(chosen) < judge.shots and any(len(rows) > depth for rows in by_value.values()):
        for value, rows in by_value.items():
            if len(rows) > depth and len(chosen) < judge.shots:
                dialogue, place = rows[depth]
                answer = question.words[question.values.index(value)]
                text = describe(dialogue, place, question, judge) + answer
                chosen.append((text, dialogue.utterances[place].id))
        depth += 1
    rng.shuffle(chosen)
    return "".join(f"{text}\n\n" for text, _ in chosen), [name for _, name in chosen]


class LanguageModel:
    """A causal language model in a directory. Raises FeatureError where there is none."""

    def __init__(self, path: Path, device: torch.device, half: bool = False) -> None:
        # Heavy, and only this needs them.
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.path, self.device = path, device
        if not (path / "config.json").is_file():
            raise FeatureError(f"{path} holds no language model: it has no config.json.")
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(
                path, local_files_only=True, trust_remote_code=False
            )
            model: Any = AutoModelForCausalLM.from_pretrained(
                path, local_files_only=True, trust_remote_code=False, use_safetensors=True,
                dtype=torch.bfloat16 if half else torch.float32,
            )  # fmt: skip
        except (OSError, ValueError, KeyError, ImportError) as error:
            why = str(error).splitlines()[0]
            raise FeatureError(f"{path} holds no language model that can be read: {why}") from error
        self.model = model.to(device).eval()

    @property
    def key(self) -> str:
        """What names these very weights."""
        digest = hashlib.sha256()
        for file in sorted(self.path.glob("*.safetensors")):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return f"language-model-{digest.hexdigest()[:32]}"

    @property
    def longest(self) -> int:
        """Tokens that it reads at once."""
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 2048)

    @torch.no_grad()
    def scores(self, prompt: str, answers: Sequence[str]) -> NDArray[np.float32]:
        """Of each answer (C,) the mean log-likelihood of its tokens behind the prompt, whose
        beginning is left out where both together are longer than the model reads.
        """
        start = self.tokenizer(prompt, add_special_tokens=True)["input_ids"]
        ends = [self.tokenizer(each, add_special_tokens=False)["input_ids"] for each in answers]
        empty = [answer for answer, end in zip(answers, ends, strict=True) if not end]
        if empty:
            raise FeatureError(f"{self.path} has no token for the value {empty[0]!r}.")
        most = max(map(len, ends))
        start = start[-max(1, self.longest - most) :]
        found = np.zeros(len(answers), np.float32)
        for length in sorted(set(map(len, ends))):  # without padding, which models count apart
            chosen = [place for place, end in enumerate(ends) if len(end) == length]
            wanted = torch.tensor([ends[place] for place in chosen], device=self.device)  # (c, l)
            ids = torch.tensor([start], device=self.device).expand(len(chosen), -1)
            ids = torch.cat([ids, wanted], dim=1)  # (c, L)
            logits: Tensor = self.model(input_ids=ids, **self._keeping(length + 1)).logits
            chances = torch.log_softmax(logits[:, -length - 1 : -1].float(), dim=-1)  # (c, l, V)
            own = chances.gather(2, wanted[..., None]).squeeze(2).mean(dim=1)  # (c,)
            found[chosen] = own.cpu().numpy()
        return found

    def _keeping(self, count: int) -> dict[str, int]:
        """An argument that has a model compute the logits of its last tokens alone, if it can."""
        known = inspect.signature(self.model.forward).parameters
        return {"logits_to_keep": count} if "logits_to_keep" in known else {}


def judge_release(
    release: Release,
    model: LanguageModel,
    judge: Judge,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Judged:
    """The scores of every utterance with words. Raises FeatureError where there is none, or where
    examples are asked for and the validation set is drawn anew by each run.
    """
    questions = read_questions(release, judge.language)
    splits = Splits.of(release.without_labels(), judge.seed)
    if judge.shots and splits.validation_name != "valid":
        raise FeatureError(
            "Examples need a release with a valid and a test split: without both each run draws"
            " another validation set, which could hold them."
        )
    drawn = {q.task: draw_examples(splits.train, q, judge) for q in questions}
    places = [(d, n) for d in release.dialogues for n, u in enumerate(d.utterances)
              if u.text.strip()]  # fmt: skip
    if not places:
        raise FeatureError("No utterance of the release has words for a language model to read.")
    rows = []
    for number, (dialogue, place) in enumerate(places, 1):
        vector = [
            model.scores(drawn[q.task][0] + describe(dialogue, place, q, judge), q.words)
            for q in questions
        ]
        rows.append(np.concatenate(vector))
        progress(number, len(places))
    ids = [dialogue.utterances[place].id for dialogue, place in places]
    table = FeatureTable("text", ids, np.stack(rows), np.ones(len(ids), np.int64), pooled=True)
    columns = [f"{q.task}={value}" for q in questions for value in q.values]
    return Judged(table, columns, sorted({name for _, names in drawn.values() for name in names}))
