"""Features computed elsewhere: files and what is wrong with them, directories, training."""

import json
import os
import pickle
import struct

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from modeling.learner.features.array_pickle import load_arrays
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.feature_files import read_ids, read_tables
from modeling.learner.features.imported import ImportedFeatures, Match, write_features
from modeling.learner.recipes import Recipe, RecipeError
from tests.modeling.factories import dialogue, learn, run, write_release

IDS = ["A_0", "A_1", "A_2"]


def sequences(n=3, frames=5, dims=4):
    made = np.random.default_rng(0).normal(size=(n, frames, dims)).astype(np.float32)
    made[1, 3:] = 0  # padding
    return made


def saved(path, value, **more):
    with path.open("wb") as stream:
        pickle.dump(value, stream, **more)
    return path


def only(path, modality="audio", ids=None):
    (table,) = read_tables(path, modality, ids)
    return table


def test_an_array_with_a_list_of_ids(tmp_path):
    array = sequences()
    np.save(tmp_path / "a.npy", array)
    (tmp_path / "ids.txt").write_text("A_0\nA_1\n\nA_2\n")
    table = only(tmp_path / "a.npy", ids=tmp_path / "ids.txt")
    assert table.ids == IDS and table.lengths.tolist() == [5, 3, 5] and not table.pooled
    assert np.array_equal(table.only(["A_1"]).values, array[1, :3])
    np.save(tmp_path / "a.npy", array[:, 0].astype(np.float64))
    (tmp_path / "ids.json").write_text(json.dumps(IDS))
    table = only(tmp_path / "a.npy", ids=tmp_path / "ids.json")
    assert table.pooled and table.values.dtype == np.float32 and table.lengths.tolist() == [1, 1, 1]
    with pytest.raises(FeatureError, match="holds no ids"):
        only(tmp_path / "a.npy")


def test_arrays_with_ids_and_lengths(tmp_path):
    np.savez(tmp_path / "a.npz", ids=IDS, audio=sequences(), lengths=[2, 0, 5], labels=[1, 0, 1])
    table = only(tmp_path / "a.npz")
    assert table.ids == IDS and table.lengths.tolist() == [2, 0, 5]
    np.savez(tmp_path / "a.npz", ids=IDS, audio=sequences(), lengths=[2, 0, 6])
    with pytest.raises(FeatureError, match="a whole number from 0 to 5 for each"):
        only(tmp_path / "a.npz")
    with pytest.raises(FeatureError, match="has no array 'text' or 'features'; it has .*audio"):
        only(tmp_path / "a.npz", "text")


@pytest.mark.parametrize("nested", [False, True])
def test_a_table_by_utterance(tmp_path, nested):
    rows = [[1.0, 2.0], [3.0, 4.0], None]
    if nested:
        rows = [[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0]], []]
    table = pyarrow.table({"id": IDS, "features": rows, "label": [1, 2, 3]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    found = only(tmp_path / "a.parquet")
    assert found.ids == IDS and found.dims == 2 and found.pooled is not nested
    assert found.lengths.tolist() == ([2, 1, 0] if nested else [1, 1, 0])
    pyarrow.parquet.write_table(table.select(["id", "label"]), tmp_path / "a.parquet")
    with pytest.raises(FeatureError, match="no column 'audio' or 'features'.*it has"):
        only(tmp_path / "a.parquet")


def mmsa(**more):
    part = {"id": np.array(IDS[:2]), "raw_text": ["a", "b"], "audio": sequences(2),
            "audio_lengths": [5, 2], "vision": sequences(2, dims=3), "regression_labels": [1, 0],
            **more}  # fmt: skip
    other = {**part, "id": ["A_2", "A_3"]}
    return {"train": part, "valid": other}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_mmsa_is_read_by_a_reader_that_runs_nothing(tmp_path, protocol):
    data = mmsa(annotations=np.array(["x", None], dtype=object), regression=np.float64(0.5))
    data["train"]["vision"] = np.asfortranarray(data["train"]["vision"])
    path = saved(tmp_path / "sims.pkl", data, protocol=protocol)
    audio, vision = read_tables(path)
    assert [audio.modality, vision.modality] == ["audio", "vision"]
    assert audio.ids == ["A_0", "A_1", "A_2", "A_3"] and audio.lengths.tolist() == [5, 2, 5, 2]
    assert vision.lengths.tolist() == [5, 3, 5, 3] and vision.dims == 3
    assert np.array_equal(vision.only(["A_0"]).values, sequences(2, dims=3)[0])
    held = load_arrays(path)["train"]
    assert held["annotations"] == ["x", None] and held["regression"] == 0.5
    assert [t.modality for t in read_tables(path, "vision")] == ["vision"]


class Wants:
    def __init__(self, what, *arguments):
        self.what, self.arguments = what, arguments

    def __reduce__(self):
        return self.what, self.arguments


class Plain:
    pass


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Wants(os.system, "touch bad"), "it wants posix.system, which is no part of an array"),
        (Wants(eval, "1"), "it wants builtins.eval"),
        (Wants(getattr, "a", "b"), "it wants builtins.getattr"),
        (Plain(), "it has the operation NEWOBJ"),
        (np.ndarray, "it holds a type instead of an array"),
        (np.dtype("f4"), "it holds a type instead of an array"),
        (np.zeros(2, dtype=[("a", "f4")]), "an array holds elements of the type 'V4'"),
        (np.zeros(2, dtype="M8[s]"), "an array holds elements of the type 'M8'"),
        ({1, 2}, "is not read|is no pickle|has no"),
    ],
)
def test_what_a_pickle_must_not_want_is_named(tmp_path, monkeypatch, value, words):
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path / "a.pkl", {"train": value})
    with pytest.raises(FeatureError, match=words):
        read_tables(path)
    assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        b"\x80\x04" + b"]" + b"r" + struct.pack("<I", 2**31) + b".",  # a memo of gigabytes
        b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"N.",  # a frame that is not there
        b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"x.",  # bytes that are not there
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I9999999999\ntVb\ntR.",
        b"cnumpy\ndtype\n}V__call__\nVx\nsb.",  # sets an attribute
        b"cnumpy\ndtype\n(N}V__call__\nVx\nstb.",
        b"cnumpy\ndtype\n(VO8\nI0\nI1\ntR(I3\nVx\ntb.",
        b"c__builtin__\neval\n(V1\ntR.",
        b"cos\nsystem\n(Vtouch bad\ntR.",
        b"(dp0\nVtrain\ng0\ns.",  # holds itself
        b"]" + b"]" * 0 + b"(" * 100_000 + b".",
    ],
)
def test_a_hostile_pickle_ends_in_a_sentence(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(FeatureError, match=r"a\.pkl"):
        read_tables(tmp_path / "a.pkl")
    assert not (tmp_path / "bad").exists()


def test_lists_that_repeat_each_other_stay_small(tmp_path):
    value = ["x"] * 10
    for _ in range(60):
        value = [value] * 10
    assert len(load_arrays(saved(tmp_path / "a.pkl", {"a": value}))["a"]) == 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ids": ["A_0", "A_1", "A_0"]}, 'utterance "A_0" is there twice, in the rows 1 and 3'),
        ({"ids": IDS[:2]}, "3 rows of audio and 2 ids"),
        ({"ids": np.array(["A_0", "", "A_2"])}, "the id in row 2 is"),
        ({"audio": np.array([[1.0], [np.nan], [2.0]])}, 'of "A_1" .row 2. holds NaN; 1 values'),
        ({"audio": np.array([[1.0], [1e300], [2.0]])}, 'of "A_1" .row 2. holds infinity'),
        ({"audio": np.zeros((3, 0))}, "0 dimensions"),
        ({"audio": np.zeros(3)}, "not of numbers .utterances, dimensions."),
        ({"audio": np.array([["a"], ["b"], ["c"]])}, "not of numbers"),
        ({"audio": np.zeros((3, 2, 2), dtype=np.complex64)}, "not of numbers"),
        ({"audio": np.array([{}, {}, {}], dtype=object)}, "it holds objects, not numbers"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_row(tmp_path, change, words):
    np.savez(tmp_path / "a.npz", **{"ids": IDS, "audio": np.ones((3, 2)), **change})
    with pytest.raises(FeatureError, match=words):
        only(tmp_path / "a.npz")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("id,x")
    with pytest.raises(FeatureError, match=r"features are read from \.npy"):
        only(tmp_path / "a.csv")
    (tmp_path / "a.parquet").write_text("nothing")
    with pytest.raises(FeatureError, match="cannot be read"):
        only(tmp_path / "a.parquet")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(FeatureError, match="is no list of utterances"):
        read_ids(tmp_path / "a.json")


def made(tmp_path, ids=tuple(IDS), name="a"):
    np.savez(tmp_path / f"{name}.npz", ids=list(ids), audio=sequences(len(ids)))
    table = only(tmp_path / f"{name}.npz")
    digest = write_features(tmp_path / name, table, "eGeMAPS", 10.0, f"{name}.npz")
    return table, digest, ImportedFeatures(tmp_path / name)


def test_a_directory_gives_each_utterance_its_vectors(tmp_path):
    table, digest, features = made(tmp_path)
    assert features.digest == digest and features.dims == 4 and features.name == "eGeMAPS"
    assert np.array_equal(features.of("A_1"), table.only(["A_1"]).values)
    assert features.of("none").shape == (0, 4)
    assert made(tmp_path, name="b")[1] == digest  # of the same numbers
    assert made(tmp_path, IDS[:2], "c")[1] != digest
    match = Match.of(table, ["A_0", "A_2", "B_0"])
    assert match == Match(2, 1, ["A_1"], 1, ["B_0"])


def test_a_directory_that_changed_is_refused(tmp_path):
    _, _, features = made(tmp_path)
    with (tmp_path / "a" / "values.npy").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\x01")
    with pytest.raises(FeatureError, match=r"values\.npy is not the file that was imported"):
        features.of("A_0")
    with pytest.raises(FeatureError, match="they were removed"):
        ImportedFeatures(tmp_path / "elsewhere")


def test_imported_features_are_trained_on_and_stay_with_their_release(tmp_path):
    talks = [dialogue(f"D{n}", 3, s) for n, s in enumerate(["train"] * 4 + ["valid", "test"])]
    release = write_release(tmp_path / "release", talks)
    ids = [u.id for talk in talks for u in talk.utterances][:-1]
    values = [[float(n % 2), 1.0 * int(i[-1])] for n, i in enumerate(ids)]
    pyarrow.parquet.write_table(
        pyarrow.table({"id": [*ids, "stranger"], "audio": [*values, [0.0, 0.0]]}),
        tmp_path / "a.parquet",
    )
    out = tmp_path / "features"
    done = run(
        "import", release, tmp_path / "a.parquet", "--modality", "audio", "--out", out, "--json"
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["matched"] == len(ids) and row["first_unknown"] == ["stranger"]
    assert row["first_without"] == [talks[-1].utterances[-1].id]
    for number, network in enumerate(["own", "tfn"]):
        recipe = tmp_path / "r.json"
        recipe.write_text(json.dumps({
            "modalities": ["text", "audio"], "audio_features": str(out), "epochs": 1,
            "network": network, "width": 16,
        }))  # fmt: skip
        done = learn(release, tmp_path / f"{number}", "--recipe", recipe, "--json")
        assert done.returncode == 0, done.stderr
        results = json.loads(done.stdout)
        assert results["missing"]["modalities"] == {"text": 0, "audio": 0}
        by = results["features"]["audio"]
        assert by == {"by": f"imported-{row['digest'][:32]}", "from": "imported", "name": "a"}
    looked = run("evaluate", release, "--out", tmp_path / "0", "--json")
    assert json.loads(looked.stdout)["missing"]["modalities"]["audio"] == 1
    other = write_release(tmp_path / "other", talks[:5])
    refused = run("predict", other, "--out", tmp_path / "0", "--to", tmp_path / "rows.jsonl")
    assert refused.returncode == 2 and "outside the release" in refused.stderr
    (out / "manifest.json").unlink()
    gone = run("evaluate", release, "--out", tmp_path / "0")
    assert gone.returncode == 2 and "they were removed" in gone.stderr
    assert "they were removed" in learn(release, tmp_path / "2", "--recipe", recipe).stderr


def test_recipes_and_files_that_do_not_fit(tmp_path):
    with pytest.raises(RecipeError, match="leave one out"):
        Recipe(audio_features="a", audio_encoder="b")
    assert "audio_features" in Recipe(modalities=("text",), audio_features="a").unused
    assert Recipe(text_features="a").longest("text") == 0
    talks = [dialogue(f"D{n}", 2, s) for n, s in enumerate(["train"] * 3 + ["valid", "test"])]
    release = write_release(tmp_path / "release", talks)
    _, _, features = made(tmp_path)
    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({"text_features": str(features.path)}))
    done = learn(release, tmp_path / "out", "--recipe", recipe)
    assert done.returncode == 2 and "holds features of audio, not of text" in done.stderr
    recipe.write_text(json.dumps({"audio_features": str(features.path)}))
    done = learn(release, tmp_path / "out", "--recipe", recipe)
    assert done.returncode == 2 and "has no utterance of the train split" in done.stderr
    none = run(
        "import", release, tmp_path / "a.npz", "--modality", "audio", "--out", tmp_path / "x"
    )
    assert (
        none.returncode == 2 and "has no utterance of the release: its ids are A_0" in none.stderr
    )
