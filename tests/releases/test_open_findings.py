"""What is open when a release is frozen: named before, and counted in it."""

import json

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from annotation.adjudication import adjudicate
from annotation.models import Comment, QualityFlag, Report
from annotation.models.items import counted_submissions
from corpus.models import ImportProblem, Utterance
from releases.models import Release
from releases.open_findings import counts, open_findings
from tests.factories import (
    items_of,
    make_dialogue,
    make_judged_round,
    make_release,
    make_source,
    release_form,
)


@pytest.fixture
def judged(corpus):
    opened = make_judged_round(corpus, dialogues=4)
    items_of(opened)
    return opened


@pytest.fixture
def found(judged, lead):
    """Two copied blocks and a run of one answer, of which one copied block is answered."""
    uids = list(Utterance.objects.order_by("pk").values_list("pk", flat=True))
    person = judged.assignments.first().person
    rows = [
        QualityFlag.objects.create(
            round=judged, person=person, kind=kind, task="emotion", key=key, rows=uids[:2],
            count=2, neg_log10_p=3.0,
        )
        for kind, key in (("copied", "a"), ("copied", "b"), ("monotone", "c"))
    ]  # fmt: skip
    rows[0].review(lead, "explained", "the same scene twice")
    QualityFlag.objects.create(round=judged, kind="fast", key="d", neg_log10_p=3.0, gone=True)
    return rows


@pytest.fixture
def read(judged):
    """Findings of the file that the judged dialogues come from, and of another file."""
    source = judged.assignments.first().dialogue.source
    elsewhere = make_source(judged.corpus, title="other")
    make_dialogue(judged.corpus, source=elsewhere)
    rows = [
        (source, 3, "rejected", "the row has %(found)d cells", {"found": 2}),
        (source, 9, "rejected", "the row has %(found)d cells", {"found": 5}),
        (source, 4, "warning", "a name stands twice", {}),
        (source, 5, "repaired", "spaces were removed", {}),
        (elsewhere, 1, "rejected", "no text", {}),
    ]
    for where, line, outcome, reason, details in rows:
        ImportProblem.objects.create(
            source=where, line=line, column="text", value="13800138000", outcome=outcome,
            reason=reason, details=details,
        )  # fmt: skip
    return source


def test_what_is_open_is_named_with_counts_and_first_places(judged, found, read):
    groups = {(group.about, group.kind): group for group in open_findings([judged])}
    assert groups["quality", "copied"].count == 1 and groups["quality", "monotone"].count == 1
    uid = Utterance.objects.order_by("pk").first().uid
    person = judged.assignments.first().person
    assert groups["quality", "copied"].places == [f"{judged} · {person} · emotion · {uid}"]
    assert groups["unchecked", "round"].places == [str(judged)]
    undecided = groups["undecided", "emotion"]
    assert undecided.count == 4 and len(undecided.places) == 3
    rejected = groups["reading", "rejected"]
    assert rejected.name == "rejected: the row has … cells" and rejected.count == 2
    assert rejected.places == [f"{read.title}, line 3", f"{read.title}, line 9"]
    assert groups["reading", "warning"].count == 1
    assert counts([judged]) == {
        "quality": {"copied": 1, "monotone": 1},
        "unchecked": {"round": 1},
        "remarks": {},
        "undecided": {"emotion": 4},
        "reading": {"rejected": 2, "warning": 1},
    }


def test_what_is_answered_is_not_open(judged, found, lead):
    comment = Comment.make(judged.assignments.first(), Utterance.objects.first(), "bad_cut", "late")
    assert counts([judged])["remarks"] == {"bad_cut": 1}
    comment.resolve(lead)
    for flag in found[1:]:
        flag.review(lead, "talked")
    for item in judged.items.filter(open=True):
        adjudicate(lead, judged, item.utterance, item.task, "joy")
    Report.objects.create(
        round=judged,
        kind="quality",
        computed_at=timezone.now(),
        submissions=counted_submissions(judged),
    )
    assert not any(counts([judged]).values()) and open_findings([judged]) == []


def test_the_command_names_them_and_freezes(corpus, judged, found, read, capsys):
    call_command("freeze", "1.0.0", corpus=corpus.name)
    said = capsys.readouterr()
    assert "Open findings:" in said.err
    assert "1 × copied block or repeated pattern" in said.err
    assert f"2 × rejected: the row has … cells ({read.title}, line 3; " in said.err
    assert "4 × labels without a decision: emotion" in said.err and ", …)" in said.err
    assert "13800138000" not in said.err  # what stands in the file may be private
    assert Release.objects.get().is_frozen


def test_the_release_says_what_was_open(corpus, judged, found, read, lead, client_of):
    release = make_release(corpus, [judged])

    def read_json(name):
        return json.loads((release.directory / name).read_text("utf-8"))

    quality = read_json("quality.json")
    states = [(row["kind"], row["open"]) for row in quality["rounds"][0]["findings"]]
    assert sorted(states) == [("copied", False), ("copied", True), ("monotone", True)]
    assert quality["open"] == read_json("agreement.json")["open_findings"] == counts([judged])
    assert quality["reading"][0] == {
        "outcome": "rejected",
        "reason": "the row has %(found)d cells",
        "count": 2,
        "places": [{"source": read.title, "line": line, "column": "text"} for line in (3, 9)],
    }
    card = (release.directory / "README.md").read_text("utf-8")
    assert "Open when it was frozen" in card
    assert "a copied block or a period 复制的片段或周期: 1" in card
    assert "labels without a decision 尚未裁定的标签 `emotion`: 4" in card
    assert "13800138000" not in json.dumps(quality) + card
    page = client_of(lead).get(reverse("release", args=[release.pk])).content.decode()
    assert "labels without a decision: 4" in page
    # a release of an earlier version, which does not count them
    path = release.directory / "quality.json"
    path.chmod(0o644)
    path.write_text(json.dumps({"rounds": quality["rounds"]}), "utf-8")
    assert client_of(lead).get(reverse("release", args=[release.pk])).status_code == 200


def test_the_page_names_them_before_it_freezes(corpus, judged, found, lead, client_of):
    client, address = client_of(lead), reverse("new_release", args=[corpus.pk])
    page = client.get(address).content.decode()
    assert "Open findings" in page and "copied block or repeated pattern" in page
    assert "labels without a decision: emotion" in page
    client.post(address, release_form(judged))
    assert Release.objects.count() == 1  # it hinders nothing
    for asked in (f"{address}?round={judged.pk}", address):  # a round by address; those of before
        assert "Open findings" in client.get(asked).content.decode()
