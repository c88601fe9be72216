"""What is no number ends a run with a sentence that says where, and is stored as no result."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from modeling.learner import inference, recipes
from modeling.learner.features.audio import LogMel
from modeling.learner.features.extraction import Extractors, _cached_frames, extract, extract_all
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.losses import Objective
from modeling.learner.networks.registry import build_network
from modeling.learner.numeric_checks import NonFiniteError
from modeling.learner.recipes import Recipe
from modeling.learner.release import ReleaseError, load_release
from modeling.learner.run_directory import RunDirectory
from modeling.learner.training import TrainingModule, fit
from tests.modeling.factories import SIZES, TASKS, dialogue, learn, packed, run, write_release

SMALL = {"epochs": 2, "width": 8, "heads": 2}
ORDER = ["train"] * 6 + ["valid", "test"]


def arrays(n=20, **changes):
    rng = np.random.default_rng(n)
    result = {"audio": rng.normal(size=(n, 4)), "vision": rng.normal(size=(n, 3)),
            "audio_rate": np.float64(5), "vision_rate": np.float64(5)}  # fmt: skip
    return {name: value for name, value in (result | changes).items() if value is not None}


def measured_release(root, odd=None, at=2):
    """A release of features; the dialogue number `at` has the arrays `odd`."""
    write_release(root, [dialogue(f"D{n}", 3, split) for n, split in enumerate(ORDER)])
    (root / "features").mkdir()
    rows = [json.loads(line) for line in (root / "utterances.jsonl").read_text().split("\n")]
    files = []
    for number in range(len(ORDER)):
        path = root / "features" / f"{number:06d}.npz"
        np.savez(path, **(odd if odd is not None and number == at else arrays(20)))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files.append({"path": f"features/{path.name}", "sha256": digest})
    for row in rows:
        row["media"] = files[int(row["dialogue"][1:])]["path"]
    (root / "utterances.jsonl").write_text("\n".join(map(json.dumps, rows)))
    manifest = {"corpus": "c", "version": "1", "files": files}
    (root / "manifest.json").write_text(json.dumps(manifest))
    return root


def recipe_file(tmp_path, **changes):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(SMALL | changes))
    return path


def holed(value, dtype=np.float64):
    frames = np.random.default_rng(0).normal(size=(20, 4)).astype(dtype)
    frames[7, 1] = value  # at 1.4 s, in the second utterance
    return frames


ODD = {
    "NaN": (arrays(audio=holed(np.nan)), "000002.npz: its audio holds NaN in frame 8 of 20, at"
            " 1.40 s, in the utterance D2_1; 1 values"),
    "infinity": (arrays(audio=holed(np.inf)), "its audio holds infinity in frame 8"),
    "half precision that ran over": (
        arrays(audio=holed(np.float16(np.inf), np.float16)), "holds infinity in frame 8"),
    "too large for 32 bits": (arrays(audio=holed(-1e300)), "holds minus infinity in frame 8"),
    "other dimensions": (arrays(audio=np.zeros((20, 5))), "000002.npz: its audio has 5 dimensions"
                         " (the dialogue D2); that of most clips has 4"),
    "a line of numbers": (arrays(vision=np.zeros(20)), "its vision is an array of float64 (20,)"),
    "words": (arrays(audio=np.full((20, 4), "a")), "its audio is an array of <U1"),
    "complex numbers": (arrays(audio=np.zeros((20, 4), complex)), "array of complex128"),
    "no rate": (arrays(audio_rate=None), "its audio cannot be read"),
    "a rate of none": (arrays(audio_rate=np.float64(np.nan)), "no number of frames a second"),
    "a rate of zero": (arrays(vision_rate=np.float64(0)), "vision_rate is array(0.)"),
    "no picture": (arrays(vision=None), "its vision cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_features_end_the_run_before_a_step_and_are_named(name, tmp_path):
    odd, said = ODD[name]
    release = measured_release(tmp_path / "release", odd)
    done = learn(release, tmp_path / "out", "--recipe", recipe_file(tmp_path))
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert "000002.npz" in done.stderr and len(done.stderr.strip().split("\n")) == 1
    events = (tmp_path / "out" / "events.jsonl").read_text()
    assert '"refused"' in events and '"epoch"' not in events
    assert not (tmp_path / "out" / "results.json").exists()


def test_what_is_odd_and_yet_numbers_is_learned_from(tmp_path):
    """All zeros, whole numbers, half precision, no frame at all."""
    for number, odd in enumerate((
        arrays(audio=np.zeros((20, 4)), vision=np.zeros((20, 3))),
        arrays(audio=np.ones((20, 4), np.int16), vision=np.ones((20, 3), np.float16)),
        arrays(audio=np.zeros((0, 4))),
    )):  # fmt: skip
        place = tmp_path / str(number)
        place.mkdir()
        release = measured_release(place / "release", odd)
        done = learn(release, place / "out", "--recipe", recipe_file(place), "--json")
        assert done.returncode == 0, done.stderr
        lacked = json.loads(done.stdout)["missing"]["modalities"]["audio"]
        assert lacked == (3 if number == 2 else 0)


def test_a_clip_that_is_no_number_can_be_left_out_by_name(tmp_path):
    release = measured_release(tmp_path / "release", arrays(audio=holed(np.nan)))
    recipe = recipe_file(tmp_path, on_failure="missing")
    done = learn(release, tmp_path / "out", "--recipe", recipe, "--json")
    assert done.returncode == 0, done.stderr
    missing = json.loads(done.stdout)["missing"]
    assert missing["modalities"] == {"text": 0, "audio": 3, "vision": 0}
    assert [f["clip"] for f in missing["failures"]] == ["000002.npz"]


def test_held_out_features_are_checked_when_they_are_looked_at(tmp_path):
    release = measured_release(tmp_path / "release", arrays(audio=holed(np.nan)), at=7)
    out = tmp_path / "out"
    done = learn(release, out, "--recipe", recipe_file(tmp_path))
    assert done.returncode == 0, done.stderr
    done = run("evaluate", release, "--out", out)
    assert done.returncode == 2 and "000007.npz: its audio holds NaN" in done.stderr
    assert not (out / "evaluation.json").exists()


def test_features_far_beyond_those_of_training_are_refused(tmp_path):
    """Normalised they are no numbers, though they were before."""
    far = arrays(audio=np.full((20, 4), 3e38), vision=np.zeros((20, 3)))
    flat = arrays(audio=np.zeros((20, 4)), vision=np.zeros((20, 3)))
    release = measured_release(tmp_path / "release", far, at=6)
    for number in range(6):
        np.savez(release / "features" / f"{number:06d}.npz", **flat)
    done = learn(release, tmp_path / "out", "--recipe", recipe_file(tmp_path))
    assert done.returncode == 2 and "of the utterance D6_0 they are no numbers" in done.stderr


def test_a_damaged_cache_is_measured_anew_and_nothing_bad_is_kept(film, tmp_path, monkeypatch):
    talk = dialogue("a", 3, clip=film)
    extractors = Extractors.of(Recipe(modalities=("audio",)))
    first, _ = extract(talk, tmp_path, extractors)
    [kept] = (tmp_path / LogMel.key).iterdir()
    good = kept.read_bytes()
    wrong = np.load(kept)
    wrong[3] = np.nan
    for damaged in (good[:100], b""):
        kept.write_bytes(damaged)
        again, failures = extract(talk, tmp_path, extractors)
        assert not failures and (again[1]["audio"] == first[1]["audio"]).all()
        assert kept.read_bytes() == good
    np.save(kept, wrong)
    assert np.isfinite(extract(talk, tmp_path, extractors)[0][0]["audio"]).all()
    kept.unlink()
    monkeypatch.setattr(LogMel, "of_clip", lambda self, clip: wrong)
    with pytest.raises(FeatureError, match="film.mp4: its audio holds NaN in frame 4"):
        extract_all([talk], tmp_path, extractors, lambda done, total: None)
    assert not kept.exists()
    with pytest.raises(FeatureError, match="in the utterance a_1"):
        wrong[3], wrong[25] = 0, np.inf
        _cached_frames(film, "d" * 64, LogMel(), tmp_path, "audio", talk.utterances)


def test_an_encoder_of_text_that_gives_no_numbers_is_named(text_encoder, tmp_path):
    extractors = Extractors.of(Recipe(modalities=("text",), text_encoder=str(text_encoder)))
    network = extractors.text.network()
    with torch.no_grad():
        network.embeddings.word_embeddings.weight[5] = float("nan")  # 好
    with pytest.raises(FeatureError, match=r"reads the text of a_1 \(dialogue a\) as NaN"):
        extract(dialogue("a", 3), tmp_path, extractors)


@pytest.mark.parametrize("changes, said", [
    ({"start": float("nan")}, "the utterance 'D1_0' has as its start nan, no number of seconds"),
    ({"end": float("inf")}, "has as its end inf"),
    ({"end": "1"}, "has as its end '1'"),
    ({"start": 10**400}, "no number of seconds"),
    ({"gold": {"sentiment": "great"}}, "has 'great', no value of 'sentiment'"),
    ({"soft": {"sentiment": {"positive": float("nan")}}}, "the soft label 'positive'"),
    ({"soft": {"sentiment": {"positive": -0.5}}}, "-0.5, no share"),
    ({"soft": {"sentiment": {"positive": "1"}}}, "'1', no share"),
    ({"text": None}, "has as its text None"),
    ({"text": "\ud800"}, "half a surrogate pair"),
    ({"gold": None}, "lacks something"),
    ({"media": "media/1.mp4"}, "are not in the manifest"),
])  # fmt: skip
def test_rows_that_cannot_be_learned_from_are_named(changes, said, tmp_path):
    root = write_release(tmp_path / "r", [dialogue(f"D{n}", 1) for n in range(3)])
    rows = [json.loads(line) for line in (root / "utterances.jsonl").read_text().split("\n")]
    rows[1] |= changes
    (root / "utterances.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(ReleaseError) as refused:
        load_release(root)
    assert said in str(refused.value) and str(root) in str(refused.value)


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"id": "a"}', ""])
def test_a_line_that_is_no_utterance_is_numbered(line, tmp_path):
    root = write_release(tmp_path / "r", [dialogue("D1", 2)])
    lines = (root / "utterances.jsonl").read_text().split("\n")
    (root / "utterances.jsonl").write_text("\n".join([lines[0], line, lines[1]]))
    with pytest.raises(ReleaseError, match="line 2 of utterances.jsonl is no utterance"):
        load_release(root)


@pytest.mark.parametrize("values", [["a"], ["a", "a"], []])
def test_a_task_of_one_value_is_no_task(values, tmp_path):
    root = write_release(tmp_path / "r", [dialogue("D1", 2)])
    scheme = {"tasks": [{"key": "t", "values": [{"key": value} for value in values]}]}
    (root / "scheme.json").write_text(json.dumps(scheme))
    with pytest.raises(ReleaseError, match="'t' needs two or more different values"):
        load_release(root)


@pytest.mark.parametrize("weighting", ["uncertainty", "pcgrad"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_loss_that_is_no_number_ends_training_and_says_where(weighting, precision):
    data = packed([dialogue(f"D{n}", 3) for n in range(4)])
    recipe = Recipe(width=8, heads=2, dialogues_per_batch=2, weighting=weighting,
                    precision=precision)  # fmt: skip
    learner = TrainingModule(
        build_network(recipe, TASKS, 4, SIZES), Objective(recipe, TASKS, _even())
    )
    with torch.no_grad():
        next(learner.model.heads["sentiment"].parameters()).fill_(float("nan"))
    with pytest.raises(NonFiniteError) as ended:
        _fit(learner, data)
    said = str(ended.value)
    assert "Epoch 1, step 1 of 2, learning rate 0.001: the loss of sentiment is nan" in said
    assert "in the batch of D0, D1" in said and "lower learning_rate" in said


def test_gradients_that_are_no_numbers_are_no_step():
    """The losses may still be numbers; clipping would make NaN of every weight."""
    data = packed([dialogue(f"D{n}", 3) for n in range(4)])
    recipe = Recipe(width=8, heads=2, dialogues_per_batch=2)
    learner = TrainingModule(
        build_network(recipe, TASKS, 4, SIZES), Objective(recipe, TASKS, _even())
    )
    learner.model.heads["sentiment"][0].weight.register_hook(lambda grad: grad * float("inf"))
    before = learner.model.heads["sentiment"][0].weight.detach().clone()
    with pytest.raises(
        NonFiniteError, match="the gradients are no numbers.*in the batch of D0, D1"
    ):
        _fit(learner, data)
    assert (learner.model.heads["sentiment"][0].weight == before).all()


def test_a_run_that_diverges_is_refused_and_leaves_no_result(tmp_path, monkeypatch):
    monkeypatch.setitem(recipes.RANGES, "learning_rate", (1e-8, 1e38))
    talks = [dialogue(f"D{n}", 3, split) for n, split in enumerate(ORDER)]
    release = write_release(tmp_path / "release", talks)
    recipe = recipe_file(tmp_path, modalities=["text"], learning_rate=1e30, epochs=30, patience=30)
    out = tmp_path / "out"
    done = learn(release, out, "--recipe", recipe)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "no numbers" in done.stderr or "the loss of" in done.stderr
    assert not any((out / name).exists() for name in ("results.json", "model.safetensors"))
    assert "NaN" not in (out / "events.jsonl").read_text()


def test_a_network_without_scores_is_not_evaluated(tmp_path):
    """The highest of scores that are none is the first class, with figures that look sound."""
    talks = [dialogue(f"D{n}", 3, split) for n, split in enumerate(ORDER)]
    data = packed(talks)
    recipe = Recipe(width=8, heads=2)
    model = build_network(recipe, TASKS, 4, SIZES)
    assert inference.network_outputs(model, data).ids
    with torch.no_grad():
        model.heads["sarcasm"][-1].bias[0] = float("inf")
    with pytest.raises(NonFiniteError, match="no score of sarcasm for 24 of 24 utterances"):
        inference.network_outputs(model, data)


def test_a_figure_that_is_no_number_is_written_nowhere(tmp_path):
    made = RunDirectory(tmp_path)
    for value in (float("nan"), float("inf"), -float("inf")):
        for write in (
            lambda: made.write("results.json", {"tasks": {"a": {"ece": value}}}),  # noqa: B023
            lambda: made.write_lines("validation_predictions.jsonl", [{"p": value}]),  # noqa: B023
            lambda: made.emit({"event": "epoch", "loss": value}),  # noqa: B023
        ):
            with pytest.raises(NonFiniteError, match="is not written"):
                write()
    assert not (tmp_path / "results.json").exists()


def test_times_before_the_clip_begin_with_it(tmp_path):
    release = measured_release(tmp_path / "release")
    talk = load_release(release).dialogues[0]
    early = replace(talk, utterances=(replace(talk.utterances[0], start=-1.0, end=0.4),))
    [found], _ = extract(early, tmp_path, Extractors.of(Recipe(modalities=("audio",))))
    assert len(found["audio"]) == 2


def _even():
    return {task.key: torch.zeros(len(task.classes)) for task in TASKS}


def _fit(learner, data):
    return fit(learner, lambda epoch: data.in_turn(2), data.batch, lambda: {"sentiment": 0.5},
               lambda event: None)  # fmt: skip
