"""An altered certificate is found, although the checksums of the manifest are put right."""

import json
import shutil
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation.adjudication import adjudicate
from annotation.agreement import bootstrap
from annotation.models import Report, Round
from annotation.rounds import choose_consensus
from annotation.scheme import CANNOT_TELL, DEFAULT
from corpus.models import Utterance
from releases.models import Release
from releases.snapshot import SEED
from releases.verify import INTERVAL, RECOUNTED, digest, faults
from tests.factories import judge, make_dialogue, make_member, make_release, make_round
from tests.releases.test_freeze import rehash
from tests.releases.test_snapshot import check

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]  # files are verified


@pytest.fixture
def judged(corpus, lead):
    """Ten dialogues judged by three people who often differ, one of them not always sure."""
    for _ in range(10):
        make_dialogue(corpus)
    people = [make_member(corpus) for _ in range(3)]
    opened = make_round(corpus, people, cannot_tell=True)
    for number, assignment in enumerate(opened.assignments.all()):
        place = number * 7 % 11
        given = {task.key: task.keys[place % len(task.keys)] for task in DEFAULT.tasks}
        if number % 6 == 5:
            given |= {"emotion": CANNOT_TELL, "emotion_sentiment": ""}
        judge(assignment, **given)
    utterances = Utterance.objects.order_by("pk")
    adjudicate(lead, opened, utterances[0], "emotion", "fear")
    adjudicate(lead, opened, utterances[1], "emotion", verdict="ambiguous")
    Utterance.objects.filter(pk=utterances[2].pk).update(text="打13800138000")
    return opened


@pytest.fixture
def frozen(corpus, judged):
    release = make_release(corpus, [judged], notes="first")
    assert list(faults(release.directory)) == []
    return release.directory


@pytest.fixture
def forged(frozen, tmp_path):
    """A function that changes a JSON file of a copy, puts the manifest right, and verifies."""

    def change(name, alter):
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(frozen, copy)
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        data = json.loads((copy / name).read_text("utf-8"))
        alter(data)
        (copy / name).write_text(json.dumps(data), "utf-8")
        rehash(copy)
        return list(faults(copy))

    return change


def numbers(data, path=()):
    """The way to each number in a JSON document."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from numbers(value, (*path, key))
        elif type(value) in (int, float):
            yield (*path, key)


def put(data, path, change):
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = change(data[path[-1]])


def other(path, value):
    """Another number; an end of an interval leaves the place where it can be: a low end lies above
    the high one, a high end below the low one.
    """
    if path[-1] in ("low", "high"):
        return value + (9 if path[-1] == "low" else -9)
    return value + 1 if type(value) is int else value - 0.001


def test_every_number_of_the_certificate_is_recounted(frozen, forged):
    certificate = json.loads((frozen / "agreement.json").read_text("utf-8"))
    ways = list(numbers(certificate))
    assert len(ways) > 150
    unnoticed = [
        way
        for way in ways
        if not forged("agreement.json", lambda data, w=way: put(data, w, lambda v: other(w, v)))
    ]
    assert unnoticed == []


def test_a_number_that_is_taken_away_or_made_up_is_found(forged):
    def undefined(data):
        data["tasks"][0]["coefficients"]["fleiss"] = {"value": None, "undefined": "no_pairs"}

    assert forged("agreement.json", undefined)
    assert forged("agreement.json", lambda data: data["tasks"].pop())
    assert forged("agreement.json", lambda data: data["tasks"][1].pop("units"))
    assert forged("agreement.json", lambda data: data["tasks"][1]["classes"].popitem())
    assert forged("agreement.json", lambda data: data["tasks"].reverse())
    found = forged("agreement.json", lambda data: data["tasks"][1].update(units=99))
    assert found == ["agreement.json: emotion: units is 99, judgements.jsonl gives 20"]


def test_other_counts_are_recounted_too(forged):
    for name, way in (
        ("manifest.json", ("annotators",)),
        ("manifest.json", ("speakers",)),
        ("manifest.json", ("sources",)),
        ("manifest.json", ("judgements",)),
        ("manifest.json", ("hours_of_speech",)),
        ("manifest.json", ("masked", "phone")),
        ("manifest.json", ("utterances", "train")),
        ("manifest.json", ("dialogues", "train")),
        ("splits.json", ("spread", "utterances", "train")),
        ("splits.json", ("spread", "emotion=fear", "test")),
        ("quality.json", ("open", "undecided", "emotion")),
    ):
        found = forged(name, lambda data, way=way: put(data, way, lambda value: value + 1))
        assert found, (name, way)


def rows_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


@pytest.mark.parametrize("what", ["votes", "soft", "gold", "provenance", "lost", "answer", "moved"])
def test_votes_and_gold_are_those_of_the_judgements(frozen, what):
    for path in frozen.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    tables = frozen / "utterances.jsonl", frozen / "judgements.jsonl"
    rows, judgements = map(rows_of, tables)
    row = next(r for r in rows if r["provenance"].get("sarcasm") == "majority")
    no = row["gold"]["sarcasm"] == "no"
    if what == "votes":
        row["votes"]["sarcasm"] = {"no": 3}
    if what == "soft":
        row["soft"]["sarcasm"] = {"no": 0.9, "yes": 0.1}
    if what == "gold":
        row["gold"]["sarcasm"] = "yes" if no else "no"
    if what == "provenance":
        row["provenance"]["sarcasm"] = "unanimous"
    if what == "lost":
        judgements = [j for j in judgements if j["utterance"] != row["id"]]
    if what == "answer":
        mine = next(j for j in judgements if (j["utterance"], j["task"]) == (row["id"], "sarcasm"))
        mine["value"] = "yes" if mine["value"] == "no" else "no"
    if what == "moved":
        judgements.append(judgements.pop(0))
    for path, changed in zip(tables, (rows, judgements), strict=True):
        path.write_text("".join(json.dumps(row) + "\n" for row in changed), "utf-8")
    rehash(frozen)
    assert list(faults(frozen))


def test_rounds_together_are_recounted_as_they_are_measured(corpus, judged):
    """Of one person in two rounds the later answer counts, unless it is "cannot tell"."""
    people = [place.person for place in judged.participants.order_by("pk")]
    again = make_round(corpus, people, cannot_tell=True)
    for number, assignment in enumerate(again.assignments.all()):
        emotion = ["joy", "fear", CANNOT_TELL][number % 3]
        judge(
            assignment,
            emotion=emotion,
            emotion_sentiment="" if emotion == CANNOT_TELL else "1",
        )
    release = make_release(corpus, [again, judged])
    check(release.directory)


@pytest.mark.parametrize("consensus", ["weighted", "dawid_skene"])
def test_gold_of_a_model_of_the_annotators_verifies(corpus, judged, lead, consensus):
    answers = {"no": {"no": 0.9, "yes": 0.1}, "yes": {"no": 0.3, "yes": 0.7}}
    people = {
        str(place.person_id): {"weight": 1.0 + number, "answers": answers}
        for number, place in enumerate(judged.participants.order_by("pk"))
    }
    model = {"people": people, "priors": {"no": 0.8, "yes": 0.2}}
    Report.objects.create(round=judged, kind="reliability", result={"tasks": {"sarcasm": model}})
    choose_consensus(Round.objects.get(pk=judged.pk), lead, consensus)
    release = make_release(corpus, [judged])
    check(release.directory)
    kinds = {k for row in rows_of(release.directory / "utterances.jsonl")
             for k in row["provenance"].values()}  # fmt: skip
    assert consensus in kinds


def test_the_intervals_are_those_that_verify_knows():
    assert INTERVAL["replicates"] == bootstrap.REPLICATES and INTERVAL["seed"] == SEED


@pytest.fixture
def older(corpus, judged):
    """A release of a layout before certificates were computed from the tables."""
    release = make_release(corpus, [judged])

    def write(units):
        root = release.directory
        for path in root.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (root / "integrity.json").unlink(missing_ok=True)
        certificate = json.loads((root / "agreement.json").read_text("utf-8"))
        certificate["tasks"][0]["units"] += units
        (root / "agreement.json").write_text(json.dumps(certificate), "utf-8")
        manifest = json.loads((root / "manifest.json").read_text("utf-8"))
        manifest["layout"] = 2
        manifest["files"] = [f for f in manifest["files"] if f["path"] != "integrity.json"]
        (root / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        rehash(root)
        summary = release.summary | {"layout": 2}
        made = digest(root / "manifest.json")
        Release.objects.filter(pk=release.pk).update(summary=summary, digest=made)
        return Release.objects.get(pk=release.pk)

    return write


def test_a_release_made_before_says_so_where_it_agrees(older, corpus, lead, client_of, capsys):
    release = older(units=0)
    assert release.verify() == [] and not release.is_recounted
    call_command("verify_release", "1.0.0", corpus=corpus.name)
    assert f"Note: made before layout {RECOUNTED}" in capsys.readouterr().out
    script = [sys.executable, "-I", str(release.directory / "verify.py")]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0 and f"made before layout {RECOUNTED}" in done.stdout
    client = client_of(lead)
    page = client.get(reverse("release", args=[release.pk])).content.decode()
    assert "made by an earlier version" in page
    address = reverse("verification", args=[release.pk])
    page = client.post(address, follow=True).content.decode()
    assert "as it was frozen" in page


def test_a_release_made_before_fails_where_it_differs_and_says_why(older, corpus):
    release = older(units=3)
    (found,) = release.verify()
    assert found.startswith("agreement.json: sentiment: units is 23, judgements.jsonl gives 20")
    assert f"made before layout {RECOUNTED}" in found
    with pytest.raises(CommandError, match="1 faults"):
        call_command("verify_release", "1.0.0", corpus=corpus.name)


def test_a_release_of_now_says_nothing_of_that(frozen, corpus, lead, client_of):
    release = Release.objects.get()
    assert release.is_recounted
    page = client_of(lead).get(reverse("release", args=[release.pk])).content.decode()
    assert "made by an earlier version" not in page
