"""What chance would hardly make: plain questions, a round with quality_flags, and CMMA itself."""

import csv
import json
import random

import numpy as np
import pytest
from django.urls import reverse

from annotation.agreement import item_counts
from annotation.answers import submit_assignment
from annotation.models import QualityFlag, Report, Round
from annotation.quality import annotator_activity
from annotation.quality.statistics import copies, detachment, drift, longest_run, tail
from annotation.queue.dispatch import claim_next
from annotation.scheme import DEFAULT
from benchmarks.importing import HEADER
from corpus.formats import reader
from tests.annotation.quality.test_gold_accuracy import make_gold
from tests.factories import answer_all, make_corpus, make_dialogue, make_member, open_round


def noise(n, values=5, seed=0):
    """Answers as people give them: shares differ, and the same often comes again."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(values))
    drawn = rng.choice(values, n, p=shares)
    stays = rng.random(n) < 0.3
    for place in range(1, n):
        if stays[place]:
            drawn[place] = drawn[place - 1]
    return drawn


def test_a_period_is_found_with_its_rows():
    codes = noise(3000)
    codes[1000:2600] = np.tile(codes[1000:1200], 8)
    [copy] = copies(codes)
    assert copy.lag == 200 and copy.equal == 1.0 and copy.neg_log10_p > 50
    [(start, end)] = copy.spans
    assert 995 <= start <= 1000 and 2600 <= end <= 2605


def test_a_block_that_was_pasted_once_is_found():
    codes = noise(3000)
    codes[2000:2120] = codes[300:420]
    [copy] = copies(codes)
    assert copy.lag == 1700 and copy.spans[0][0] <= 300 and copy.spans[0][1] >= 2120


@pytest.mark.parametrize("values", [2, 3, 5, 7])
def test_chance_makes_no_copies(values):
    assert not any(copies(noise(4000, values, seed)) for seed in range(15))


def test_stretches_of_one_answer_are_no_copies_but_runs():
    codes = noise(2000, 3)
    codes[500:900] = 1
    assert copies(codes) == []
    run = longest_run(codes, [codes, noise(2000, 3, 5), noise(2000, 3, 6)])
    assert run.value == 1 and run.start <= 500 and run.end >= 900 and run.neg_log10_p > 10
    assert copies(np.zeros(100, np.int64)) == [] and copies(noise(10)) == []


def test_tails_drift_and_dependence():
    assert tail(0, 0, 0.5) == 0.0 and tail(5, 10, 0.5) < 0.3 and tail(10, 10, 0.5) > 3
    assert drift([1.0, 0.9, 0.8, 0.8, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1])[0] < -0.9
    assert drift([1.0, 0.9, 0.8, 0.8, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1])[1] > 3
    assert drift([0.5] * 20) == (0.0, 0.0)
    assert drift(list(np.linspace(1, 0, 60)))[1] > 20
    rng = np.random.default_rng(0)
    assert max(drift(rng.random(30), seed=n)[1] for n in range(20)) < 3
    v, surprise = detachment(np.outer([200.0, 300, 500], [1, 2, 3, 2, 2]))
    assert v == 0 and surprise > 10
    assert detachment(np.diag([50.0, 60, 70]))[1] == pytest.approx(0, abs=0.1)


LABELS = ["emotion", "sentiment", "sarcasm", "humor", "emotion_sentiment", "sarcasm_humor"]


def test_cmma_itself(test_data):
    """The pasted block of 200 in train's emotion→sentiment, rows 1 to 2,100 and 2,490 to 13,788.

    No column of what an utterance is (emotion, sentiment, sarcasm, humor, pride, love) has a copied
    block in either file. The other correlation columns do, near the ends of their files: in train
    sarcasm→humor a string of 23 answers stands five times in a row, in dev both repeat.
    """
    found = {}
    for name in ("train", "dev"):
        rows = reader("cmma")(test_data / f"cmma/{name}.csv").rows
        for task in [*LABELS, "pride", "love"]:
            answers = [row.labels[task] for row in rows if task in row.labels]
            numbers = {value: place for place, value in enumerate(sorted(set(answers)))}
            result = copies(np.array([numbers[answer] for answer in answers]))
            if result:
                found[name, task] = result
    assert set(found) == {
        ("train", "emotion_sentiment"),
        ("train", "sarcasm_humor"),
        ("dev", "emotion_sentiment"),
        ("dev", "sarcasm_humor"),
    }
    [block] = found["train", "emotion_sentiment"]
    assert block.lag == 200
    assert block.spans[0] == (0, 2100) and block.spans[-1] == (2489, 13788)
    assert found["train", "sarcasm_humor"][0].size < 150 < found["dev", "sarcasm_humor"][0].size


def make_twin(path, rows=1200, period=60):
    """A table with CMMA's columns whose emotion→sentiment column is one block again and again."""
    rng = random.Random(1)
    block = [rng.choice(["-2", "-1", "0", "1", "2"]) for _ in range(period)]
    with path.open("w", encoding="gb18030", newline="") as lines:
        table = csv.DictWriter(lines, HEADER)
        table.writeheader()
        for number in range(rows):
            talk = number // 8 + 1
            start = (number % 8) * 3
            table.writerow(
                {
                    "Utterance": f"第{number}句",
                    "Speaker": "甲",
                    "Sentiment": rng.choice(["negative", "neutral", "positive"]),
                    "Emotion": rng.choice(["joy", "sadness", "anger", "fear"]),
                    "Relevancy(Emo→Sen)": block[number % period],
                    "Sarcasm": rng.choice(["none", "sarcastic"]),
                    "Humor": rng.choice(["none", "humor"]),
                    "Relevancy(Sar→Hum)": rng.choice(["-1", "0", "1"]),
                    "Pride": "none",
                    "Love": "none",
                    "StartTime": f"00:00:{start:02},000",
                    "EndTime": f"00:00:{start + 2:02},000",
                    "ConversationID": f"C_{talk}",
                    "UtteranceID": f"C_{talk}_U_{number % 8 + 1}",
                }
            )


@pytest.mark.one_database
@pytest.mark.django_db
def test_the_command_on_a_generated_twin(tmp_path, capsys):
    from django.core.management import call_command

    make_twin(tmp_path / "train.csv")
    call_command("import_corpus", tmp_path / "train.csv", format="cmma", corpus="twin", verbosity=0)
    capsys.readouterr()
    call_command("check_labels", "twin")
    said = capsys.readouterr().out
    assert "emotion_sentiment: period 60: answers 1–1200 repeat" in said
    assert "C_1_U_1 to C_150_U_8" in said
    call_command("check_labels", "twin", json=True)
    result = json.loads(capsys.readouterr().out)
    assert [row["task"] for row in result if row["kind"] == "copied"] == ["emotion_sentiment"]
    assert {row["task"] for row in result if row["kind"] == "detached"} == {
        "emotion_sentiment", "sarcasm_humor"
    }  # fmt: skip
    assert QualityFlag.objects.filter(gone=False).count() == len(result)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Reports are computed when they are asked for; transactions of tests never end."""
    monkeypatch.setattr(Report, "later", Report.run)


@pytest.fixture
def odd_round(db):
    """Three people on 24 dialogues: one hasty and against the rules, one who gets worse."""
    corpus = make_corpus()
    for _ in range(24):
        make_dialogue(corpus)
    gold = [make_gold(corpus) for _ in range(6)]
    people = [make_member(corpus) for _ in range(3)]
    judged = corpus.dialogues.exclude(pk__in=[dialogue.pk for dialogue in gold])
    opened = open_round(corpus, people, dialogues=judged, gold=gold, gold_percent=30)
    rng = random.Random(3)
    meant = {}
    for number, seat in enumerate(opened.participants.select_related("round", "person")):
        turn = 0
        while assignment := claim_next(seat):

            def given(utterance, gold=assignment.gold, number=number, turn=turn):
                values = {task.key: rng.choice(task.keys) for task in DEFAULT.tasks}
                values = dict(meant.setdefault(utterance.pk, values))
                if gold:
                    first = {task.key: task.keys[0] for task in DEFAULT.tasks}
                    values = first if number == 0 else (
                        {"sentiment": "neutral", "emotion": "neutral", "sarcasm": "no",
                         "humor": "no", "emotion_sentiment": "0", "sarcasm_humor": "0"}
                    )  # fmt: skip
                elif number == 0:
                    values |= {"sentiment": "positive", "emotion": "anger", "sarcasm": "no"}
                elif number == 1 and rng.random() < turn / 24:
                    values["humor"] = "no" if values["humor"] == "yes" else "yes"
                return values

            answer_all(assignment, given, seconds=5.0 if number else 0.1)
            submit_assignment(assignment)
            turn += 1
    item_counts.catch_up(opened)
    return opened


def test_a_round_with_quality_flags(odd_round, client_of):
    found = list(annotator_activity.findings(odd_round))
    first, second, third = odd_round.participants.values_list("person", flat=True)
    kinds = {(one.kind, one.person) for one in found}
    assert ("fast", first) in kinds and ("rules", first) in kinds and ("gold", first) in kinds
    assert ("monotone", first) in kinds
    assert not any(person == third for _, person in kinds)
    fast = next(one for one in found if one.kind == "fast")
    assert fast.evidence["dialogues"] == fast.evidence["of"] == 24 and len(fast.rows) == 48
    rules = next(one for one in found if one.kind == "rules")
    assert rules.count == 48 and rules.evidence["rule"] == "angry_but_positive"
    drifting = [one for one in found if one.kind == "drift"]
    assert all(one.person == second and one.task == "humor" for one in drifting)
    lead = odd_round.corpus.memberships.get(role="lead").person
    client = client_of(lead)
    client.post(reverse("reports", args=[odd_round.pk, "quality"]))
    page = client.get(reverse("quality", args=[odd_round.pk])).content.decode()
    assert "24 of 24 dialogues took less time" in page
    assert "48 of 48 utterances break" in page
    odd = QualityFlag.objects.get(kind="fast")
    rows = client.get(reverse("items", args=[odd_round.pk]), {"flag": odd.pk})
    assert rows.context["table"].count == 48
    client.post(
        reverse("quality_flag_reviews", args=[odd.pk]),
        {"outcome": "talked", "words": "will slow down"},
    )
    assert "24 of 24" not in client.get(reverse("quality", args=[odd_round.pk])).content.decode()
    answered = client.get(reverse("quality", args=[odd_round.pk]), {"state": "answered"})
    assert "will slow down" in answered.content.decode()
    client.post(reverse("reports", args=[odd_round.pk, "quality"]))
    assert QualityFlag.objects.get(pk=odd.pk).reviews.count() == 1  # kept when looked for again
    assert Report.objects.get(kind="quality").result["found"] == len(found)


def test_only_leads_see_findings(odd_round, client_of):
    judge_ = make_member(odd_round.corpus, role="adjudicator")
    assert client_of(judge_).get(reverse("quality", args=[odd_round.pk])).status_code == 404
    annotator_activity.store(odd_round, list(annotator_activity.findings(odd_round)))
    odd = QualityFlag.objects.get(kind="fast")
    address = reverse("items", args=[odd_round.pk])
    seen = client_of(judge_).get(address, {"flag": odd.pk}).content.decode()
    assert odd.person.username not in seen
    other = Round.objects.get(pk=odd_round.pk).corpus.memberships.filter(role="annotator").first()
    assert client_of(other.person).get(reverse("agreement", args=[odd_round.pk])).status_code == 404
