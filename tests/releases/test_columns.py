"""Tables that are written column by column are those that are written row by row, to the byte."""

import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from annotation.adjudication import adjudicate
from annotation.agreement.measures import Gathering, measures_of
from annotation.answers import save_answer
from annotation.models import Assignment, Judgement, Report, Round
from annotation.rounds import choose_consensus
from annotation.scheme import CANNOT_TELL, DEFAULT
from corpus.models import Corpus, Speaker, Utterance
from releases import rows
from releases.models import Release
from tests.examples import examples
from tests.factories import (
    items_of,
    judge,
    make_corpus,
    make_dialogue,
    make_member,
    make_person,
    make_release,
    make_round,
)
from tests.releases import row_wise

pytestmark = pytest.mark.django_db
ROWS = 700  # of CMMA's first, that counting does not take the suite's time
TABLES = ("utterances.jsonl", "judgements.jsonl", "utterances.csv", "data/*.parquet")
TEXTS = ("=1+1", "嗯，“好”\n吧", "a,b\r", "电话13800138000", "😀 \x1c", "", "-5", "'@a")


def compare(release):
    """Write the tables of a release, frozen or not, again row by row, and compare the bytes and the
    agreement.
    """
    plan = rows.make_plan(release)
    assert len(plan.dialogues) <= rows.AT_ONCE  # as row groups are compared, too
    with TemporaryDirectory() as folder:
        root = Path(folder) / "tables"
        answers = row_wise.write(root, plan)
        names = {p.relative_to(root) for pattern in TABLES for p in root.glob(pattern)}
        assert names == {
            path.relative_to(release.directory)
            for pattern in TABLES
            for path in release.directory.glob(pattern)
        }
        for name in names:
            assert (root / name).read_bytes() == (release.directory / name).read_bytes(), name
    gathering, dialogue_of = Gathering(plan.scheme), {}
    for row in Utterance.objects.filter(dialogue__in=[each.pk for each in plan.dialogues]):
        dialogue_of[row.pk] = row.dialogue_id
    for utterance, given_to in answers.items():
        if given_to:
            gathering.add(utterance, dialogue_of[utterance], given_to)
    measures = [found.to_json() for found in measures_of(gathering.finish(), plan.scheme)]
    certificate = json.loads((release.directory / "agreement.json").read_text("utf-8"))
    assert certificate["tasks"] == json.loads(json.dumps(measures))


def work_on(rng, rounds, people):
    """People answer, change and take back answers, in some rounds; a part is adjudicated."""
    corpus = make_corpus(make_person())
    talks = [make_dialogue(corpus, size=rng.randint(1, 3)) for _ in range(rng.randint(1, 4))]
    for row in Utterance.objects.filter(corpus=corpus):
        row.text, row.translation = rng.choice(TEXTS), rng.choice(TEXTS)
        row.machine = rng.random() < 0.5
        row.start = rng.choice([None, 0.1 + 0.2, 3.0])
        row.end = None if row.start is None else row.start + rng.choice([1.0, 1 / 3])
        row.save()
    for speaker in Speaker.objects.filter(corpus=corpus):
        traits = {"gender": rng.choice(["female", "=male"]), "年龄": "三十"}
        speaker.update_details(None, speaker.name, "", traits if rng.random() < 0.5 else {})
    members = [make_member(corpus) for _ in range(people)]
    opened = [
        make_round(corpus, members, name=f"R{n}\u2028", cannot_tell=True, confidence=True)
        for n in range(rounds)
    ]
    for assignment in Assignment.objects.filter(round__in=opened).select_related("dialogue"):
        if rng.random() < 0.9:
            judge(assignment, submit=False, **answers(rng))
            again = assignment.dialogue.utterances.first()
            save_answer(assignment, again, "sentiment", rng.choice(["positive", "negative"]))
            judge(assignment, **answers(rng))
    for row in Judgement.objects.all():
        row.seconds = rng.choice([rng.uniform(0, 9), 1.0005, 2.0015, 0.0])
        row.confidence = rng.choice([None, 1, 2, 3])
        if rng.random() < 0.05:
            row.value = ""
        Judgement.objects.filter(pk=row.pk).update(
            seconds=row.seconds, confidence=row.confidence, value=row.value
        )
    lead = corpus.memberships.get(role="lead").person
    for row in Utterance.objects.filter(dialogue__in=talks):
        if rng.random() < 0.2:
            task = rng.choice(DEFAULT.tasks)
            verdict = rng.choice(["value", "ambiguous", "none"])
            adjudicate(lead, rng.choice(opened), row, task.key, rng.choice(task.keys), verdict)
    return corpus, opened


def answers(rng):
    found = {task.key: rng.choice(task.keys) for task in DEFAULT.tasks}
    return found | ({"emotion": CANNOT_TELL} if rng.random() < 0.3 else {})


@settings(
    deadline=None,
    max_examples=examples(12),
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(
    seed=st.integers(0, 2**20),
    rounds=st.integers(1, 2),
    people=st.integers(1, 3),
    consensus=st.sampled_from(["majority", "majority", "weighted", "dawid_skene"]),
)
def test_columns_are_the_rows(seed, rounds, people, consensus):
    rng = random.Random(seed)
    corpus, opened = work_on(rng, rounds, people)
    if not Assignment.objects.filter(round__in=opened).submitted().exists():
        return
    for one in opened:
        items_of(one)
        if consensus != "majority":
            Report.request(None, one, Report.Kind.RELIABILITY)
            Report.of(one, Report.Kind.RELIABILITY).run()
            choose_consensus(one, None, consensus)
    speakers = rng.choice([Release.Speakers.NAMES, Release.Speakers.PSEUDONYMS])
    found = list(Round.objects.filter(pk__in=[one.pk for one in opened]))
    release = make_release(corpus, found, media="none", speakers=speakers, keep_splits=False)
    assert release.status == "done", release.failure_text
    compare(release)


def test_a_published_corpus_in_columns_is_that_in_rows(test_data, tmp_path):
    lines = (test_data / "cmma/dev.csv").read_bytes().split(b"\r\n")
    path = tmp_path / "dev.csv"
    path.write_bytes(b"\r\n".join(lines[:ROWS]) + b"\r\n")
    call_command("import_corpus", str(path), format="cmma", corpus="CMMA")
    corpus = Corpus.objects.get(name="CMMA")
    release = make_release(corpus, list(Round.objects.filter(corpus=corpus)), media="none")
    assert release.status == "done" and release.verify() == []
    compare(release)


@pytest.mark.parametrize("seed", range(3))
def test_seconds_are_rounded_as_python_rounds_them(seed):
    draw = random.Random(seed)
    seconds = [draw.uniform(0, 10 ** draw.randint(-3, 12)) for _ in range(2000)]
    seconds += [draw.randint(0, 10**6) / 2000 for _ in range(2000)]
    seconds += [np.nextafter(value, side) for value in seconds[2000:] for side in (0.0, 1e9)]
    seconds += [0.0, -0.0005, 2.0**52, 1e300, float("inf")]
    found = rows._rounded(np.array(seconds))
    assert found.tolist() == [round(float(value), 3) for value in seconds]
