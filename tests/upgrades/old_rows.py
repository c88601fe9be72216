"""Rows of 0.1.0 that its demo corpus has not, written through the models of its migrations."""

import datetime

from django.db import connection
from django.utils import timezone

KEY = "0123456789abcdef0123456789abcdef01234567"  # of an access token
VERBS = {  # (noun, verb) of an event -> of today
    ("corpus", "found"): ("corpus", "create"),
    ("source", "recut"): ("source", "resegment"),
    ("source", "recut clips"): ("source", "recut clips"),
    ("place", "withdraw"): ("rounditem", "withdraw"),
    ("remark", "remark"): ("comment", "comment"),
    ("remark", "resolve"): ("comment", "resolve"),
    ("oddity", "answer"): ("qualityflag", "review"),
    ("dialogue", "key"): ("dialogue", "set expert labels"),
    ("participant", "halt"): ("participant", "block"),
    ("participant", "let on"): ("participant", "unblock"),
    ("round", "measure"): ("round", "compute"),
    ("round", "settle"): ("round", "choose consensus"),
    ("guideline", "draw up"): ("guideline", "create version"),
    ("schemeversion", "draw up"): ("schemeversion", "create version"),
    ("study", "train"): ("experiment", "train"),
    ("release", "measure"): ("release", "extract"),
    ("featurepart", "measure"): ("featurepart", "extract"),
    ("utterance", "inspect"): ("utterance", "review"),
    ("share", "accept"): ("share", "accept terms"),
    ("invitation", "accept"): ("invitation", "accept invitation"),
}


def fill(apps):
    """Rows of everything that got another name or moved, with their events."""

    def create(label, **values):
        return apps.get_model(label).objects.create(**values)

    def some(label, **values):
        return apps.get_model(label).objects.filter(**values).order_by("pk")

    people = list(some("people.Person"))
    lead, other = people[:2]
    now = timezone.now()
    for noun, verb in VERBS:
        create("people.Event", person=lead, noun=noun, verb=verb, noun_id=1)
    _fill_corpus(create, some, people)
    _fill_annotation(create, some, people, now)

    release, utterance = some("releases.Release").first(), some("corpus.Utterance").first()
    some("releases.Release").update(apart="source")
    create("releases.Inspection", utterance=utterance, words="138", kind="phone", outcome="keep",
           person=lead)  # fmt: skip
    link = create("releases.Share", release=release, terms="terms", person=lead)
    create("releases.Grant", share=link, name="somebody", affiliation="somewhere")
    study = create("modeling.Study", release=release, name="of before", options={"epochs": 2},
                   search={"trials": 3}, repeats_by=lead)  # fmt: skip
    create("modeling.Study", release=release, follows=study)
    run = create("modeling.TrainingRun", release=release, recipe="hard-text", study=study,
                 options={"epochs": 2}, status="done")  # fmt: skip
    create("modeling.Evaluation", run=run, status="done", result={"split": "test"})

    create("people.Invitation", token="the-open-one", invited_by=lead)
    create("people.Invitation", token="the-used-one", invited_by=lead, accepted_by=other)
    columns = "key varchar(40) PRIMARY KEY, created timestamp NOT NULL, user_id bigint NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE authtoken_token ({columns} REFERENCES people_person (id))")
        row = [KEY, "2026-01-02 03:04:05", lead.pk]
        cursor.execute("INSERT INTO authtoken_token VALUES (%s, %s, %s)", row)


def _fill_corpus(create, some, people):
    source = some("corpus.Source").first()
    some("corpus.Source", pk=source.pk).update(
        looked={"shots": [[1.5, 0.4]]}, brought="a.srt", reading={"sheet": "x"}
    )
    create("corpus.Finding", source=source, line=3, column="text", value="a", outcome="warning",
           reason="b")  # fmt: skip
    some("corpus.Dialogue").update(cutter=2)
    create("corpus.Source", title="waiting", corpus_id=source.corpus_id, status="draft")
    since = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    create("corpus.IntegrityCheck", corpus_id=source.corpus_id, since=since)
    create("corpus.ClipRecut", corpus_id=source.corpus_id, since=since, dialogues=[1], changed=5,
           left=[{"dialogue": "D"}])  # fmt: skip
    led, _empty = (create("corpus.Corpus", name=name) for name in ("led", "led by nobody"))
    for person, role in zip(people, ("annotator", "lead", "lead"), strict=False):
        create("corpus.Membership", corpus=led, person=person, role=role)


def _fill_annotation(create, some, people, now):
    lead = people[0]
    opened = some("annotation.Round").first()
    assignment = some("annotation.Assignment").first()
    utterance = some("corpus.Utterance", dialogue=assignment.dialogue_id).first()
    some("annotation.Assignment", pk=assignment.pk).update(until=now)
    some("annotation.Participant", pk=some("annotation.Participant").first().pk).update(
        halted_at=now
    )
    comment = create("annotation.Remark", assignment=assignment, utterance=utterance,
                    kind="comment", words="怎么判断？")  # fmt: skip
    create("annotation.Reply", **{"remark": comment}, person=lead, words="看语气")
    create("annotation.Resolution", **{"remark": comment}, person=lead)
    flag = create("annotation.Oddity", round=opened, person=people[1], kind="fast", key="fast/1",
                    surprise=4.25)  # fmt: skip
    create(
        "annotation.OddityAnswer", **{"oddity": flag}, person=lead, outcome="talked", words="说过了"
    )
    create("annotation.GoldAnswer", utterance=utterance, person=lead, task="emotion", value="joy",
           why="she smiles")  # fmt: skip
    create("annotation.Warned", assignment=assignment, utterance=utterance, rule="r",
           outcome="kept")  # fmt: skip
    place = some("annotation.Place").first()
    create("annotation.Withdrawal", place=place, person=lead, reason="wrong film")
    create("annotation.Adjudication", round=opened, utterance=utterance, person=lead,
           task="emotion", value="fear")  # fmt: skip
    for kind in ("agreement", "reliability"):
        some("annotation.Report", kind=kind).delete()
        create("annotation.Report", round=opened, kind=kind, status="done", result={"alpha": 1},
               hand_ins=2, computed_at=now)  # fmt: skip
