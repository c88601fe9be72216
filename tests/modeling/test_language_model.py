"""A language model as a judge: likelihoods, prompts, examples, and the run that reads them."""

import json

import numpy as np
import pytest
import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers

from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.feature_files import FeatureTable
from modeling.learner.features.imported import ImportedFeatures, write_features
from modeling.learner.features.language_model import (
    Judge,
    LanguageModel,
    Question,
    describe,
    draw_examples,
    judge_release,
    read_questions,
)
from modeling.learner.release_checks import open_release
from tests.modeling.factories import TASKS, dialogue, learn, run, write_release

CPU = torch.device("cpu")


def make_model(root, text, positions=256):
    """A tiny GPT-2 with a token a character, weights drawn at random."""
    characters = sorted({*text, *"最后一句（）：。A B、回答只能请判断对话中话的\n"})
    tokenizer = Tokenizer(models.WordLevel({c: n for n, c in enumerate(["?", *characters])}, "?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?").save_pretrained(root)
    torch.manual_seed(0)
    config = hf.GPT2Config(vocab_size=len(characters) + 1, n_positions=positions, n_embd=16,
                           n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)  # fmt: skip
    hf.GPT2LMHeadModel(config).save_pretrained(root)
    return LanguageModel(root, CPU)


def question(**more):
    values = ("negative", "neutral", "positive")
    fields = {"task": "sentiment", "name": "情感", "values": values,
              "words": ("消极", "中性", "很积极"), "is_correlation": False}  # fmt: skip
    return Question(**{**fields, **more})


def test_scores_are_mean_log_likelihoods(tmp_path):
    model = make_model(tmp_path, "你好吗消极中性很积极")
    prompt, answers = "A：你好吗\n", ("消极", "很积极")
    found = model.scores(prompt, answers)
    for answer, score in zip(answers, found, strict=True):
        ids = model.tokenizer(prompt + answer)["input_ids"]
        logits = model.model(input_ids=torch.tensor([ids])).logits[0]
        chances = torch.log_softmax(logits, dim=-1)
        own = [chances[place - 1, ids[place]].item() for place in
               range(len(ids) - len(answer), len(ids))]  # fmt: skip
        assert score == pytest.approx(np.mean(own), abs=1e-5)
    assert model.key.startswith("language-model-") and model.key == LanguageModel(tmp_path, CPU).key


def test_a_prompt_that_is_too_long_loses_its_beginning(tmp_path):
    model = make_model(tmp_path, "你好吗消极中性", positions=12)
    long = model.scores("你好吗" * 20, ("消极",))
    assert np.allclose(long, model.scores(("你好吗" * 20)[-10:], ("消极",)))


def test_a_prompt_hides_names_and_ends_where_the_answer_begins():
    talk = dialogue("D", 4)
    words = describe(talk, 2, question(), Judge(turns=1))
    assert words == (
        "B：好\n最后一句（A）：坏\n请判断对话中最后一句话的情感。只能回答：消极、中性、很积极。\n回答："
    )
    english = describe(talk, 0, question(name="sentiment", words=("bad", "so", "good")),
                       Judge("en"))  # fmt: skip
    assert english.startswith("Last utterance (A): 坏\nSay the sentiment of") and english.endswith(
        "Answer with: bad, so, good.\nAnswer: "
    )


def test_examples_are_of_every_value_and_drawn_by_the_seed():
    train = [dialogue(f"D{n}", 6) for n in range(5)]
    judge = Judge(shots=4, turns=0)
    found, names = draw_examples(train, question(), judge)
    assert len(names) == 4 and all(name.startswith("D") for name in names)
    answers = [each.rsplit("回答：")[-1] for each in found.strip().split("\n\n")]
    assert sorted(answers) == ["很积极", "很积极", "消极", "消极"]  # none of them is neutral
    assert draw_examples(train, question(), judge)[0] == found
    assert draw_examples(train, question(), Judge(shots=4, turns=0, seed=2))[0] != found
    assert draw_examples(train, question(), Judge()) == ("", [])
    assert draw_examples(train[:1], question(), Judge(shots=99))[0].count("\n回答：") == 6


def test_a_release_is_judged_in_its_own_words_and_by_its_training_set(tmp_path, monkeypatch):
    splits = ["train"] * 3 + ["valid", "test"]
    root = write_release(tmp_path / "release", [dialogue(f"D{n}", 2, s)
                                                for n, s in enumerate(splits)])  # fmt: skip
    scheme = json.loads((root / "scheme.json").read_text("utf-8"))
    scheme["tasks"][0]["names"] = {"zh": "情感"}
    scheme["tasks"][0]["values"][0]["names"] = {"zh": "消极"}
    (root / "scheme.json").write_text(json.dumps(scheme), "utf-8")
    release = open_release(root)
    first, second = read_questions(release, "zh")
    assert (first.name, first.words) == ("情感", ("消极", "neutral", "positive"))
    assert second.name == "sarcasm" and read_questions(release, "en")[0].name == "sentiment"
    asked = []

    class Model:
        def scores(self, prompt, answers):
            asked.append(prompt)
            return np.arange(len(answers), dtype=np.float32)

    done = []
    judged = judge_release(release, Model(), Judge(shots=2),
                           lambda *each: done.append(each))  # fmt: skip
    table = judged.table
    assert len(judged.examples) == 2 and all(name[1] in "012" for name in judged.examples)
    assert judged.columns[:3] == ["sentiment=negative", "sentiment=neutral", "sentiment=positive"]
    assert table.values.shape == (10, 5) and table.ids[0] == "D0_0" and done[-1] == (10, 10)
    assert len(asked) == 10 * len(TASKS)
    examples = asked[0].split("\n\n")[:-1]
    assert len(examples) == 2
    assert len(asked[1].split("\n\n")) == 1  # nothing of sarcasm is labelled


def test_what_is_no_language_model_is_refused(tmp_path):
    with pytest.raises(FeatureError, match="it has no config.json"):
        LanguageModel(tmp_path, CPU)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FeatureError, match="holds no language model that can be read"):
        LanguageModel(tmp_path, CPU)


def test_a_run_reads_what_the_model_said(tmp_path):
    splits = ["train"] * 3 + ["valid", "test"]
    talks = [dialogue(f"D{n}", 4, split) for n, split in enumerate(splits)]
    root = write_release(tmp_path / "release", talks)
    make_model(tmp_path / "model", "negativeneutralpositivenoyes")
    out = tmp_path / "judge"
    judged = run("judge", root, "--model", tmp_path / "model", "--out", out, "--shots", 2)
    assert judged.returncode == 0, judged.stderr
    assert f"20 utterances judged; train with --recipe {out / 'recipe.json'}" in judged.stdout
    trained = learn(root, tmp_path / "run", "--recipe", out / "recipe.json", "--json")
    assert trained.returncode == 0, trained.stderr
    results = json.loads(trained.stdout.splitlines()[-1])
    assert results["parameters"] == 0 and results["tasks"]["sentiment"]["n"] == 4
    evaluated = run("evaluate", root, "--out", tmp_path / "run", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    # what is predicted is what the features say, standardised over the training set
    features = ImportedFeatures(out / "features")
    values = np.stack([features.of(f"D{n}_{turn}")[0, :3] for n in range(5) for turn in range(4)])
    scores = (values - values[:12].mean(0)) / values[:12].std(0).clip(1e-3)
    rows = (tmp_path / "run/predictions.jsonl").read_text("utf-8").splitlines()
    predicted = [json.loads(row)["predicted"]["sentiment"] for row in rows]
    assert predicted == [TASKS[0].classes[c] for c in scores[16:].argmax(1)]
    again = run("judge", root, "--model", tmp_path / "model", "--out", out)
    assert again.returncode == 2 and "exists already" in again.stderr


def test_examples_must_not_be_tested_on(tmp_path):
    """Features with examples, in a release whose splits are others by now."""
    talks = [dialogue(f"D{n}", 2, "train") for n in range(3)]
    splits = [*talks, dialogue("V", 2, "valid"), dialogue("T", 2, "test")]
    table = FeatureTable("text", ["D0_0"], np.zeros((1, 5), np.float32), np.ones(1, int), True)
    columns = [f"{t.key}={value}" for t in TASKS for value in t.classes]
    for name, shown in (("good", ["D1_0"]), ("bad", ["V_1"])):
        write_features(tmp_path / name, table, name, None, "", columns, shown)
    root = write_release(tmp_path / "release", splits)
    recipe = {"network": "likelihoods", "modalities": ["text"], "name": "lm"}
    ends = {}
    for name in ("good", "bad", ""):
        path = tmp_path / "recipe.json"
        own = {"likelihoods": str(tmp_path / name)} if name else {}
        path.write_text(json.dumps(recipe | own))
        ends[name] = learn(root, tmp_path / f"run-{name}", "--recipe", path)
    assert ends["good"].returncode == 0, ends["good"].stderr
    assert ends["bad"].returncode == 2
    assert "labels of 1 utterances that this run is validated or tested on" in ends["bad"].stderr
    assert ends[""].returncode == 2 and "write it with the command judge" in ends[""].stderr


def test_examples_need_a_validation_set_of_their_own(tmp_path):
    talks = [dialogue(f"D{n}", 2, split) for n, split in enumerate(["train", "train", "test"])]
    release = open_release(write_release(tmp_path / "release", talks))
    with pytest.raises(FeatureError, match="Examples need a release with a valid and a test split"):
        judge_release(release, None, Judge(shots=1))
