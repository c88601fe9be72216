"""Plain makers of rows for tests."""

import os
from itertools import count
from pathlib import Path

from django.core.files import File

from annotation import rounds
from annotation.agreement.item_counts import catch_up
from annotation.answers import Answer, save_answers, submit_assignment
from annotation.queue.dispatch import assign
from corpus.models import Corpus, Dialogue, Membership, Source, Speaker, Utterance
from jobs.models import JobStatus
from people.models import AccessToken, Person
from releases.models import PersonalDataReport, Release

number = count(1)
ANSWERS = {
    "sentiment": "neutral",
    "emotion": "neutral",
    "sarcasm": "no",
    "humor": "no",
    "emotion_sentiment": "0",
    "sarcasm_humor": "0",
}


def make_person(username=None, **fields):
    person = Person(username=username or f"person{next(number)}", **fields)
    person.set_password("secret-for-tests")
    person.save()
    return person


def make_token(person, scopes=("read", "annotate"), **fields):
    """The token of a new AccessToken."""
    return AccessToken.create(person, "script", scopes, **fields)[1]


def make_corpus(lead=None, **fields):
    fields.setdefault("name", f"corpus {next(number)}")
    return Corpus.create(lead or make_person(), **fields)


def make_member(corpus, role=Membership.Role.ANNOTATOR, username=None):
    person = make_person(username)
    corpus.memberships.create(person=person, role=role)
    return person


def make_source(corpus, **fields):
    fields.setdefault("title", f"source {next(number)}")
    return corpus.sources.create(kind=Source.Kind.TABLE, status=JobStatus.DONE, **fields)


def make_dialogue(corpus, size=2, source=None, published=True, **fields):
    source = source or make_source(corpus)
    place = next(number)
    fields = {"uid": f"D{place}", "number": place, "start": 0.0, "end": float(size)} | fields
    dialogue = Dialogue.objects.create(corpus=corpus, source=source, **fields)
    for turn in range(1, size + 1):
        speaker, _ = Speaker.objects.get_or_create(corpus=corpus, name="AB"[turn % 2])
        Utterance.objects.create(
            dialogue=dialogue,
            number=turn,
            uid=f"{dialogue.uid}_U_{turn}",
            speaker=speaker,
            text=f"第{turn}句",
            start=turn - 1.0,
            end=float(turn),
        )
    if published:
        dialogue.publish(None)
    return dialogue


def open_round(corpus, annotators, overlap=None, name=None, dialogues=None, **options):
    return rounds.open_round(
        None,
        corpus,
        name or f"round {next(number)}",
        corpus.dialogues.published() if dialogues is None else dialogues,
        annotators,
        overlap or len(annotators),
        **options,
    )


def make_round(corpus, annotators, *args, **options):
    """An open round whose dialogues are all given out."""
    opened = open_round(corpus, annotators, *args, **options)
    deal(opened)
    return opened


def deal(opened):
    """Give every dialogue of a round to as many people as it asks for, in turn."""
    people = list(opened.participants.select_related("person", "round"))
    for turn, place in enumerate(opened.round_items.select_related("dialogue")):
        for step in range(opened.overlap):
            assign(people[(turn + step) % len(people)], None, place)


def answer_all(assignment, values_of, **more):
    """Save the answers, task -> value, that `values_of` gives for each utterance: at once, as each
    of them alone costs a transaction.
    """
    save_answers(
        assignment,
        [
            Answer(utterance.pk, task, value, **more)
            for utterance in assignment.dialogue.utterances.all()
            for task, value in values_of(utterance).items()
        ],
    )


def judge(assignment, submit=True, **answers):
    """Answer every task of every utterance alike, and hand in."""
    values = ANSWERS | answers
    answer_all(assignment, lambda utterance: values)
    return submit_assignment(assignment) if submit else None


def make_judged_round(corpus, dialogues=4, annotators=2):
    """A round in which everything is handed in; people differ on the emotion of odd dialogues."""
    for _ in range(dialogues):
        make_dialogue(corpus)
    people = [make_member(corpus) for _ in range(annotators)]
    opened = make_round(corpus, people)
    odd = list(corpus.dialogues.order_by("pk"))[::2]
    for assignment in opened.assignments.select_related("dialogue"):
        differs = assignment.person == people[0] and assignment.dialogue in odd
        judge(assignment, emotion="joy" if differs else "anger")
    return opened


def items_of(opened, task=None):
    """The items of a round after everything new is counted."""
    catch_up(opened)
    rows = opened.items.filter(task=task) if task else opened.items.all()
    return list(rows.order_by("utterance_id"))


def release_form(*rounds, **fields):
    """What the form of a new release sends."""
    return {
        "version": "1.0.0",
        "rounds": [round.pk for round in rounds],
        "licence": "cc-by-4.0",
        "media": "dialogues",
        "speakers": "names",
        "split_unit": "dialogue",
        "shares": "70/15/15",
        "keep_splits": "on",
        "seed": 1,
        **fields,
    }


def make_release(corpus, rounds, version="1.0.0", **fields):
    release = Release.request(None, corpus, version, rounds, **fields)
    return release.run()


def search_for_personal_data(corpus):
    report = PersonalDataReport.request(corpus, now=True).run()
    assert report.status == JobStatus.DONE, report.failure_text
    return report


def make_held_source(corpus, film, srt):
    """An upload whose worker waits for its transcript, and what lets it go on."""
    source = make_waiting_source(corpus, film, srt, "held")
    transcript = Path(source.transcript.path)
    content = transcript.read_bytes()
    transcript.unlink()
    os.mkfifo(transcript)

    def let_go():
        with transcript.open("wb") as pipe:  # its reader is there
            transcript.unlink()
            transcript.write_bytes(content)  # for whoever reads it once more
            pipe.write(content)

    return source, let_go


def make_waiting_source(corpus, film, srt, title):
    source = corpus.sources.create(title=title, gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    return source
