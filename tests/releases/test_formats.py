"""A release and its exports, read back by the programs they are for."""

import csv
import io
import json
import pickle
import pickletools
import tarfile
import zipfile

import mlcroissant
import numpy as np
import pandas
import pympi
import pytest
import webdataset
import yaml
from django.core.files import File
from django.core.management import call_command
from django.urls import reverse

from annotation.adjudication import adjudicate
from annotation.models import Judgement
from corpus.formats import chsims, cmma
from corpus.models import Corpus, Utterance
from releases import formats
from releases.formats import ExportError
from tests.factories import (
    judge,
    make_dialogue,
    make_judged_round,
    make_member,
    make_release,
    make_round,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
datasets = pytest.importorskip("datasets")


@pytest.fixture
def cached(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def frozen(corpus, lead):
    judged = make_judged_round(corpus, dialogues=8)
    utterance = Utterance.objects.order_by("pk")[0]
    adjudicate(lead, judged, utterance, "emotion", "fear")
    return make_release(corpus, [judged], authors="王 力\nZhang, Y.", description="为什么：\n试验")


def rows_of(release):
    lines = (release.directory / "utterances.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_three_lines_of_python(frozen, cached):
    found = datasets.load_dataset(str(frozen.directory), cache_dir=str(cached))
    assert {name: len(part) for name, part in found.items()} == {
        {"train": "train", "valid": "validation", "test": "test"}[name]: count
        for name, count in frozen.summary["utterances"].items()
    }
    rows = {row["id"]: row for row in rows_of(frozen)}
    for part in found.values():
        label = part.features["emotion"]
        assert label.names == ["joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral"]
        for row in part:
            result = rows[row["id"]]
            value = None if row["emotion"] is None else label.int2str(row["emotion"])
            assert value == result["gold"].get("emotion") and row["text"] == result["text"]
            soft = dict(zip(label.names, row["emotion_soft"], strict=True))
            assert {k: v for k, v in soft.items() if v} == pytest.approx(result["soft"]["emotion"])
            assert row["emotion_provenance"] == result["provenance"]["emotion"]
    judged = datasets.load_dataset(str(frozen.directory), "judgements", cache_dir=str(cached))
    assert len(judged["train"]) == frozen.summary["judgements"] == Judgement.objects.count()


def test_croissant_is_valid_and_its_records_can_be_read(frozen):
    found = mlcroissant.Dataset(jsonld=frozen.directory / "croissant.json")
    assert found.metadata.ctx.issues.errors == set()
    first = next(iter(found.records("train")))
    assert (
        first["train/id"].decode()
        == next(r for r in rows_of(frozen) if r["split"] == "train")["id"]
    )


def test_the_citation_says_who_made_it(frozen):
    result = yaml.safe_load((frozen.directory / "CITATION.cff").read_text("utf-8"))
    assert result["cff-version"] == "1.2.0" and result["type"] == "dataset"
    assert [author["name"] for author in result["authors"]] == ["王 力", "Zhang, Y."]
    assert result["license"] == "CC-BY-NC-4.0" and str(result["version"]) == "1.0.0"
    card = (frozen.directory / "README.md").read_text("utf-8")
    front = yaml.safe_load(card.split("---")[1])
    assert front["license"] == "cc-by-nc-4.0" and front["language"] == ["zh"]
    for heading in ("Motivation", "Composition", "Collection", "Annotation", "Known limits"):
        assert f"## {heading} · " in card


def test_the_sheet_is_for_spreadsheets(frozen):
    table = pandas.read_csv(frozen.directory / "utterances.csv")
    assert list(table["id"]) == [row["id"] for row in rows_of(frozen)]
    assert (frozen.directory / "utterances.csv").read_bytes()[:3] == b"\xef\xbb\xbf"


def test_cmma(frozen, tmp_path):
    written = formats.export("cmma", frozen.directory, tmp_path)
    assert {path.name for path in written} == {
        {"train": "train.csv", "valid": "dev.csv", "test": "test.csv"}[name]
        for name in frozen.summary["utterances"]
    }
    found = {}
    for path in written:
        table = cmma.read(path)
        found |= {
            row.uid: (row.text, row.start, row.end, row.labels, table.split) for row in table.rows
        }
        pandas.read_csv(path, encoding="gb18030")
    for row in rows_of(frozen):
        assert found[row["id"]] == (
            row["text"],
            row["start"],
            row["end"],
            row["gold"],
            row["split"],
        )


def test_label_studio(frozen, tmp_path):
    formats.export("labelstudio", frozen.directory, tmp_path)
    who = json.loads((tmp_path / "annotators.json").read_text("utf-8"))
    assert len(who) == 2
    call_command("import_corpus", str(tmp_path / "tasks.json"), format="labelstudio", corpus="LS")
    again = Judgement.objects.filter(utterance__corpus=Corpus.objects.get(name="LS"))
    before = Judgement.objects.filter(utterance__corpus=frozen.corpus)
    key = ("utterance__text", "utterance__dialogue__uid", "task", "value")
    assert sorted(again.values_list(*key)) == sorted(before.values_list(*key))


def test_elan(corpus, tmp_path):
    dialogue = make_dialogue(corpus, size=4)
    first, second, third, fourth = dialogue.utterances.all()
    Utterance.objects.filter(pk=third.pk).update(speaker=first.speaker, start=0.5, end=2.5)
    Utterance.objects.filter(pk=fourth.pk).update(start=None, end=None)
    opened = make_round(corpus, [make_member(corpus)])
    judge(opened.assignments.get())
    release = make_release(corpus, [opened])
    written = formats.export("elan", release.directory, tmp_path)
    assert {path.name for path in written} == {f"{dialogue.uid}.eaf", "not-aligned.txt"}
    assert (tmp_path / "not-aligned.txt").read_text() == f"{fourth.uid}\n"
    found = pympi.Elan.Eaf(str(tmp_path / f"{dialogue.uid}.eaf"))
    assert {"A", "B", "B (2)", "emotion@A"} <= set(found.get_tier_names())
    assert found.get_annotation_data_for_tier("B") == [(0, 1000, first.text)]
    assert found.get_annotation_data_for_tier("B (2)") == [(500, 2500, third.text)]
    (label,) = found.get_ref_annotation_data_for_tier("emotion@A")
    assert label[:3] == (1000, 2000, "neutral")


def film_release(corpus, film, srt, lead, policy):
    source = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    source.run()
    source.publish(lead)
    opened = make_round(corpus, [make_member(corpus)])
    for assignment in opened.assignments.all():
        judge(assignment)
    release = make_release(corpus, [opened], media=policy)
    assert release.status == "done", release.failure_text
    assert release.verify() == []
    return release


@pytest.mark.parametrize("policy", ["dialogues", "utterances", "features", "none"])
def test_webdataset_with_every_policy_of_media(policy, corpus, film, srt, lead, tmp_path):
    release = film_release(corpus, film, srt, lead, policy)
    rows = rows_of(release)
    if policy != "none":
        assert all((release.directory / row["media"]).exists() for row in rows)
    again = make_release(corpus, list(release.rounds.all()), "1.1.0", media=policy)
    if policy != "utterances":  # clips that are encoded anew may differ in their bytes
        assert again.contents == release.contents
    written = formats.export("webdataset", release.directory, tmp_path)
    samples = []
    for path in written:
        with tarfile.open(path) as shard:
            assert all(entry.isfile() for entry in shard)
        samples += list(webdataset.WebDataset(str(path), shardshuffle=False).decode())
    if policy == "utterances":
        assert [sample["json"]["id"] for sample in samples] == [row["id"] for row in rows]
        clip = samples[0]["mp4"]
    else:
        result = [row["id"] for sample in samples for row in sample["json"]["utterances"]]
        assert sorted(result) == sorted(row["id"] for row in rows)
        clip = samples[0].get("mp4")
    assert (clip is not None) == (policy in ("dialogues", "utterances"))
    if policy == "features":
        assert samples[0]["npz"]["audio"].shape[1] == 43


def test_mmsa_s_own_loader_reads_the_features(corpus, film, srt, lead, tmp_path):
    loading = pytest.importorskip("MMSA.data_loader")
    release = film_release(corpus, film, srt, lead, "features")
    table, pickled = formats.export("mmsa", release.directory, tmp_path)
    assert len(chsims.read(table).rows) == len(rows_of(release))
    names = {op[1] for op in pickletools.genops(pickled.read_bytes()) if op[0].name == "GLOBAL"}
    strings = {op[1] for op in pickletools.genops(pickled.read_bytes()) if "UNICODE" in op[0].name}
    assert not names and not any(s in strings for s in ("builtins", "os", "posix"))
    held = pickle.loads(pickled.read_bytes())  # noqa: S301
    for mode, part in held.items():
        args = {
            "dataset_name": "mosi", "custom_feature": "", "featurePath": str(pickled),
            "use_bert": False, "feature_dims": [0, 0, 0], "feature_T": "", "feature_A": "",
            "feature_V": "", "need_data_aligned": False, "need_normalized": False,
        }  # fmt: skip
        found = loading.MMDataset(args, mode=mode)
        assert len(found) == len(part["id"]) and args["feature_dims"] == [64, 43, 144]
        assert np.isfinite(found[0]["audio"].numpy()).all() and found[0]["audio"].abs().sum() > 0


def test_mmsa_without_features_or_sentiment(frozen, corpus, tmp_path):
    assert [p.name for p in formats.export("mmsa", frozen.directory, tmp_path)] == ["label.csv"]
    path = frozen.directory / "utterances.jsonl"
    path.chmod(0o644)
    path.write_text(path.read_text("utf-8").replace('"neutral"', '"other"'), "utf-8")
    with pytest.raises(ExportError, match="needs a sentiment"):
        formats.export("mmsa", frozen.directory, tmp_path)


def test_every_layout_downloads_as_a_zip(client_of, frozen, lead):
    client = client_of(lead)
    for name in formats.FORMATS:
        answer = client.get(reverse("release_layout", args=[frozen.pk, name]))
        whole = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
        assert whole.testzip() is None and whole.namelist()
    counts = {row.what: row.count for row in frozen.downloads.all()}
    assert counts == {f"{name}.zip": 1 for name in formats.FORMATS}
    assert client.get(reverse("release_layout", args=[frozen.pk, "x"])).status_code == 404


def test_a_spreadsheet_of_labels_has_no_formula(frozen):
    with (frozen.directory / "utterances.csv").open(encoding="utf-8-sig", newline="") as sheet:
        for row in csv.reader(sheet):
            assert not any(cell[:1] in ("=", "+", "@") for cell in row)
