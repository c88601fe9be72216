"""What recipes and options may be: whatever is given, the answer is a run or one sentence."""

import io
import json
import os
import string
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from modeling.learner.command_line import main
from modeling.learner.features.extraction import Features
from modeling.learner.networks.registry import build_network
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipe_checks import check_trainable
from modeling.learner.recipes import CHOICES, MODALITIES, RANGES, Recipe, RecipeError
from modeling.learner.release import ReleaseError, Splits
from modeling.learner.release_checks import open_release
from modeling.learner.run_directory import RunDirectory
from tests.modeling.factories import (
    SIZES,
    TASKS,
    dialogue,
    learn,
    packed,
    refrozen,
    run,
    whole,
    write_release,
)

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))  # more for a long run
FUZZED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SPLITS = ["train"] * 8 + ["valid"] * 3 + ["test"] * 3
SMALL = {"modalities": ["text"], "epochs": 1, "width": 8, "heads": 2}


def talks(change=lambda utterance, talk: utterance, splits=SPLITS):
    made = [dialogue(f"D{n}", 4, split) for n, split in enumerate(splits)]
    return [replace(d, utterances=tuple(change(u, d) for u in d.utterances)) for d in made]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a release, a small recipe and a frozen run."""
    root = tmp_path_factory.mktemp("options")
    write_release(root / "release", talks())
    (root / "recipe.json").write_text(json.dumps(SMALL))
    assert learn(root / "release", root / "run", "--recipe", root / "recipe.json").returncode == 0
    return root


def one_sentence(words):
    """Whether it is one line, says something and ends like a sentence."""
    line = words.strip()
    return bool(line) and "\n" not in line and line[-1] in ".?)" and "Traceback" not in line


def refused(done, *parts):
    """Whether a command has ended with a sentence that has these parts."""
    assert done.returncode == 2 and one_sentence(done.stderr), done.stderr
    return all(part in done.stderr for part in parts)


# recipes


def test_every_number_of_a_recipe_has_a_range_and_every_choice_its_names():
    numbers = {f.name for f in fields(Recipe) if f.type in (int, float)}
    assert numbers == set(RANGES)
    for name, (low, high) in RANGES.items():
        assert low <= getattr(Recipe(), name) <= high
        for beyond in (low - 1, high + 1, -(10**400), 10**400):
            with pytest.raises(RecipeError) as result:
                Recipe.from_json({name: beyond})
            assert result.value.field == name
    for name in CHOICES:
        with pytest.raises(RecipeError, match=f"{name} must be one of"):
            Recipe.from_json({name: "no such"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"epochs": 1.5}, "epochs must be a whole number, not 1.5."),
        ({"epochs": True}, "epochs must be a whole number, not true."),
        ({"epochs": "40"}, 'epochs must be a whole number, not "40".'),
        ({"epochs": None}, "epochs must be a whole number, not null."),
        ({"epochs": 0}, "epochs must be from 1 to 100,000, not 0."),
        ({"learning_rate": float("nan")}, "learning_rate must be from 1e-08 to 10, not NaN."),
        ({"dropout": float("inf")}, "dropout must be from 0 to 0.99, not Infinity."),
        ({"compiled": 1}, "compiled must be true or false, not 1."),
        ({"sharing": ["hard"]}, 'sharing must be text, not ["hard"].'),
        ({"modalities": "text"}, "must be a list of some of text, audio, vision, each once"),
        ({"modalities": ["text", "text"]}, "each once"),
        ({"modalities": [["text"]]}, "each once"),
        ({"name": "a\nb"}, "not one with the character U+000A."),
        ({"text_encoder": "\ud800"}, "not one with the character U+D800."),
        ({"shaing": "hard"}, "A recipe has no field \"shaing\"; did you mean 'sharing'?"),
        ({"width": 66}, "width 66 is not a multiple of heads 4."),
        ({"width": 65, "heads": 5}, "width 65 must be even"),
        ({"text_steps": 5000}, "text_steps must be from 0 to 4,096, not 5000."),
        ([], 'A recipe is a JSON object such as {"epochs": 40}, not [].'),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(given, expected):
    with pytest.raises(RecipeError) as result:
        Recipe.from_json(given)
    assert expected in str(result.value) and one_sentence(str(result.value))


def test_a_whole_number_is_a_number_and_what_decides_nothing_is_known():
    assert isinstance(Recipe.from_json({"learning_rate": 1}).learning_rate, float)
    assert {"relations", "distance"} <= Recipe().unused
    assert "relations" not in Recipe(sharing="relgate").unused
    assert {"width", "dropout", "sharing"} <= Recipe(network="mult").unused
    assert "audio_encoder" in Recipe(modalities=("text",)).unused


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, '{"epochs":1,"epochs":2}', '{"epochs":1e999}',
     '{"epochs":NaN}', '{"epochs":' + "9" * 5000 + "}", b"\xff\xfe{", '{"name":"\\ud800"}'],
)  # fmt: skip
def test_a_file_that_is_no_recipe_is_named(place, tmp_path, text):
    path = tmp_path / "mine.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refused(learn(place / "release", tmp_path / "out", "--recipe", path), "mine.json")
    assert not (tmp_path / "out").exists()


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-3, 300), st.floats(),
    st.sampled_from([10**400, -(10**400), 1e308, 5e-324, "nan", "1e999", "", "\0", "\ud800", "\n"]),
    st.text(max_size=12), st.lists(st.sampled_from([*MODALITIES, "smell", 1, None]), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(sorted({name for names in CHOICES.values() for name in names})),
)  # fmt: skip
NAMES = st.one_of(st.sampled_from([f.name for f in fields(Recipe)]), st.text(max_size=8))


@FUZZED
@given(st.one_of(st.dictionaries(NAMES, JUNK, max_size=5), JUNK))
@example({"epochs": 10**5000})
@example({"modalities": ("text", "audio")})
def test_any_dictionary_is_a_recipe_or_a_sentence(data):
    try:
        made = Recipe.from_json(data)
    except RecipeError as error:
        assert one_sentence(str(error)), str(error)
    else:
        again = Recipe.from_json(json.loads(json.dumps(made.to_json())))
        assert again == made and again.to_json() == made.to_json()


POSSIBLE = st.fixed_dictionaries(
    {
        "modalities": st.lists(st.sampled_from(MODALITIES), min_size=1, unique=True),
        "sharing": st.sampled_from(CHOICES["sharing"]),
        "relations": st.sampled_from(CHOICES["relations"]),
        "heads": st.integers(1, 4),
        "width": st.integers(2, 32),
        "dropout": st.floats(0, 0.99),
        **dict.fromkeys(("context", "attention", "fusion", "relation_chain"), st.booleans()),
    }
)


@FUZZED
@given(POSSIBLE)
def test_what_is_accepted_can_be_built_and_answers_in_numbers(data):
    try:
        recipe = Recipe.from_json(data)
    except RecipeError as error:
        known = ("is not a multiple of heads", "must be even", "for relation gates alone",
                 "relation_chain connects")  # fmt: skip
        assert any(words in str(error) for words in known)
        return
    batch = whole(packed([dialogue("a", 2), dialogue("b", 1)]))
    network = build_network(recipe, TASKS, 4, SIZES).eval()
    with torch.no_grad():
        found = network(batch)
    assert all(torch.isfinite(logits).all() for logits in found.logits.values())


# options


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        (["--seed", "-1"], ["--seed: expected a whole number from 0 to 2,147,483,647"]),
        (["--seed", "9" * 5000], ["--seed: expected a whole number"]),
        (["--seed", "1.5"], ['not "1.5"']),
        (["--seeds", "0"], ["--seeds: expected a whole number from 1 to 1,000"]),
        (["--keep-every", "nan"], ["--keep-every: expected a number from 0 to 86,400"]),
        (["--keep-every", "1e999"], ["--keep-every"]),
        (["--device", "gpu"], ["--device cannot be 'gpu'; did you mean 'cpu'?"]),
        (["--sede", "3"], ["did you mean '--seed'?"]),
        (["--recipe", "hard-smal"], ["did you mean 'hard-small'?"]),
        (["--recipe", ""], ["no recipe and no file"]),
        (["--cache", "RELEASE/c"], ["--cache:", "inside the release"]),
        (["--cache", "FILE"], ["--cache:", "is a file"]),
        (["--out", "RELEASE"], ["--out:", "inside the release"]),
        (["--out", "FILE"], ["is a file; name a directory"]),
        (["--out", "FILE/x"], ["cannot be made"]),
        (["--out", "x" * 300], ["File name too long"]),
        (["--out", "a\0b"], ["expected a path"]),
        (["--out", "\ud800"], ["expected a path"]),
    ],
)
def test_an_option_that_cannot_be_is_named_before_anything_is_written(place, tmp_path, more, parts):
    names = {"RELEASE": place / "release", "FILE": place / "recipe.json"}
    for word, path in names.items():
        more = [each.replace(word, str(path)) for each in more]
    before = sorted(place.rglob("*"))
    small = ["--recipe", place / "recipe.json"]
    assert refused(
        command("train", place / "release", "--out", tmp_path / "o", *small, *more), *parts
    )
    assert not (tmp_path / "o").exists() and sorted(place.rglob("*")) == before


def command(*words):
    """A command line in this process, also where its options are none."""
    output, errors = io.StringIO(), io.StringIO()
    try:
        return run(*words)
    except SystemExit as end:
        status = end.code
    with redirect_stdout(output), redirect_stderr(errors), pytest.raises(SystemExit):
        main([str(word) for word in words])
    return type("Done", (), {"returncode": status, "stderr": errors.getvalue()})


def test_a_gpu_that_is_not_there_is_said(place, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    done = learn(place / "release", tmp_path / "o", "--device", "cuda")
    assert refused(done, "no GPU here") and not (tmp_path / "o").exists()


def test_a_place_that_cannot_be_written_costs_no_look(place, tmp_path):
    release, out = place / "release", place / "run"
    before = len(RunDirectory(out).test_evaluations())
    for verb, option, path, part in (
        ("evaluate", "--latex", tmp_path / "no" / "t.tex", "there is no directory"),
        ("evaluate", "--latex", tmp_path, "is a directory"),
        ("evaluate", "--split", "tset", "did you mean 'test'?"),
        ("predict", "--to", tmp_path / "no" / "p.jsonl", "there is no directory"),
        ("predict", "--to", release / "p.jsonl", "inside the release"),
        ("predict", "--to", out / "meta.json", "a file of the run itself"),
    ):
        assert refused(run(verb, release, "--out", out, option, path), part)
    assert len(RunDirectory(out).test_evaluations()) == before


def test_a_full_disk_is_said_and_leaves_nothing_half_written(place, tmp_path, monkeypatch):
    def full(state, stream):
        try:
            raise OSError(28, "No space left on device")
        finally:
            raise RuntimeError("unexpected pos 64 vs 0")  # what PyTorch makes of it

    monkeypatch.setattr("torch.save", full)
    recipe = place / "recipe.json"
    done = learn(place / "release", tmp_path / "o", "--recipe", recipe, "--keep-every", 0)
    assert refused(done, f"{tmp_path / 'o'} cannot be written", "No space left", "Free some space")
    assert not list((tmp_path / "o").glob("*.partial"))


WORDS = [
    "--out",
    "--seed",
    "--seeds",
    "--recipe",
    "--device",
    "--split",
    "--part",
    "--json",
    "--to",
    "--cache",
    "--keep-every",
    "--latex",
    "--selection",
    "--anew",
    "-1",
    "0",
    "1",
    "2",
    "1e999",
    "nan",
    "inf",
    "--",
    "-",
    "cpu",
    "valid",
    "test",
    "1/2",
    "0/0",
    "run",
    "release",
    "recipe.json",
    "nowhere",
    "hard-text",
    "٣",
    "/dev/null",
]
TOKENS = st.one_of(
    st.sampled_from([*WORDS, "", "x" * 300, "a\0b", "\ud800", "2\n"]),
    st.text(string.printable, max_size=6).filter(lambda text: "/" not in text),
)
COMMANDS = [
    ["train", "release", "--out", "new", "--recipe", "recipe.json"],
    ["evaluate", "release", "--out", "run", "--split", "valid"],
    ["predict", "release", "--out", "run", "--to", "p.jsonl", "--split", "train"],
    ["compare", "release", "run", "run", "--selection"],
    ["validity", "release"],
    ["features", "release", "--recipe", "recipe.json", "--part", "1/2"],
]


@st.composite
def mutated(draw):
    """A command line with one to three words added, changed, doubled or left out."""
    words = list(draw(st.sampled_from(COMMANDS)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(words)))
        act = draw(st.sampled_from(["add", "change", "drop", "swap"]))
        if act == "add" or at == len(words):
            words.insert(at, draw(TOKENS))
        elif act == "change":
            words[at] = draw(TOKENS)
        elif act == "drop":
            del words[at]
        else:
            other = draw(st.integers(0, len(words) - 1))
            words[at], words[other] = words[other], words[at]
    return words


@FUZZED
@given(mutated())
def test_any_command_line_is_followed_or_answered_in_one_sentence(place, words):
    frozen = {path: path.read_bytes() for path in (place / "release").iterdir()}
    output, errors, here = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(place)
    try:
        with redirect_stdout(output), redirect_stderr(errors):
            status = main(words)
    except SystemExit as end:
        status = end.code
    finally:
        os.chdir(here)
    assert status in (0, 2), (status, errors.getvalue())
    if status:
        assert one_sentence(errors.getvalue()), (words, errors.getvalue())
    else:
        assert errors.getvalue() == "", (words, errors.getvalue())
    assert {path: path.read_bytes() for path in (place / "release").iterdir()} == frozen


# releases


def row(**change):
    """Changes the first line of the utterances."""

    def changed(root):
        path = root / "utterances.jsonl"
        rows = [json.loads(line) for line in path.read_text().split("\n")]
        rows[0] |= change
        rows[0] = {name: value for name, value in rows[0].items() if value != "GONE"}
        path.write_text("\n".join(map(json.dumps, rows)))
        refrozen(root)

    return changed


def file(name, text):
    def changed(root):
        (root / name).write_text(text)
        if name != "manifest.json":
            refrozen(root)

    return changed


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (row(text=None), "line 1 of utterances.jsonl has null as 'text' where text is expected"),
        (row(start="x"), "as 'start' where a number or null is expected"),
        (row(start=float("nan")), "as 'start'"),
        (row(end=1e300), "has the time"),
        (row(gold=[]), "as 'gold' where an object is expected"),
        (row(gold={"sentiment": "great"}), 'has the label "great" of sentiment'),
        (row(gold={"sentiment": ["positive"]}), "which the scheme does not know"),
        (row(soft={"sentiment": {"positive": "x"}}), "soft label"),
        (row(id="D0_1"), "a second time"),
        (row(split="valid"), "in a second split"),
        (row(media="x.mp4"), "the manifest does not list"),
        (row(speaker="GONE"), "lacks 'speaker'"),
        (row(text="\ud800"), "line 1 of utterances.jsonl has half of a character"),
        (file("utterances.jsonl", ""), "utterances.jsonl is empty"),
        (file("utterances.jsonl", "x"), "line 1 of utterances.jsonl is no JSON"),
        (file("utterances.jsonl", "[" * 100_000), "is no JSON"),
        (file("scheme.json", "{}"), "scheme.json lacks 'tasks'"),
        (file("scheme.json", '{"tasks": [{"key": "a", "values": [{"key": "x"}]}]}'), "two values"),
        (file("manifest.json", "[]"), "manifest.json holds [] where an object is expected"),
        (file("manifest.json", ""), "manifest.json is no JSON"),
        (lambda root: (root / "scheme.json").unlink(), "scheme.json is missing"),
        (lambda root: (root / "utterances.jsonl").write_text("{}"), "is not as it was frozen"),
    ],
)
def test_a_damaged_release_is_named_with_its_line(tmp_path, change, part):
    root = write_release(tmp_path / "release", talks())
    change(root)
    assert refused(learn(root, tmp_path / "out"), part)
    assert not (tmp_path / "out").exists()


ROWS = st.dictionaries(
    st.sampled_from(
        ["id", "dialogue", "split", "speaker", "text", "start", "end", "gold", "media", "soft"]
    ),
    st.one_of(JUNK, st.dictionaries(st.sampled_from(["sentiment", "x"]), JUNK, max_size=2)),
    max_size=3,
)


def test_a_label_that_is_held_out_is_looked_at_by_an_evaluation_alone(place, tmp_path):
    secret = talks(
        lambda u, d: replace(u, gold={"sentiment": "secret"} if d.split == "test" else u.gold)
    )
    root = write_release(tmp_path / "release", secret)
    done = learn(root, tmp_path / "out", "--recipe", place / "recipe.json")
    assert done.returncode == 0 and "secret" not in done.stdout + done.stderr
    result = run("evaluate", root, "--out", tmp_path / "out")
    assert refused(result, 'has the label "secret" of sentiment')
    assert not RunDirectory(tmp_path / "out").test_evaluations()


@FUZZED
@given(ROWS)
def test_any_row_of_a_release_is_read_or_refused_in_a_sentence(tmp_path_factory, change):
    root = write_release(tmp_path_factory.mktemp("rows") / "release", talks(splits=SPLITS[7:13]))
    row(**change)(root)
    try:
        release = open_release(root)
        check_trainable(Recipe.from_json(SMALL), Splits.of(release, 1), release.tasks)
    except (ReleaseError, RecipeError) as error:
        assert one_sentence(str(error)), str(error)
        return
    features = {d.id: [Features() for _ in d.utterances] for d in release.dialogues}
    small = Recipe.from_json(SMALL)
    prepared = Preprocessing.of(small, release.dialogues, features, release.tasks, {})
    batch = whole(prepared.pack(release.dialogues, features, torch.device("cpu")))
    assert len(batch.ids) == sum(len(d.utterances) for d in release.dialogues)
    prepared.save(root.parent / "prepared.json")


@pytest.mark.parametrize(
    ("made", "part"),
    [
        (talks(lambda u, d: replace(u, gold={})), "no label in its train split"),
        (talks(lambda u, d: replace(u, gold={} if d.split == "train" else u.gold)), "no label in"),
        (talks(lambda u, d: replace(u, gold={} if d.split == "valid" else u.gold)),
         "no label on valid: nothing could choose the epoch"),
        (talks(lambda u, d: replace(u, text="")), "No utterance of the train split has text"),
        (talks(splits=["train"]), "one dialogue in its train split"),
        (talks(splits=["train", "valid"]), "one dialogue in its train split"),
        (talks(splits=["test"]), "no dialogue in its train split"),
    ],
)  # fmt: skip
def test_a_release_with_nothing_to_learn_is_said_before(tmp_path, made, part):
    root = write_release(tmp_path / "release", made)
    (tmp_path / "r.json").write_text(json.dumps(SMALL))
    assert refused(learn(root, tmp_path / "out", "--recipe", tmp_path / "r.json"), part)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"stops_on": "sentimnt"}, "did you mean 'sentiment'?"),
        ({"stops_on": "sarcasm"}, 'stops_on "sarcasm" has no label on valid'),
        ({"modalities": ("audio",)}, "has audio; the release has text"),
        ({"text_encoder": "/nowhere"}, "text_encoder: /nowhere holds no encoder"),
    ],
)
def test_a_recipe_that_asks_for_what_is_not_there_is_refused(place, fields, part):
    release = open_release(place / "release")
    with pytest.raises(RecipeError) as result:
        check_trainable(Recipe(**fields), Splits.of(release, 1), release.tasks)
    assert part in str(result.value)


def test_an_utterance_without_words_and_media_is_learned_around(tmp_path):
    silent = talks(lambda u, d: replace(u, text="" if u.id.endswith("1") else u.text))
    root = write_release(tmp_path / "release", silent)
    (tmp_path / "r.json").write_text(json.dumps(SMALL))
    done = learn(root, tmp_path / "out", "--recipe", tmp_path / "r.json", "--json")
    result = json.loads(done.stdout)
    assert result["missing"]["modalities"]["text"] == 3 + 8  # one of four turns, train and valid
    rows = (tmp_path / "out" / "validation_predictions.jsonl").read_text()
    assert "NaN" not in rows and len(rows.splitlines()) == 12


# runs


@pytest.mark.parametrize(
    "name", ["meta.json", "frozen.json", "prepared.json", "results.json", "test_evaluations.jsonl"]
)
@pytest.mark.parametrize("text", ["{", "{}", "[]", "null", '{"recipe": 5}'])
def test_a_damaged_run_is_said_and_costs_no_look(place, tmp_path, name, text):
    out = tmp_path / "run"
    out.mkdir()
    for path in (place / "run").iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    (out / name).write_text(text)
    looks = (
        (out / "test_evaluations.jsonl").read_text()
        if (out / "test_evaluations.jsonl").exists()
        else ""
    )
    assert refused(run("evaluate", place / "release", "--out", out), str(out))
    again = (
        (out / "test_evaluations.jsonl").read_text()
        if (out / "test_evaluations.jsonl").exists()
        else ""
    )
    assert again == looks


def test_a_recipe_of_another_version_is_named(place, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    for path in (place / "run").iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    meta = json.loads((out / "meta.json").read_text())
    meta["recipe"]["later"] = 1
    (out / "meta.json").write_text(json.dumps(meta))
    done = run("evaluate", place / "release", "--out", out)
    assert refused(done, "a recipe that this version does not know", '"later"')


def test_a_damaged_checkpoint_is_named(place, tmp_path):
    out, small = tmp_path / "out", ["--recipe", place / "recipe.json"]
    assert learn(place / "release", out, *small).returncode == 0
    (out / "frozen.json").unlink()
    for content in (b"", b"PK\x03\x04", b"x"):
        (out / "checkpoint.pt").write_bytes(content)
        done = learn(place / "release", out, *small)
        assert refused(done, "checkpoint.pt is damaged", "--restart")
    torch.save({"events": 0}, out / "checkpoint.pt")
    assert refused(learn(place / "release", out, *small), "checkpoint.pt is damaged")
    assert learn(place / "release", out, *small, "--anew").returncode == 0
