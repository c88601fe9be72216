"""Loads the demo corpus into an empty database: episodes, people, simulated judgements, a release.

Everything goes through the verbs that people use; only the annotators are simulated.
"""

import random
from collections.abc import Callable
from pathlib import Path

from django.core.files import File
from django.db import transaction

from annotation.answers import save_answer, submit_assignment
from annotation.models import Guideline, Report, Round
from annotation.queue.dispatch import claim_next
from annotation.rounds import open_round
from annotation.scheme import DEFAULT
from corpus.models import Corpus, Membership
from demo.dialogues import DIALOGUES, Line
from demo.models import DemoJob
from demo.people import NAME, PEOPLE, make_account
from demo.removal import find_corpus, remove_all, remove_rows
from jobs.models import JobStatus
from modeling.models import TrainingRun
from people.models import Person
from releases.models import Release

EPISODES = Path(__file__).parent / "episodes"
GUIDELINE = Path(__file__).parent / "guideline.md"
DESCRIPTION = (
    "合成演示数据：剧本由本项目编写，语音为机器合成，标注者为模拟。\n"
    "Synthetic demonstration data: scripts written for this project, speech synthesised, "
    "annotators simulated."
)
LEFT_OVER = 2  # dialogues that nobody has judged yet
# How each simulated annotator errs: shares of careless answers, of sarcasm taken at its word, of
# jokes missed, of feeling toned down to neutral, and of correlations moved by one step.
HABITS = {
    "anno1": {"careless": 0.03, "literal": 0.10, "dry": 0.10, "flat": 0.08, "drift": 0.15},
    "anno2": {"careless": 0.05, "literal": 0.30, "dry": 0.20, "flat": 0.12, "drift": 0.25},
    "anno3": {"careless": 0.04, "literal": 0.15, "dry": 0.30, "flat": 0.20, "drift": 0.35},
}


def load(say: Callable[[str], None] = lambda words: None) -> Corpus | None:
    """The demo corpus, made if this installation has none (an unfinished one is made again).

    None if it was removed on purpose. All in one transaction: for a launcher, with nobody at work.
    """
    newest = DemoJob.objects.first()
    if newest and newest.kind == DemoJob.Kind.REMOVE:
        return None
    existing = find_corpus()
    if existing and is_complete(existing):
        return existing
    say("loading the demo corpus (once)")
    with transaction.atomic():
        if existing:
            remove_rows(existing)
        return _make(lambda words, _share: say(words))


def load_for(job: DemoJob) -> None:
    """The same by a worker while others work: in steps, each of which is kept."""
    corpus = find_corpus()
    if corpus and not is_complete(corpus):
        remove_all(job, corpus)
        corpus = None
    corpus = corpus or _make(lambda _words, share: job.report_progress(share))
    if job.person:
        corpus.memberships.get_or_create(person=job.person, defaults={"role": Membership.Role.LEAD})
    job.finish()


def is_complete(corpus: Corpus) -> bool:
    """Whether the last thing that loading makes is there."""
    return Report.objects.filter(round__corpus=corpus, kind=Report.Kind.RELIABILITY).exists()


def _make(say: Callable[[str, float], None]) -> Corpus:
    people = {key: make_account(key) for key in PEOPLE}
    lead = people["lead"]
    with transaction.atomic():
        corpus = Corpus.create(lead, name=NAME, description=DESCRIPTION, synthetic=True)
        for key, (_, role) in PEOPLE.items():
            if role != Membership.Role.LEAD:
                corpus.memberships.create(person=people[key], role=role)
    for number, series in enumerate(DIALOGUES, 1):
        _ingest(corpus, series, lead)
        say(f"    {series}: cut into dialogues", 0.6 * number / len(DIALOGUES))
    opened = open_round(
        lead,
        corpus,
        "第一轮 Round 1",
        corpus.dialogues.published(),
        [people[key] for key in HABITS],
        overlap=3,
        guideline=Guideline.draw_up(lead, corpus, GUIDELINE.read_text("utf-8")),
    )
    _judge(opened, {people[key].pk: key for key in HABITS})
    say("    annotated by simulated annotators", 0.8)
    release = Release.request(lead, corpus, "0.9.0", [opened], licence="cc0-1.0")
    release.run()
    if release.status != JobStatus.DONE:
        raise RuntimeError(f"the demo release was not frozen: {release.failure_text}")
    say("    frozen as a release", 0.95)
    TrainingRun.request(lead, release).later()
    for kind in (Report.Kind.AGREEMENT, Report.Kind.QUALITY, Report.Kind.RELIABILITY):
        Report.request(lead, opened, kind)
    return corpus


def _ingest(corpus: Corpus, series: str, lead: Person) -> None:
    source = corpus.sources.create(title=series, added_by=lead)
    stem = EPISODES / f"episode{list(DIALOGUES).index(series) + 1}"
    with stem.with_suffix(".mp4").open("rb") as media, stem.with_suffix(".srt").open("rb") as text:
        source.media.save(f"{stem.name}.mp4", File(media))
        source.transcript.save(f"{stem.name}.srt", File(text))
    source.run()
    if source.status != JobStatus.DONE:
        raise RuntimeError(f"the demo episode {series} was not ingested: {source.failure_text}")
    source.publish(lead)


def _judge(opened: Round, keys: dict[int, str]) -> None:
    """Hand in all but the last dialogues; the first person has begun one of those."""
    parts = [lines for series in DIALOGUES.values() for lines in series]
    dialogues = list(opened.corpus.dialogues.order_by("source_id", "number"))
    done = len(dialogues) - LEFT_OVER
    for participant in opened.participants.select_related("person", "round"):
        key = keys[participant.person_id]
        for number in range(done + (key == "anno1")):
            assignment = claim_next(participant)
            lines = parts[dialogues.index(assignment.dialogue)]
            utterances = assignment.dialogue.utterances.all()[: None if number < done else 3]
            for utterance, line in zip(utterances, lines, strict=False):
                for task, value in simulate(line, key).items():
                    save_answer(assignment, utterance, task, value)
            if number < done:
                submit_assignment(assignment)


def simulate(line: Line, key: str) -> dict[str, str]:
    """What a simulated annotator answers, the same every time: the writer's meaning and a habit."""
    rng = random.Random(f"{key}:{line.speaker}:{line.text}")
    habit = HABITS[key]
    answers = dict(line.meant)
    if answers["sarcasm"] == "yes" and rng.random() < habit["literal"]:
        answers |= {"sarcasm": "no", "sarcasm_humor": "0"}
    if answers["humor"] == "yes" and rng.random() < habit["dry"]:
        answers |= {"humor": "no", "sarcasm_humor": "0"}
    if answers["sentiment"] != "neutral" and rng.random() < habit["flat"]:
        answers["sentiment"] = "neutral"
    if answers["emotion"] in ("joy", "anger", "sadness") and rng.random() < habit["flat"]:
        answers |= {"emotion": "neutral", "emotion_sentiment": "0"}
    for task in DEFAULT.tasks:
        if task.is_correlation and rng.random() < habit["drift"]:
            moved = int(answers[task.key]) + rng.choice([-1, 1])
            answers[task.key] = str(max(-2, min(2, moved)))
        elif not task.is_correlation and rng.random() < habit["careless"]:
            answers[task.key] = rng.choice(task.keys)
    return answers
