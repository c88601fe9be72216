"""Classical systems give what scikit-learn and hmmlearn give, and are runs like all others."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hmmlearn.hmm import CategoricalHMM, GaussianHMM
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from modeling.learner import ablation
from modeling.learner.batches import IGNORED
from modeling.learner.features.extraction import Features
from modeling.learner.networks.classical.character_ngrams import CharacterNgrams
from modeling.learner.networks.classical.decision_fusion import DecisionFusion
from modeling.learner.networks.classical.functionals import describe
from modeling.learner.networks.classical.hidden_markov import ClassChains
from modeling.learner.networks.classical.learned_tensors import FittingData, class_weights
from modeling.learner.networks.registry import build_network, parameter_count
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipes import CLASSICAL, RECIPES, Recipe, RecipeError
from modeling.learner.release import Dialogue, Task, Utterance
from modeling.learner.stop_signal import Interrupted
from tests.modeling.factories import learn, run, write_release

NAMES = ("svm-early", "svm-late", "hmm", "tf-idf")
TASKS = (
    Task("sentiment", ("negative", "neutral", "positive")),
    Task("sarcasm", ("no", "yes")),
    Task("moves", ("-1", "0", "1"), "sentiment", "sarcasm"),
    Task("nothing", ("a", "b")),  # without a label
    Task("always", ("a", "b")),  # of one class in training
)
WORDS = {"negative": "坏极了", "positive": "很好啊"}  # neutral never is in training
CPU = torch.device("cpu")


def talks(count=16, split="train", seed=0):
    """Dialogues whose words and sound say what is felt, a quarter without a label."""
    chance = np.random.default_rng(seed)
    found = []
    for number in range(count):
        turns = []
        for turn in range(4):
            feeling = ("negative", "positive")[(number + turn) % 2]
            sarcastic = bool(chance.integers(2))
            gold = {"sentiment": feeling, "sarcasm": "yes" if sarcastic else "no",
                    "moves": "1" if sarcastic else "-1", "always": "a"}  # fmt: skip
            text = "今天" + WORDS[feeling] * (1 + int(chance.integers(2))) + "吧" * sarcastic
            turns.append(Utterance(f"{split}{number}_{turn}", "AB"[turn % 2], text, None, None,
                                   {} if chance.integers(4) == 0 else gold))  # fmt: skip
        found.append(Dialogue(f"{split}{number}", split, tuple(turns), None, ""))
    return found


def featured(dialogues, seed=0, without=()):
    """Frames of sound that say the sentiment, and of picture that say nothing; every fifth
    utterance lacks one of them, or both.
    """
    chance = np.random.default_rng(seed)

    def frames(utterance, name, number):
        length = int(chance.integers(3, 9))
        x = chance.normal(size=(length, 3)).astype(np.float32)
        if name == "audio" and "好" in utterance.text:
            x += 2
        lacks = number % 5 == 0 or name in without
        return x[:0] if lacks else x

    return {
        d.id: [Features({name: frames(u, name, n) for n, name in enumerate(("audio", "vision"), i)})
               for i, u in enumerate(d.utterances)]
        for d in dialogues
    }  # fmt: skip


def fitted(recipe, train, validation, features, check=lambda: None):
    """A classical model with the preprocessing, and its splits as tensors."""
    own = {d: [Features({k: f for k, f in each.frames.items() if k in recipe.modalities})
               for each in rows] for d, rows in features.items()}  # fmt: skip
    prepared = Preprocessing.of(recipe, train, own, TASKS, {})
    packs = [prepared.pack(part, own, CPU) for part in (train, validation)]
    model = build_network(recipe, TASKS, len(prepared.vocabulary), prepared.sizes)
    priors = {key: recipe.logit_adjustment * p for key, p in prepared.priors.items()}
    chosen = model.fit(
        FittingData(*packs, priors, recipe.logit_adjustment, 1, check), lambda *_: None
    )
    return model, prepared, packs, chosen


@pytest.fixture(scope="module")
def data():
    train, validation = talks(), talks(6, "valid", 1)
    return train, validation, featured([*train, *validation])


def outputs(model, pack, size=16):
    with torch.no_grad():
        parts = [model(pack.batch(numbers)).logits for numbers in pack.in_turn(size)]
    return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("modalities", [("text",), ("audio",), ("text", "audio", "vision")])
def test_they_learn_whatever_modalities_there_are(name, modalities, data):
    recipe = replace(RECIPES[name], audio_functionals="none")
    if recipe.network == "tf_idf" and modalities != ("text",):
        with pytest.raises(RecipeError, match="reads text alone"):
            replace(recipe, modalities=modalities)
        return
    model, prepared, (train, validation), chosen = fitted(
        replace(recipe, modalities=modalities), *data
    )
    found = outputs(model, validation)
    assert "nothing" not in found and set(chosen) == {t.key for t in TASKS} - {"nothing"}
    gold = validation.gold["sentiment"]
    here = (gold != IGNORED) & (validation.inputs[modalities[0]].lengths > 0)
    assert (found["sentiment"].argmax(1) == gold)[here].float().mean() > 0.9
    assert not (found["sentiment"].argmax(1) == 1).any()  # a class that training never has
    assert (found["always"].argmax(1) == 0).all()
    assert all(torch.isfinite(scores).all() for scores in found.values())
    assert parameter_count(model) > 0
    # neither what lies beside an utterance nor what its missing modalities hold changes an answer
    for size in (1, 3):
        for key, scores in outputs(model, validation, size).items():
            assert torch.allclose(scores, found[key], atol=1e-6), key
    batch = validation.batch(range(len(validation)))
    for name in ("audio", "vision"):
        steps = torch.arange(getattr(batch, name).shape[1])
        getattr(batch, name)[steps >= batch.lengths[name][:, None]] = 7.0
    batch.text = torch.nn.functional.pad(batch.text, (0, 5), value=3)
    for key, scores in model(batch).logits.items():
        assert torch.allclose(scores, found[key], atol=1e-6), key
    again = build_network(model_recipe(recipe, modalities), TASKS, len(prepared.vocabulary),
                          prepared.sizes)  # fmt: skip
    again.load_state_dict(model.state_dict())
    assert all(torch.equal(outputs(again, validation)[key], found[key]) for key in found)


def model_recipe(recipe, modalities):
    return replace(recipe, modalities=modalities)


def test_terms_and_weights_are_those_of_scikit_learn(data):
    train, validation, _ = data
    recipe = RECIPES["tf-idf"]
    model, prepared, (pack, other), _ = fitted(recipe, train, validation, {d.id: [
        Features() for _ in d.utterances] for d in [*train, *validation]})  # fmt: skip
    texts = [u.text for d in train for u in d.utterances]
    theirs = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    theirs.fit(texts)
    known = [u.text for d in validation for u in d.utterances]
    ours = CharacterNgrams(len(prepared.vocabulary), (1, 2, 3))
    ours.fit(pack.batch(numbers) for numbers in pack.in_turn(5))
    assert ours.size == len(theirs.vocabulary_)
    rows, columns, values = ours(other.batch(range(len(other))))
    table = np.zeros((len(known), ours.size))
    table[rows, columns] = values
    order = [theirs.vocabulary_[term] for term in _terms(ours, prepared)]
    expected = theirs.transform(known).toarray()[:, order]
    assert np.allclose(table, expected, atol=1e-12)
    # those of the turns around are counted as if each were a text of its own
    around = CharacterNgrams(len(prepared.vocabulary), (1, 2), 2)
    around.fit([pack.batch(range(len(pack)))])
    rows, columns, values = around(other.batch(range(len(other))))
    beside = TfidfVectorizer(
        analyzer=lambda turns: [t[i : i + n] for t in turns for n in (1, 2)
                                for i in range(len(t) - n + 1)],
        min_df=2, sublinear_tf=True,
    )  # fmt: skip
    beside.fit(_around(train))
    table = np.zeros((len(known), around.size))
    table[rows, columns] = values
    order = [beside.vocabulary_[term] for term in _terms(around, prepared)]
    assert np.allclose(table, beside.transform(_around(validation)).toarray()[:, order])


def _terms(block, prepared):
    """The n-grams of a block as text."""
    base = len(prepared.vocabulary)
    for number in block.terms.tolist():
        ids = []
        while number:
            number, digit = divmod(number, base)
            ids.append(digit)
        yield "".join(prepared.vocabulary.characters[i - 2] for i in reversed(ids))


def _around(dialogues):
    return [
        [u.text for j, u in enumerate(d.utterances) if 0 < abs(i - j) <= 2]
        for d in dialogues for i in range(len(d.utterances))
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["svm-early", "tf-idf"])
def test_decisions_are_those_of_scikit_learn(name, data):
    train, validation, features = data
    recipe = replace(RECIPES[name], modalities=("text",) if name == "tf-idf" else ("text", "audio"))
    model, _, (pack, other), chosen = fitted(recipe, train, validation, features)
    [group] = model.groups
    x, z = (model._table(part, group) for part in (pack, other))
    for key in ("sentiment", "sarcasm", "moves"):
        gold = pack.gold[key]
        labelled = (gold != IGNORED).numpy()
        y = gold.numpy()[labelled]
        weights = class_weights(torch.bincount(torch.from_numpy(y), minlength=3), 1.0)
        if name == "tf-idf":
            theirs = LogisticRegression(
                C=chosen[key]["C"], class_weight="balanced", max_iter=300
            ).fit(x[labelled], y)
        else:
            theirs = LinearSVC(C=chosen[key]["C"], class_weight="balanced", random_state=1).fit(
                x[labelled], y
            )
        assert {*weights} == {*theirs.classes_.tolist()}
        scale = float(model.scores[key][group].scale)
        ours = outputs(model, other)[key][:, theirs.classes_].numpy() / scale
        margins = ours[:, 1] - ours[:, 0]
        half = 1.0 if name == "tf-idf" else 0.5
        assert np.allclose(half * margins, theirs.decision_function(z), atol=1e-5)


def test_likelihoods_are_those_of_hmmlearn():
    chance = np.random.default_rng(3)
    rows = [chance.normal(size=(length, 2)) for length in (1, 4, 9)]
    frames = torch.zeros(3, 12, 2, dtype=torch.double)
    for number, row in enumerate(rows):
        frames[number, : len(row)] = torch.from_numpy(row)
    lengths = torch.tensor([len(row) for row in rows])
    x = np.concatenate([chance.normal(size=(60, 2)), 3 + chance.normal(size=(40, 2))])
    models = [GaussianHMM(n, random_state=0).fit(x + n, [50, 50]) for n in (1, 2, 3)]
    chains = ClassChains()
    chains.keep_fitted([*models, None])
    found = chains(frames, lengths)
    for number, model in enumerate(models):
        assert np.allclose(found[:, number], [model.score(row) for row in rows])
    assert (chains.scores(frames, lengths)[:, 3] < chains.scores(frames, lengths)[:, :3].T).all()
    # symbols
    symbols = chance.integers(0, 5, size=(80, 1))
    models = [
        CategoricalHMM(n, random_state=0, n_features=5).fit(symbols, [40, 40]) for n in (1, 3)
    ]
    chains.keep_fitted(models)
    ids = torch.from_numpy(chance.integers(0, 5, size=(3, 12)))
    found = chains(ids, lengths)
    for number, model in enumerate(models):
        scores = [model.score(ids[n, :length, None].numpy()) for n, length in enumerate(lengths)]
        assert np.allclose(found[:, number], scores)


def test_functionals_are_those_of_numpy():
    chance = np.random.default_rng(0)
    frames = torch.from_numpy(chance.normal(size=(3, 7, 2)))
    found = describe(frames, torch.tensor([7, 1, 0])).numpy()
    x = frames[0].numpy()
    slope = [np.polyfit(np.linspace(0, 1, 7), x[:, n], 1)[0] for n in range(2)]
    expected = [x.mean(0), x.std(0), *np.percentile(x, (10, 90), axis=0), slope]
    assert np.allclose(found[0], np.concatenate(expected))
    assert np.allclose(found[1], [*frames[1, 0], 0, 0, *frames[1, 0], *frames[1, 0], 0, 0])
    assert not found[2].any()


def test_what_is_missing_has_no_say_in_a_decision():
    fusion = DecisionFusion("sum")
    fusion.keep(weights=torch.tensor([0.0, 1.0]))
    scores = [torch.tensor([[3.0, 0.0]] * 3).double(), torch.tensor([[0.0, 3.0]] * 3).double()]
    present = torch.tensor([[True, True], [True, False], [False, False]])
    found = fusion(scores, present, torch.tensor([True, True]))
    assert found.argmax(1).tolist()[:2] == [1, 0] and found[2, 0] == found[2, 1]
    # weights are chosen on the validation set: the second classifier alone is right
    gold = torch.tensor([1, 1, IGNORED])
    assert fusion.fit(scores, torch.ones(3, 2, dtype=torch.bool), gold, torch.ones(2).bool()) == 1
    assert fusion.weights[1] > 0.5


def test_classes_weigh_as_the_logit_adjustment_says():
    counts = torch.tensor([9, 0, 1])
    assert class_weights(counts, 1.0) == {0: 10 / 18, 2: 5.0}
    assert class_weights(counts, 0.0) == {0: 1.0, 2: 1.0}


@pytest.mark.parametrize("name", NAMES)
def test_they_stop_when_they_are_asked_to(name, data):
    def stop():
        raise Interrupted

    recipe = replace(RECIPES[name], modalities=("text",))
    with pytest.raises(Interrupted):
        fitted(recipe, *data, stop)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_trained_evaluated_and_predicted(name, tmp_path):
    made = [*talks(8), *talks(3, "valid", 1), *talks(3, "test", 2)]
    release = write_release(tmp_path / "release", made, TASKS)
    out = tmp_path / "out"
    done = learn(release, out, "--recipe", name, "--tensorboard", "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert results["best_epoch"] == 0 and results["parameters"] > 0
    assert set(results["chosen"]) == {"sentiment", "sarcasm", "moves", "always"}
    assert results["tasks"]["nothing"] is None and results["tasks"]["sentiment"]["macro_f1"] > 0.9
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    fits = [event for event in events if event["event"] == "fit"]
    assert [event["done"] for event in fits] == [1, 2, 3, 4]
    assert not (out / "test_evaluations.jsonl").exists()
    assert {path.suffix for path in out.iterdir()} <= {".json", ".jsonl", ".safetensors", ""}
    done = run("evaluate", release, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    evaluation = json.loads(done.stdout)
    assert evaluation["test_evaluations"] == 1
    assert evaluation["run"]["parameters"] == results["parameters"]
    assert evaluation["tasks"]["sentiment"]["macro_f1"] > 0.9
    done = run("predict", release, "--out", out, "--to", tmp_path / "p.jsonl", "--split", "test")
    assert done.returncode == 0, done.stderr
    first = json.loads((tmp_path / "p.jsonl").read_text().split("\n")[0])
    assert set(first["predicted"]) == {"sentiment", "sarcasm", "moves", "always"}
    done = learn(release, out, "--recipe", name, "--json")  # frozen: nothing is done again
    assert json.loads(done.stdout)["seconds"] == results["seconds"]


def test_nothing_that_decides_nothing_is_offered():
    for name in NAMES:
        recipe = RECIPES[name]
        assert recipe.classical and recipe.network in CLASSICAL
        assert {"epochs", "learning_rate", "dropout", "sharing", "soft_labels"} <= recipe.unused
        assert not {"logit_adjustment", "modalities", "text_steps"} & recipe.unused
        assert recipe.longest("text") == 0
        left = set(ablation.variants(recipe)) - {"as it is"}
        assert left == {f"without {each}" for each in recipe.modalities if name != "tf-idf"}
    with pytest.raises(RecipeError, match="reads characters"):
        replace(RECIPES["tf-idf"], text_encoder="x")
    assert Recipe(network="hmm").functionals == ""
