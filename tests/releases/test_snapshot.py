"""A freeze is one moment: whatever people do in the middle of it, what it writes agrees."""

import json
import random
import threading
from collections import Counter, defaultdict
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from annotation.adjudication import adjudicate
from annotation.agreement import item_counts
from annotation.answers import skip_assignment, submit_assignment
from annotation.models import Assignment, Comment, Report, Round
from annotation.republishing import republish
from annotation.rounds import choose_consensus, extend_round
from annotation.scheme import CANNOT_TELL, DEFAULT
from annotation.withdrawal import reinstate, withdraw
from core.errors import UserError
from corpus.models import Dialogue, Speaker, Utterance
from jobs.models import JobStatus
from releases import media_export, snapshot
from releases.models import PersonalDataReview, Release
from releases.verify import digest, faults
from tests.annotation.test_republishing import edit
from tests.examples import examples
from tests.factories import (
    ANSWERS,
    items_of,
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)
from tests.waiting import LIMIT


def in_thread(act):
    """Do something on a connection of its own, as another process would, and wait for it."""
    failed = []

    def work():
        try:
            act()
        except UserError:
            pass  # what cannot be done just now is not done, as for people
        except BaseException as error:  # told to the test
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive(), "somebody waits for the freeze"
    if failed:
        raise failed[0]


class Interruptions:
    """Acts that are done before the n-th query of a freeze, where it holds no lock."""

    def __init__(self, acts):
        self.acts = defaultdict(list)
        for number, act in acts:
            self.acts[number].append(act)
        self.number, self.done, self.in_moment = 0, 0, False

    def __call__(self, execute, sql, params, many, context):
        locks = connection.in_atomic_block or sql.startswith("BEGIN")
        if self.in_moment or not locks:
            self.number += 1
            for act in self.acts.pop(self.number, ()):
                in_thread(act)
                self.done += 1
        return execute(sql, params, many, context)


def freeze_while(monkeypatch, acts, corpus, rounds, **fields):
    """Freeze with these (number, act), and whatever was not reached."""
    found = Interruptions(acts)
    read = getattr(snapshot, "_read", None)

    def marked(*arguments):
        found.in_moment = True
        try:
            return read(*arguments)
        finally:
            found.in_moment = False

    with monkeypatch.context() as patched:
        if read:
            patched.setattr(snapshot, "_read", marked)
        release = Release.request(None, corpus, "1.0.0", rounds, **fields)
        with connection.execute_wrapper(found):
            release.run()
    return release, found


def read(root, name):
    return json.loads((root / name).read_text("utf-8"))


def lines(root, name):
    return [json.loads(line) for line in (root / name).read_text("utf-8").split("\n") if line]


def check(root):
    """Everything in a release follows from its judgements, by other code than its own."""
    assert list(faults(root)) == []
    scheme = {task["key"]: task for task in read(root, "scheme.json")["tasks"]}
    order = [row["name"] for row in read(root, "rounds.json")]
    given_in = defaultdict(lambda: defaultdict(dict))
    judgements = lines(root, "judgements.jsonl")
    for row in sorted(judgements, key=lambda row: order.index(row["round"])):
        if row["value"] != CANNOT_TELL:
            given_in[row["task"]][row["utterance"]][row["annotator"]] = row["value"]
    certificate = read(root, "agreement.json")["tasks"]
    assert [row["task"] for row in certificate] == list(scheme)
    for row in certificate:
        values = [value["key"] for value in scheme[row["task"]]["values"]]
        units = [list(u.values()) for u in given_in[row["task"]].values() if len(u) > 1]
        assert row["units"] == len(units) and row["judgements"] == sum(map(len, units))
        counts = np.array([[u.count(value) for value in values] for u in units])
        if row["value"] is not None:
            expected = krippendorff.alpha(value_counts=counts, level_of_measurement=row["level"])
            assert row["value"] == pytest.approx(expected, abs=1e-9)
        else:
            assert not units or row["undefined"] == "one_value"
    majority = len(order) > 1 or read(root, "rounds.json")[0]["consensus"] == "majority"
    rows = lines(root, "utterances.jsonl")
    for row in rows:
        for task in scheme:
            votes = Counter(given_in[task].get(row["id"], {}).values())
            assert row["votes"].get(task, {}) == dict(votes)
            if majority and votes and row["provenance"][task] not in ("adjudicated", "ambiguous"):
                value, count = votes.most_common(1)[0]
                expected = value if 2 * count > votes.total() else None
                assert row["gold"].get(task) == expected
    manifest = read(root, "manifest.json")
    assert manifest["annotators"] == len({row["annotator"] for row in judgements})
    assert manifest["judgements"] == len(judgements)
    assert set(read(root, "splits.json")["dialogues"]) == {row["dialogue"] for row in rows}
    assert read(root, "agreement.json")["open_findings"] == read(root, "quality.json")["open"]


def answers(rng):
    found = {task.key: rng.choice(task.keys) for task in DEFAULT.tasks}
    if rng.random() < 0.2:
        found |= {"emotion": CANNOT_TELL, "emotion_sentiment": ""}
    return found


class Corpus:
    """A corpus whose people are at work, and what they may do next; everything is seeded."""

    def __init__(self, seed, rounds):
        self.rng = random.Random(seed)
        self.corpus = make_corpus(make_person())
        self.lead = self.corpus.memberships.get(role="lead").person
        self.dialogues = [make_dialogue(self.corpus) for _ in range(4)]
        self.people = [make_member(self.corpus) for _ in range(3)]
        self.rounds = [
            make_round(self.corpus, self.people, cannot_tell=True) for _ in range(rounds)
        ]
        work = Assignment.objects.filter(round__in=self.rounds).order_by("pk")
        self.waiting = list(work.filter(person=self.people[2]).values_list("pk", flat=True))
        for assignment in work.select_related("dialogue", "person"):
            judge(assignment, submit=assignment.pk not in self.waiting, **answers(self.rng))

    def acts(self):
        """What may happen, as functions without arguments; each draws its objects when called."""
        names = [
            *["submit"] * 5,
            *("adjudicate", "skip", "edit", "withdraw", "reinstate", "consensus", "model"),
            *("comment", "speaker", "times", "inspect", "count", "more", "rename"),
        ]
        return [getattr(self, name) for name in names]

    def submit(self):
        if self.waiting:
            pk = self.waiting.pop(self.rng.randrange(len(self.waiting)))
            submit_assignment(Assignment.objects.get(pk=pk))

    def skip(self):
        if self.waiting:
            skip_assignment(Assignment.objects.get(pk=self.waiting.pop()), "other", "busy")

    def round(self):
        return Round.objects.get(pk=self.rng.choice(self.rounds).pk)

    def adjudicate(self):
        utterance = self.rng.choice(list(Utterance.objects.filter(corpus=self.corpus)))
        verdict = self.rng.choice(["value", "ambiguous", "none"])
        task = self.rng.choice(DEFAULT.tasks)
        value = self.rng.choice(task.keys)
        adjudicate(self.lead, self.round(), utterance, task.key, value, verdict)

    def edit(self):
        dialogue = Dialogue.objects.get(pk=self.rng.choice(self.dialogues).pk)
        edit(dialogue, self.lead, *self.rng.sample(["完全不同", "又不一样", "第2句", "第1句！"], 2))
        republish(dialogue, self.lead)

    def withdraw(self):
        withdraw(self.rng.choice(list(self.round().round_items.all())), self.lead, "broken")

    def reinstate(self):
        for place in self.round().round_items.all():
            reinstate(place, self.lead)

    def consensus(self):
        choose_consensus(
            self.round(), self.lead, self.rng.choice(["majority", "weighted", "dawid_skene"])
        )

    def model(self):
        found = self.round()
        Report.request(self.lead, found, Report.Kind.RELIABILITY)
        Report.of(found, Report.Kind.RELIABILITY).run()

    def comment(self):
        assignment = Assignment.objects.filter(round__in=self.rounds).first()
        Comment.make(assignment, assignment.dialogue.utterances.first(), "comment", "hm")

    def speaker(self):
        speaker = self.rng.choice(list(Speaker.objects.filter(corpus=self.corpus)))
        speaker.update_details(self.lead, f"{speaker.name}x", "", {"gender": "female"})

    def times(self):
        row = Utterance.objects.filter(corpus=self.corpus).last()
        Utterance.objects.filter(pk=row.pk).update(text="电话13800138000", end=row.start + 0.5)

    def inspect(self):
        row = Utterance.objects.filter(corpus=self.corpus).last()
        personal = type("Sighting", (), {"words": "13800138000", "kind": "phone"})
        PersonalDataReview.record(self.lead, row, personal, "keep")

    def count(self):
        item_counts.catch_up(self.round(), most=1)

    def more(self):
        dialogue = make_dialogue(self.corpus)
        extend_round(self.round(), self.lead, [dialogue])

    def rename(self):
        type(self.corpus).objects.filter(pk=self.corpus.pk).update(description="another one")


@pytest.mark.django_db(transaction=True)
@settings(
    deadline=None,
    max_examples=examples(25),
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(
    seed=st.integers(0, 2**20),
    rounds=st.integers(1, 2),
    chosen=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 18)), min_size=4, max_size=14),
)
def test_what_people_do_meanwhile_is_in_it_wholly_or_not_at_all(monkeypatch, seed, rounds, chosen):
    made = Corpus(seed, rounds)
    acts = made.acts()
    planned = [(number, acts[place]) for number, place in chosen]
    release, found = freeze_while(monkeypatch, planned, made.corpus, made.rounds)
    assert release.status == JobStatus.DONE, release.failure_text
    assert found.done
    check(release.directory)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", range(1, 30, 4))
def test_what_is_submitted_meanwhile_is_in_it_whole_or_not_at_all(monkeypatch, first):
    made = Corpus(1, 1)
    planned = [(first + 3 * step, made.submit) for step in range(4)]
    release, found = freeze_while(monkeypatch, planned, made.corpus, made.rounds)
    assert release.status == JobStatus.DONE, release.failure_text
    assert found.done
    check(release.directory)
    given = lines(release.directory, "judgements.jsonl")
    by_work = Counter((row["annotator"], row["utterance"]) for row in given)
    assert all(count >= len(ANSWERS) - 1 for count in by_work.values())


@pytest.mark.django_db(transaction=True)
def test_what_is_submitted_and_not_counted_yet_is_in_it_all_the_same(monkeypatch):
    """Items lag behind submissions; the release is made of the answers themselves."""
    monkeypatch.setattr(snapshot, "catch_up_all", lambda rounds: None)
    corpus = make_corpus()
    opened = make_judged_round(corpus, dialogues=3, annotators=3)
    assert not opened.items.exists()
    release = make_release(corpus, [opened])
    check(release.directory)
    assert read(release.directory, "agreement.json")["tasks"][0]["judgements"] == 3 * 2 * 3
    undecided = read(release.directory, "quality.json")["open"]["undecided"]
    items_of(opened)
    assert undecided == Counter(opened.items.filter(open=True).values_list("task", flat=True))


@pytest.mark.django_db(transaction=True)
def test_gold_is_that_of_the_rule_of_the_moment_though_items_are_settled_later(monkeypatch):
    corpus = make_corpus()
    opened = make_judged_round(corpus, dialogues=3, annotators=3)
    items_of(opened)
    opened.items.filter(task="emotion").update(kind="majority", value="fear", soft={"fear": 1.0})
    check(make_release(corpus, [opened]).directory)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_freeze_and_it_beats(monkeypatch):
    corpus = make_corpus()
    opened = make_judged_round(corpus)
    beaten = []
    kept = Release.report_progress

    def beat(self, progress=None):
        kept(self, progress)
        in_thread(lambda: make_person())
        row = Release.objects.filter(pk=self.pk).values_list("progress", flat=True)
        in_thread(lambda: beaten.append(row.get()))

    monkeypatch.setattr(Release, "report_progress", beat)
    release = Release.request(None, corpus, "1.0.0", [opened])
    monkeypatch.setattr(Release, "finish", lambda self: kept(self, 1.0))
    assert release.run().status == JobStatus.DONE, release.failure_text
    assert beaten == sorted(beaten) and 0.05 in beaten and len(set(beaten)) > 4


@pytest.mark.django_db(transaction=True)
def test_a_freeze_that_is_stopped_within_its_moment_ends_at_once(monkeypatch):
    corpus = make_corpus()
    opened = make_judged_round(corpus)
    release = Release.request(None, corpus, "1.0.0", [opened])
    kept = snapshot._write_tables

    def stopped(*arguments):
        in_thread(Release.objects.get(pk=release.pk).stop)
        return kept(*arguments)

    monkeypatch.setattr(snapshot, "_write_tables", stopped)
    assert release.run().status == JobStatus.STOPPED
    assert not release.directory.exists()
    make_person()  # this connection writes again


@pytest.mark.django_db(transaction=True)
def test_whoever_was_overtaken_by_another_worker_moves_nothing(monkeypatch):
    """Two workers freeze the same release; the first wakes up when the second is done."""
    corpus = make_corpus()
    opened = make_judged_round(corpus)
    release = Release.request(None, corpus, "1.0.0", [opened])
    kept = snapshot.write
    second = []

    def overtaken(*arguments):
        manifest = kept(*arguments)
        if not second:
            second.append(Release.objects.get(pk=release.pk))
            Release.objects.filter(pk=release.pk).update(status=JobStatus.QUEUED)
            in_thread(second[0].run)
        return manifest

    monkeypatch.setattr(snapshot, "write", overtaken)
    release.run()
    known = Release.objects.get(pk=release.pk)
    assert known.status == JobStatus.DONE and known.digest == second[0].digest
    assert known.verify() == []


@pytest.fixture
def filmed():
    """A judged round on two dialogues with (made up) clips."""
    corpus = make_corpus()
    for number in range(2):
        dialogue = make_dialogue(corpus)
        name = f"clips/{corpus.pk}/1/{number}.mp4"
        default_storage.save(name, ContentFile(b"clip %d" % number))
        sha256 = digest(_path(name))
        Dialogue.objects.filter(pk=dialogue.pk).update(clip=name, clip_sha256=sha256)
    people = [make_member(corpus) for _ in range(2)]
    opened = make_round(corpus, people)
    for assignment in opened.assignments.all():
        judge(assignment)
    return opened


def _path(name):
    return Path(default_storage.path(name))


@pytest.mark.django_db(transaction=True)
def test_clips_are_those_of_the_moment(monkeypatch, filmed):
    """A clip that is cut anew after the tables were read is not put beside them."""
    corpus = filmed.corpus
    kept = media_export.write

    def cut_again(*arguments):
        def act():
            name = f"clips/{corpus.pk}/1/new.mp4"
            default_storage.save(name, ContentFile(b"another cut"))
            corpus.dialogues.filter(clip__endswith="0.mp4").update(clip=name, end=1.0)

        in_thread(act)
        return kept(*arguments)

    monkeypatch.setattr(media_export, "write", cut_again)
    release = make_release(corpus, [filmed])
    assert release.status == JobStatus.DONE, release.failure_text
    assert (release.directory / "media/000001.mp4").read_bytes() == b"clip 0"
    check(release.directory)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["gone", "other"])
def test_a_clip_that_is_gone_or_other_bytes_since_is_refused(monkeypatch, filmed, what):
    corpus, kept = filmed.corpus, media_export.write
    path = _path(corpus.dialogues.order_by("pk").first().clip.name)

    def change(*arguments):
        if what == "gone":
            path.unlink()
        else:
            path.write_bytes(b"other")
        return kept(*arguments)

    monkeypatch.setattr(media_export, "write", change)
    release = make_release(corpus, [filmed])
    assert release.status == JobStatus.FAILED and not release.directory.exists()
    uid = corpus.dialogues.order_by("pk").first().uid
    assert uid in release.failure_text
    expected = "no longer exists" if what == "gone" else "The integrity check finds errors"
    assert expected in release.failure_text
