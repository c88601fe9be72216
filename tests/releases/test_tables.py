"""Every character that might end a line stays in a text: edited, released, exported, imported."""

import csv
import hashlib
import io
import json
import shutil
import tarfile
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from annotation.adjudication import adjudicate
from annotation.models import Adjudication, Guideline, Round
from core.control_characters import printable, separated, storable
from corpus.models import Corpus, Utterance
from corpus.transcripts.reader import read
from releases import formats
from tests.factories import items_of, judge, make_dialogue, make_member, make_release, make_round
from tests.modeling.odd_scheme import TEXTS

pytestmark = pytest.mark.django_db
SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
GUIDELINE = "# 指南\r\n\r\na\u2028b\x85c\x0bd\n"


@pytest.fixture
def release(corpus):
    talk = make_dialogue(corpus, size=len(TEXTS), split="test")
    for utterance, text in zip(talk.utterances.all(), TEXTS, strict=True):
        utterance.text, utterance.translation = text, text[::-1]
        utterance.save()
    make_dialogue(corpus)
    person = make_member(corpus)
    guideline = Guideline.draw_up(None, corpus, GUIDELINE)
    opened = make_round(corpus, [person], name="R\u20281", guideline=guideline)
    for assignment in opened.assignments.all():
        judge(assignment, sentiment="positive")
    return make_release(corpus, [opened], media="none")


def texts_of(corpus):
    rows = Utterance.objects.filter(corpus=corpus, dialogue__split="test").order_by("number")
    return list(rows.values_list("text", flat=True))


def table(words):
    return list(csv.DictReader(io.StringIO(words, newline="")))


def test_every_layout_holds_the_same_texts(release, tmp_path):
    for name in formats.FORMATS:
        formats.export(name, release.directory, tmp_path / name)
    cmma = table((tmp_path / "cmma" / "test.csv").read_bytes().decode("gb18030"))
    assert [row["Utterance"] for row in cmma] == list(TEXTS)
    mmsa = table((tmp_path / "mmsa" / "label.csv").read_bytes().decode("utf-8-sig"))
    assert [row["text"] for row in mmsa if row["mode"] == "test"] == list(TEXTS)
    studio = json.loads((tmp_path / "labelstudio" / "tasks.json").read_bytes())
    studio = [row["data"]["text"] for row in studio if row["data"]["split"] == "test"]
    assert studio == list(TEXTS)
    with tarfile.open(tmp_path / "webdataset" / "test-000000.tar") as shard:
        sample = json.load(shard.extractfile(shard.getmembers()[0]))
    assert [row["text"] for row in sample["utterances"]] == list(TEXTS)
    result = {}
    [elan] = [
        path for path in (tmp_path / "elan").glob("*.eaf")
        if len(ElementTree.parse(path).findall(".//ALIGNABLE_ANNOTATION")) == len(TEXTS)
    ]  # fmt: skip
    tree = ElementTree.parse(elan)
    times = tree.iter("TIME_SLOT")
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in times}
    for place in tree.iter("ALIGNABLE_ANNOTATION"):
        result[slots[place.get("TIME_SLOT_REF1")]] = place.find("ANNOTATION_VALUE").text
    controls = "\x0b\x0c\x1c\x1d\x1e"  # XML 1.0 holds no such character
    expected = [text.translate(dict.fromkeys(map(ord, controls))) for text in TEXTS]
    assert [result[time] for time in sorted(result)] == expected


def test_they_come_back_to_the_byte(release, corpus, tmp_path):
    manifest = release.directory / "manifest.json"
    call_command("import_corpus", str(manifest), format="shengqing", corpus="again")
    again = Corpus.objects.get(name="again")
    assert texts_of(again) == list(TEXTS) == texts_of(corpus)
    [opened] = Round.objects.filter(corpus=again)
    assert opened.name == "R\u20281" and opened.guideline.text == GUIDELINE
    second = make_release(again, [opened], media="none")
    for name in ("utterances.jsonl", "judgements.jsonl", "guideline-1.md"):
        assert (second.directory / name).read_bytes() == (release.directory / name).read_bytes()
    formats.export("labelstudio", release.directory, tmp_path)
    call_command("import_corpus", str(tmp_path / "tasks.json"), format="labelstudio", corpus="ls")
    assert texts_of(Corpus.objects.get(name="ls")) == list(TEXTS)


def test_an_edit_and_a_ruling_keep_them(corpus, lead):
    talk = make_dialogue(corpus, size=len(TEXTS), published=False)
    turns = [turn.to_json() for turn in talk.turns()]
    for turn, text in zip(turns, TEXTS, strict=True):
        turn["text"] = text
    talk.edit(lead, talk.head, turns)
    found = talk.utterances.order_by("number").values_list("text", flat=True)
    assert list(found) == [text.strip() for text in TEXTS]
    talk.publish(lead)
    opened = make_round(corpus, [make_member(corpus)])
    judge(opened.assignments.get())
    [item, *_] = items_of(opened, "emotion")
    adjudicate(lead, opened, item.utterance, "emotion", "joy", reason="a\u2028b\x85c\n d")
    assert Adjudication.objects.get().reason == "a\u2028b\x85c\n d"


@pytest.mark.parametrize("separator", [*SEPARATORS, "\t", "\u200b", "\u3000"])
def test_a_line_of_a_transcript_ends_with_the_line_alone(separator):
    said = [f"甲{separator}乙", "丙"]
    clock = [("00:00:01.000", "00:00:02.000"), ("00:00:03.000", "00:00:04.000")]
    files = {
        "a.srt": "".join(
            f"{n}\n{start.replace('.', ',')} --> {end.replace('.', ',')}\n{words}\n\n"
            for n, ((start, end), words) in enumerate(zip(clock, said, strict=True), 1)
        ),
        "a.vtt": "WEBVTT\n\n" + "".join(
            f"{start} --> {end}\n{words}\n\n"
            for (start, end), words in zip(clock, said, strict=True)
        ),
        "a.ass": "[Events]\nFormat: Start, End, Text\n" + "".join(
            f"Dialogue: {start[1:-1]},{end[1:-1]},{words}\n"
            for (start, end), words in zip(clock, said, strict=True)
        ),
        "a.csv": "start,end,text\n" + "".join(
            f'{start},{end},"{words}"\n' for (start, end), words in zip(clock, said, strict=True)
        ),
        "a.jsonl": "".join(
            json.dumps({"start": start, "end": end, "text": words}, ensure_ascii=False) + "\n"
            for (start, end), words in zip(clock, said, strict=True)
        ),
    }  # fmt: skip
    for name, content in files.items():
        found = read(name, content.encode()).cues
        assert len(found) == 2, name
        first = "".join(c for c in found[0].text if c in "甲乙")
        assert (first, found[1].text) == ("甲乙", "丙"), name


def test_what_each_way_in_takes_out():
    text = "a\x00b\x07c\x85d\u2028e\x1cf\rg\ud800"
    assert storable(text) == ("ab\x07c\x85d\u2028e\x1cf\rg\ufffd", 2)
    assert separated(text) == ("abc\x85d\u2028e\x1cf\rg\ufffd", 3)
    assert printable(text)[0] == "abc…d\nef\ng\ufffd"
    for clean in (storable, separated, printable):
        assert clean("文本 text\n\t") == ("文本 text\n\t", 0)


@pytest.mark.parametrize("name, line, changes", [
    ("utterances.jsonl", 0, {"start": float("nan")}),
    ("utterances.jsonl", 0, {"end": float("inf")}),
    ("utterances.jsonl", 0, {"end": "1"}),
    ("utterances.jsonl", 0, {"start": 10**400}),
    ("judgements.jsonl", 0, {"seconds": float("nan")}),
    ("judgements.jsonl", 0, {"confidence": 0.5}),
    ("judgements.jsonl", 0, {"confidence": float("nan")}),
])  # fmt: skip
def test_what_is_no_number_is_not_imported(release, name, line, changes, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(release.directory, root)
    rows = [json.loads(row) for row in (root / name).read_text().split("\n") if row]
    rows[line] |= changes
    result = "".join(json.dumps(row) + "\n" for row in rows).encode()
    manifest = json.loads((root / "manifest.json").read_text())
    for entry in manifest["files"]:
        if entry["path"] == name:
            entry["sha256"] = hashlib.sha256(result).hexdigest()
    for path, content in ((name, result), ("manifest.json", json.dumps(manifest).encode())):
        (root / path).chmod(0o644)
        (root / path).write_bytes(content)
    with pytest.raises(CommandError, match=f"{name}, line {line + 1}: "):
        call_command("import_corpus", str(root / "manifest.json"), format="shengqing", corpus="x")
    assert not Corpus.objects.filter(name="x").exists()
