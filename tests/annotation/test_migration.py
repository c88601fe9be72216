"""Filled tables of earlier states: no row is lost, and each is found under its name of today."""

import pytest
from django.apps import apps

from annotation.agreement.item_counts import catch_up
from annotation.models import (
    Comment,
    ExpertLabel,
    Guideline,
    QualityFlag,
    QualityFlagReview,
    Report,
    RoundItem,
    RuleWarning,
)
from annotation.rounds import choose_consensus
from annotation.withdrawal import withdraw
from people.models import Event
from tests.factories import judge, make_corpus, make_dialogue, make_member, make_person, make_round
from tests.migration_steps import migration_steps

OLD_NAMES = {  # model of before -> of today
    "Place": RoundItem,
    "Remark": Comment,
    "Oddity": QualityFlag,
    "OddityAnswer": QualityFlagReview,
    "GoldAnswer": ExpertLabel,
    "Warned": RuleWarning,
}
OLD_EVENTS = {  # noun and verb of before -> of today
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
}


def fill(lead):
    """Rows of everything that got another name, with their events."""
    corpus = make_corpus(lead)
    dialogue, other = make_dialogue(corpus), make_dialogue(corpus)
    people = [make_member(corpus), make_member(corpus)]
    opened = make_round(corpus, people)
    for assignment in opened.assignments.filter(dialogue=dialogue):
        judge(assignment, emotion="joy" if assignment.person == people[0] else "anger")
    catch_up(opened)
    assignment, utterance = opened.assignments.first(), dialogue.utterances.first()
    comment = Comment.make(assignment, utterance, "comment", "怎么判断？")
    comment.reply(lead, "看语气")
    comment.resolve(lead)
    flag = QualityFlag.objects.create(
        round=opened, person=people[0], kind="fast", key="fast/1", neg_log10_p=4.25
    )
    flag.review(lead, "talked", "说过了")
    ExpertLabel.write(lead, dialogue, [(utterance, "emotion", "joy", "she smiles")])
    RuleWarning.objects.create(assignment=assignment, utterance=utterance, rule="r", outcome="kept")
    seat = opened.participants.first()
    seat.block(lead)
    seat.unblock(lead)
    opened.participants.last().block(lead)
    Report.request(lead, opened, Report.Kind.AGREEMENT)
    choose_consensus(opened, lead, "weighted")
    Guideline.draw_up(lead, corpus, "看语气")
    withdraw(opened.round_items.get(dialogue=other), lead, "wrong film")


def rows():
    """Every row of the app and every event, as they are stored."""
    models = [*apps.get_app_config("annotation").get_models(), Event]
    found = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
    for row in found["DailyWork"]:
        del row["id"]  # it is added up again
    return found


@pytest.mark.django_db(transaction=True)
def test_rows_keep_under_names_of_today(django_db_serialized_rollback):
    fill(make_person("lead"))
    before = rows()
    assert all(before[model.__name__] for model in OLD_NAMES.values())
    events = set(Event.objects.values_list("noun", "verb"))
    assert events >= set(OLD_EVENTS.values())
    try:
        executor = migration_steps()
        executor.migrate([("annotation", "0005_unblinded")])
        old = executor.loader.project_state([("annotation", "0005_unblinded")]).apps
        for name, model in OLD_NAMES.items():
            count = old.get_model("annotation", name).objects.count()
            assert count == len(before[model.__name__]), name
        result = set(old.get_model("people", "Event").objects.values_list("noun", "verb"))
        assert result >= set(OLD_EVENTS)
        assert not result & (set(OLD_EVENTS.values()) - set(OLD_EVENTS))
        assert old.get_model("annotation", "Oddity").objects.get().surprise == 4.25
        assert old.get_model("annotation", "Participant").objects.exclude(halted_at=None).count()
        items = old.get_model("annotation", "Item").objects.filter(hardness=1)  # old word
        assert items.exists()
        assert old.get_model("annotation", "Tally").objects.filter(hand_ins=2).exists()
    finally:
        executor = migration_steps()
        executor.migrate(executor.loader.graph.leaf_nodes())
    for report in before["Report"]:
        if report["kind"] == "agreement":  # computed again: on how few dialogues is not in it
            report.update(result={}, computed_at=None)
    assert rows() == before
