"""Splits over versions, as the database makes them."""

import json

import pytest

from annotation.models import QualityFlag, Report
from corpus.models import Dialogue, Utterance
from tests.factories import (
    judge,
    make_dialogue,
    make_judged_round,
    make_member,
    make_release,
    make_round,
    make_source,
)

pytestmark = pytest.mark.django_db


def splits(release):
    return json.loads((release.directory / "splits.json").read_text("utf-8"))


def more(corpus, count=8):
    new = [make_dialogue(corpus) for _ in range(count)]
    opened = make_round(corpus, [make_member(corpus)], dialogues=new)
    for assignment in opened.assignments.all():
        judge(assignment)
    return opened


def test_a_dialogue_keeps_its_split_as_the_corpus_grows(corpus):
    judged = make_judged_round(corpus, dialogues=8)
    one = splits(make_release(corpus, [judged]))["dialogues"]
    two = make_release(corpus, [judged, more(corpus)], "1.1.0", seed=9)
    assert splits(two)["dialogues"].items() >= one.items()
    assert splits(two)["keeps"] == ["1.0.0"] and len(splits(two)["dialogues"]) == 16
    assert two.follows.version == "1.0.0"
    anew = make_release(corpus, [judged], "2.0.0", seed=9, keep_splits=False)
    assert splits(anew)["keeps"] == []
    last = make_release(corpus, [judged], "2.1.0", seed=3)
    assert splits(last)["dialogues"] == splits(anew)["dialogues"]
    assert splits(last)["keeps"] == ["2.0.0"]


def test_sources_and_speakers_are_kept_apart(corpus):
    two = [make_source(corpus), make_source(corpus)]
    for number in range(8):
        make_dialogue(corpus, source=two[number % 2])
    opened = make_round(corpus, [make_member(corpus)])
    for assignment in opened.assignments.all():
        judge(assignment)
    release = make_release(corpus, [opened], split_unit="source", shares="50/0/50")
    found = splits(release)
    homes = {}
    for dialogue in Dialogue.objects.all():
        homes.setdefault(dialogue.source_id, set()).add(found["dialogues"][dialogue.uid])
    assert sorted(len(names) for names in homes.values()) == [1, 1]
    assert found["apart"] == ["dialogue", "source"] and release.verify() == []
    spoken = make_release(corpus, [opened], "1.1.0", split_unit="speaker", keep_splits=False)
    assert set(splits(spoken)["dialogues"].values()) == {"train"}  # everybody talks to everybody
    late = make_release(corpus, [opened], "1.2.0", split_unit="speaker")
    assert late.status == "done"
    stuck = make_release(corpus, [opened], "1.3.0", split_unit="dialogue", keep_splits=False)
    assert stuck.status == "done"
    refused = make_release(corpus, [opened], "1.4.0", split_unit="speaker")
    assert "Keep fewer things apart, or draw the splits anew" in refused.failure_text


def test_a_speaker_in_two_splits_is_a_fault_where_that_was_promised(corpus):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=8)])
    path = release.directory / "splits.json"
    path.chmod(0o644)
    path.write_text(
        path.read_text("utf-8").replace('"dialogue"\n', '"dialogue", "speaker"\n'), "utf-8"
    )
    assert any("speaker A is in two splits" in fault for fault in release.verify())


def test_leaks_and_findings_are_in_the_release(corpus, lead):
    judged = make_judged_round(corpus, dialogues=8)
    Utterance.objects.update(text="我们明天早上一起去公园玩吧")
    unseen = make_release(corpus, [judged])
    quality = json.loads((unseen.directory / "quality.json").read_text("utf-8"))
    assert quality["rounds"][0]["looked_at"] is None
    assert "nobody looked for findings" in (unseen.directory / "README.md").read_text("utf-8")
    Report.objects.create(round=judged, kind="quality").run()
    person = judged.participants.first().person
    spoken = Utterance.objects.first()
    flag = QualityFlag.objects.create(
        round=judged, person=person, kind="copied", key="k", neg_log10_p=9.0, count=1,
        evidence={"lag": 2, "ends": [[1, 2]], "source": 7}, rows=[spoken.pk],
    )  # fmt: skip
    flag.review(lead, "talked", "说过了")
    release = make_release(corpus, [judged], "1.1.0")
    (result,) = json.loads((release.directory / "quality.json").read_text("utf-8"))["rounds"]
    (finding,) = [row for row in result["findings"] if row["kind"] == "copied"]
    assert result["looked_at"] and finding["utterances"] == [spoken.uid]
    assert finding["evidence"] == {"lag": 2}
    assert finding["answers"][0]["words"] == "说过了"
    leaks = json.loads((release.directory / "leakage.json").read_text("utf-8"))
    beyond = release.summary["utterances"]["valid"] + release.summary["utterances"]["test"]
    assert sum(leaks["same"].values()) == beyond and len(leaks["pairs"]) == beyond


def test_the_certificate_says_what_computed_it(corpus):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=10)])
    result = json.loads((release.directory / "agreement.json").read_text("utf-8"))
    assert result["computed_by"]["shengqing"] and result["interval"]["replicates"] == 1000
    names = {name for task in result["tasks"] for name in task["coefficients"]}
    assert names >= {"alpha", "raw", "fleiss", "ac1"}
    ends = result["tasks"][1]["coefficients"]["alpha"]
    assert ends["low"] <= ends["value"] <= ends["high"]
