"""Blind is blind: what reaches somebody who annotates a round does not depend on what others
answered, remarked or decided; and nobody who could have looked counts as blind.
"""

import contextlib
import difflib
import html
import json
import re

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation import blinding
from annotation.adjudication import adjudicate
from annotation.agreement import item_counts
from annotation.answers import skip_assignment, submit_assignment
from annotation.models import (
    Adjudication,
    Comment,
    ExpertLabel,
    Guideline,
    Item,
    Judgement,
    Participant,
    Report,
    Skip,
    Submission,
)  # fmt: skip
from annotation.queue.dispatch import assign, claim_next
from annotation.republishing import republish
from annotation.rounds import admit, reopen_round
from annotation.urls import MOVED, urlpatterns
from core.errors import UserError
from corpus.models import Membership
from people.models import Event, Person
from tests.examples import examples
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_member,
    make_person,
    make_release,
    open_round,
)  # fmt: skip

LEAD, ADJUDICATOR, ANNOTATOR = Membership.Role.values
RESULTS = {  # addresses of annotation/ that show what people answered, remarked or decided
    *("agreement", "agreement_file", "comparison", "quality", "items", "adjudication"),
    *("round_comments", "dialogue_expert_labels", "report_progress", "round_results"),
}
OPEN = {
    *("round", "rounds", "round_dialogues", "extension", "new_round", "schemes", "guideline"),
    *("corpus_agreement", "corpus_adjudication", "corpus_quality"),
    *("scheme", "scheme_file", "scheme_comparison", "guideline_comparison"),
    *("expert_labels", "new_scheme", "new_guideline", "utterance_search", "my_tasks"),
    *("annotation_history", "assignment", "republication", "annotation_settings"),
    *("table_imports", "new_table_import", "table_import", "column_mapping", "value_mapping"),
    *("mapping_file", "table_import_progress", "table_import_problems"),
    *("table_import_problems_csv", "round_history", "corpus_pace"),
}
ACTIONS = {  # of these nothing can be read
    "reopen_assignment",
    *("judgements", "submission", "skip", "undo_skip", "presence", "comments", "warnings"),
    *("next_assignment", "reports", "quality_flag_reviews", "adjudications", "consensus"),
    "closure",
    *("reopening", "pause", "resume", "participants", "participant", "round_dialogue", "comment"),
    "scheme_preview",
    "guideline_preview",
    *("table_import_reading", "confirm_table_import", "stop_table_import", "undo_table_import"),
    *("attempt_table_import", "remove_table_import"),
    *(f"moved_{name}" for name in MOVED.values()),  # they lead to the page of today
}
NOISE = re.compile(
    r"csrfmiddlewaretoken.\W+value=.\w+|x-csrftoken\W+\w+|nonce=.[\w+/=-]+|nonce-[\w+/=-]+"
    r"|(?<=>)[^<>]*(?=</time>)"  # how long ago, in words; when it was stands in the tag
    r"|Request id: <code>\w+"
)


class Scene:
    """A round of three dialogues that a lead and two annotators judge; everything that can be said
    or decided about it is there.
    """

    def __init__(self, role=LEAD, openly=False):
        self.boss = make_person()
        self.corpus = make_corpus(self.boss)
        self.one, self.two = make_member(self.corpus), make_member(self.corpus)
        self.judge = make_member(self.corpus, ADJUDICATOR)
        self.reader = make_member(self.corpus, role)
        for _ in range(3):
            make_dialogue(self.corpus)
        self.dialogues = list(self.corpus.dialogues.order_by("pk"))
        self.people = [self.one, self.two, self.reader]
        self.round = open_round(
            self.corpus, self.people, openly=[self.reader] if openly else [], suggestions="after"
        )
        for seat in self.round.participants.exclude(person=self.reader):
            for dialogue in self.dialogues[:2]:
                work = assign(seat, None, self.round.round_items.get(dialogue=dialogue))
                judge(work, emotion="joy" if seat.person == self.one else "anger")
        self.skip = assign(
            self.round.participants.get(person=self.one),
            None,
            self.round.round_items.get(dialogue=self.dialogues[2]),
        )
        skip_assignment(self.skip, Skip.Reason.OTHER, "everybody is angry in it")
        self.own = assign(
            self.round.participants.get(person=self.reader),
            None,
            self.round.round_items.get(dialogue=self.dialogues[0]),
        )
        judge(self.own, emotion="fear")
        self.other = open_round(self.corpus, [self.one, self.two], overlap=2, name="second view")
        for seat in self.other.participants.all():
            judge(assign(seat, None, self.other.round_items.get(dialogue=self.dialogues[1])))
        item_counts.catch_up_all([self.round, self.other])
        self._decide()

    def _decide(self):
        self.utterance = utterance = self.dialogues[1].utterances.first()
        work = self.round.assignments.get(person=self.one, dialogue=self.dialogues[1])
        self.comment = Comment.make(work, utterance, "comment", "she is plainly angry")
        self.comment.reply(self.judge, "yes, angry")
        adjudicate(self.judge, self.round, utterance, "emotion", "anger", reason="shouts")
        ExpertLabel.write(self.judge, self.dialogues[1], [(utterance, "emotion", "anger", "loud")])
        task = self.round.scheme["emotion"]
        value = next(value for value in task.values if value.key == "anger")
        Guideline.draw_up(self.boss, self.corpus, "# What to do\n\nLook twice.")
        Guideline.add_example(self.boss, self.corpus, utterance, task, value, "she shouts")
        for kind in ("agreement", "quality", "reliability"):
            Report.request(self.boss, self.round, kind)
            Report.of(self.round, kind).run()
        Report.request(self.boss, self.round, "comparison", other=self.other)
        Report.of(self.round, "comparison", self.other).run()
        self.flag = self.round.quality_flags.create(
            kind="monotone", person=self.one, task="emotion", key="made", count=2, neg_log10_p=4.0,
            evidence={"spans": [[1, 2]], "value": "joy", "of": 2}, rows=[utterance.pk],
        )  # fmt: skip
        self.flag.review(self.boss, "explained", "joyful by nature")

    def change(self):
        """What anybody but the reader answered, remarked and decided is something else now."""
        others = Judgement.objects.exclude(assignment__person=self.reader)
        others.filter(task="emotion").update(value="disgust")
        others.filter(task="sentiment").update(value="positive")
        for round in (self.round, self.other):
            item_counts.count_dialogues(round, [dialogue.pk for dialogue in self.dialogues])
        Adjudication.objects.update(value="sadness", reason="weeps", verdict="value")
        item_counts.recompute_consensus(self.round)
        Comment.objects.update(words="she is plainly sad", kind="bad_cut")
        self.comment.replies.update(words="yes, sad")
        Comment.make(
            self.round.assignments.get(person=self.two, dialogue=self.dialogues[1]),
            self.utterance, "comment", "one more",
        )  # fmt: skip
        Event.objects.filter(noun="comment").order_by("-pk").first().delete()
        ExpertLabel.objects.update(value="sadness", why="weeps")
        Skip.objects.update(reason="upsetting", words="everybody is sad in it")
        for guideline in Guideline.objects.all():
            text = guideline.text.replace("愤怒", "悲伤").replace("anger", "sadness")
            Guideline.objects.filter(pk=guideline.pk).update(text=text.replace("shouts", "weeps"))
        self.round.quality_flags.update(count=1, neg_log10_p=3.0, task="sarcasm")
        self.round.quality_flags.create(kind="fast", person=self.two, key="more", neg_log10_p=9.0)
        self.flag.reviews.update(words="sad by nature", outcome="talked")
        for report in Report.objects.all():
            report.result |= {"tasks": {}, "replicates": 7}
            report.submissions += 1
            report.save()
        for event in Event.objects.filter(
            verb__in=["adjudicate", "comment", "skip", "set expert labels"]
        ):
            event.detail = dict.fromkeys(event.detail, "changed")
            event.save()

    def addresses(self):
        """Every address that can be read, by name; of some with more than one query."""
        values = {"kind": "agreement", "round": self.round.pk}
        for pattern in urlpatterns:
            name = pattern.name
            assert name in RESULTS | OPEN | ACTIONS, f"say in this test what {name} is"
            if name in ACTIONS:
                continue
            corpus = "corpora/<int:pk>" in str(pattern.pattern)
            pk = self.corpus.pk if corpus else self.round.pk
            if name in ("dialogue_expert_labels", "republication"):
                pk = self.dialogues[1].pk
            if name == "assignment":
                pk = self.own.pk
            if name == "guideline":
                for guideline in self.corpus.guidelines.all():
                    yield name, reverse(name, args=[guideline.pk])
                continue
            if name in ("scheme", "scheme_file"):
                yield name, reverse(name, args=[pk, 1])
                continue
            if name == "agreement_file":
                for kind in ("csv", "json", "tex", "svg"):
                    yield name, reverse(name, args=[pk, kind])
                yield name, f"{reverse(name, args=[pk, 'svg'])}?pairs=emotion"
                continue
            if name == "report_progress":
                yield name, reverse(name, args=[pk, values["kind"]])
                yield name, f"{reverse(name, args=[pk, 'comparison'])}?with={self.other.pk}"
                continue
            yield name, reverse(name, args=[] if pattern.pattern._route.count("<") == 0 else [pk])
        for value in ("joy", "anger", "fear", "disgust"):
            address = reverse("utterance_search", args=[self.corpus.pk])
            yield "utterance_search", f"{address}?label=emotion:{value}"
        for state in ("waiting", "begun", "complete", "stuck", "withdrawn"):
            address = reverse("round_dialogues", args=[self.round.pk])
            yield "round_dialogues", f"{address}?state={state}"
        yield "agreement", f"{reverse('agreement', args=[self.round.pk])}?task=emotion"
        yield "comparison", f"{reverse('comparison', args=[self.round.pk])}?with={self.other.pk}"
        yield "agreement", reverse("agreement", args=[self.other.pk])  # the same dialogues
        yield "round", reverse("round", args=[self.other.pk])
        yield "items", reverse("items", args=[self.other.pk])
        yield from self.api_addresses()
        yield "audit_log", reverse("audit_log", args=[self.corpus.pk])
        yield "audit_log", f"/api/corpora/{self.corpus.pk}/audit-log/"
        yield "corpus", reverse("corpus", args=[self.corpus.pk])

    def api_addresses(self):
        """The same by the API, under the names of the pages that answer alike."""
        here = f"/api/rounds/{self.round.pk}"
        for part in ("agreement", "items", "adjudications", "comments"):
            yield "agreement", f"{here}/{part}/"
            yield "agreement", f"/api/rounds/{self.other.pk}/{part}/"  # the same dialogues
        for part in ("judgements/", "judgements.ndjson", "quality-flags/", "label-studio.json"):
            yield "quality", f"{here}/{part}"
        for kind in ("agreement", "quality", "reliability"):
            yield "quality", f"{here}/reports/{kind}/"
        yield "round", f"{here}/"
        yield "round_dialogues", f"{here}/dialogues/"
        yield "round_history", f"{here}/progress/"
        yield "api_participants", f"{here}/participants/"
        for place in (
            "integrity",  # first: the look asks for a job
            *("rounds", "schemes", "guidelines", "dialogues", "utterances", "jobs", "pace"),
        ):
            yield f"api_{place}", f"/api/corpora/{self.corpus.pk}/{place}/"
        for guideline in self.corpus.guidelines.all():
            yield "api_guideline", f"/api/guidelines/{guideline.pk}/"
        for dialogue in self.corpus.dialogues.all():
            yield "api_expert_labels", f"/api/dialogues/{dialogue.pk}/expert-labels/"
            yield "republication", f"/api/dialogues/{dialogue.pk}/republication/"
        yield "comparison", f"{here}/comparison/?round={self.other.pk}"


def read(person, scene):
    """(name, address) -> status and content without what is drawn for each response."""
    client = Client()
    client.force_login(person)
    found = {}
    for name, address in scene.addresses():
        response = client.get(address)
        body = b"".join(response) if response.streaming else response.content
        found[name, address] = (response.status_code, NOISE.sub("", body.decode()))
    return found


def differences(before, after):
    """(name, address, the lines that differ) of every response that changed."""
    return [
        (name, address, line)
        for name, address in before
        for line in difflib.unified_diff(
            before[name, address][1].splitlines(), after[name, address][1].splitlines(), n=0
        )
    ]


@pytest.mark.one_database
@pytest.mark.django_db
@pytest.mark.parametrize("role", [LEAD, ADJUDICATOR, ANNOTATOR])
def test_nothing_depends_on_others_for_whoever_annotates_blind(role):
    scene = Scene(role)
    before = read(scene.reader, scene)
    scene.change()
    after = read(scene.reader, scene)
    assert differences(before, after) == []
    statuses = {}
    for (name, _address), (status, _content) in before.items():
        statuses.setdefault(name, set()).add(status)
    if role == ANNOTATOR:
        assert all(statuses[name] == {404} for name in RESULTS)
    elif role == ADJUDICATOR:
        assert all(statuses[name] == {403} for name in RESULTS - {"quality"})
        assert statuses["quality"] == {404} and statuses["round"] == {200}
    else:
        assert all(statuses[name] == {403} for name in RESULTS)
        assert all(
            statuses[name] == {200}
            for name in ("round", "rounds", "round_dialogues", "expert_labels")
        )


@pytest.mark.django_db
def test_whoever_takes_part_openly_sees_it_all_and_so_the_test_above_can_fail():
    scene = Scene(openly=True)
    before = read(scene.reader, scene)
    assert {status for (name, _), (status, _) in before.items() if name in RESULTS} == {200}
    scene.change()
    after = read(scene.reader, scene)
    changed = {name for name, address in before if before[name, address] != after[name, address]}
    assert RESULTS - {"report_progress"} <= changed
    assert changed >= {"round", "round_dialogues", "utterance_search", "audit_log", "guideline"}


@pytest.mark.django_db
def test_what_is_withheld_comes_with_the_reason_and_the_way_to_see_it(client_of):
    scene = Scene()
    client = client_of(scene.reader)
    refused = client.get(reverse("agreement", args=[scene.round.pk]))
    assert refused.status_code == 403 and scene.round.name in refused.content.decode()
    result = client.get(f"/api/rounds/{scene.round.pk}/agreement/")
    assert result.status_code == 403 and scene.round.name in result.json()["detail"]
    page = client.get(reverse("round", args=[scene.round.pk])).content.decode()
    assert "You are annotating these dialogues" in page and "measures" not in page
    seat = scene.round.participants.get(person=scene.reader)
    client.post(reverse("participant", args=[seat.pk]), {"verb": "unblind"})
    seat.refresh_from_db()
    assert seat.unblinded and Event.objects.filter(verb="unblind", noun_id=seat.pk).count() == 1
    assert client.get(reverse("agreement", args=[scene.round.pk])).status_code == 200
    client.post(reverse("participant", args=[seat.pk]), {"verb": "unblind"})  # twice is once
    assert Event.objects.filter(verb="unblind", noun_id=seat.pk).count() == 1


@pytest.mark.django_db
def test_no_verb_about_results_works_blind(client_of):
    scene = Scene()
    client = client_of(scene.reader)
    asked = {
        "reports": ([scene.round.pk, "agreement"], {}),
        "quality_flag_reviews": ([scene.flag.pk], {"outcome": "fault"}),
        "adjudications": (
            [scene.round.pk],
            {"utterance": scene.utterance.pk, "task": "emotion", "value": "joy"},
        ),
        "consensus": ([scene.round.pk], {"consensus": "weighted"}),
        "comment": ([scene.comment.pk], {"words": "no", "verb": "resolve"}),
        "comparison": ([scene.other.pk], {"with": scene.round.pk}),
        "dialogue_expert_labels": (
            [scene.dialogues[1].pk],
            {f"{scene.utterance.pk}-emotion": "joy"},
        ),
    }
    before = Event.objects.count(), Adjudication.objects.count(), ExpertLabel.objects.count()
    for name, (arguments, data) in asked.items():
        assert client.post(reverse(name, args=arguments), data).status_code == 403, name
    after = Event.objects.count(), Adjudication.objects.count(), ExpertLabel.objects.count()
    assert before == after


@pytest.mark.django_db
def test_when_the_round_is_closed_all_is_shown(client_of):
    scene = Scene()
    scene.other.close(None)
    client = client_of(scene.reader)
    assert client.get(reverse("agreement", args=[scene.other.pk])).status_code == 403
    scene.round.close(None)
    assert client.get(reverse("agreement", args=[scene.other.pk])).status_code == 200
    page = client.get(reverse("round", args=[scene.round.pk])).content.decode()
    assert "You are annotating these dialogues" not in page and 'id="round-results"' in page


@pytest.mark.django_db
def test_a_promotion_opens_no_eyes_and_an_annotator_cannot_take_part_openly(client_of):
    scene = Scene(ANNOTATOR)
    seat = scene.round.participants.get(person=scene.reader)
    with pytest.raises(UserError):
        seat.unblind(scene.boss)
    with pytest.raises(UserError):
        admit(scene.round, scene.boss, scene.reader, openly=True)
    with pytest.raises(UserError):
        open_round(scene.corpus, [scene.one], openly=[scene.one], dialogues=scene.dialogues)
    client = client_of(scene.reader)
    assert (
        client.post(reverse("participant", args=[seat.pk]), {"verb": "unblind"}).status_code == 404
    )
    member = scene.corpus.memberships.get(person=scene.reader)
    client_of(scene.boss).post(reverse("membership", args=[member.pk]), {"role": LEAD})
    assert client.get(reverse("agreement", args=[scene.round.pk])).status_code == 403
    assert client.get(reverse("round", args=[scene.round.pk])).status_code == 200
    assert (
        client.post(reverse("participant", args=[seat.pk]), {"verb": "unblind"}).status_code == 302
    )
    assert client.get(reverse("agreement", args=[scene.round.pk])).status_code == 200


@pytest.mark.django_db
def test_whoever_could_have_looked_joins_openly(client_of):
    scene = Scene()
    scene.round.dismiss(scene.boss, scene.reader)
    assert (
        client_of(scene.reader).get(reverse("agreement", args=[scene.round.pk])).status_code == 200
    )
    back = admit(scene.round, scene.boss, scene.reader)
    assert back.unblinded
    late = make_member(scene.corpus)
    assert not admit(scene.round, scene.boss, late).unblinded  # an annotator who never could
    assert admit(scene.round, scene.boss, scene.judge).unblinded
    page = client_of(scene.boss).post(
        reverse("participants", args=[scene.round.pk]),
        {"person": scene.corpus.memberships.get(person=scene.boss).pk},
        follow=True,
    )
    assert "could already see the answers of others" in page.content.decode()
    assert scene.round.participants.get(person=scene.boss).unblinded


@pytest.mark.django_db
def test_whoever_has_left_and_looked_hands_nothing_in(client_of):
    scene = Scene()
    seat = scene.round.participants.get(person=scene.reader)
    held = assign(seat, None, scene.round.round_items.get(dialogue=scene.dialogues[1]))
    judge(held, submit=False)
    claim_next(seat)
    client = client_of(scene.reader)
    client.post(reverse("participant", args=[seat.pk]), {"verb": "dismiss"})
    assert client.get(reverse("items", args=[scene.round.pk])).status_code == 200
    before = Judgement.objects.count()
    utterance = held.dialogue.utterances.first()
    answer = {"utterance": utterance.pk, "task": "emotion", "value": "joy"}
    answer["client_id"] = "00000000-0000-4000-8000-000000000001"
    saved = client.post(reverse("judgements", args=[held.pk]), answer)
    assert saved.status_code == 409 and "no longer" in saved.json()["why"]
    api = client.post(
        reverse("api_assignment", args=[held.pk]),
        {"answers": [answer], "submit": True},
        content_type="application/json",
    )
    assert api.status_code in (403, 409)
    client.post(reverse("submission", args=[held.pk]))
    with pytest.raises(UserError):
        submit_assignment(held)
    assert Judgement.objects.count() == before
    assert not Submission.objects.filter(assignment=held).exists()


@pytest.mark.django_db
def test_an_edit_gives_nothing_back_to_somebody_who_has_left():
    scene = Scene()
    scene.round.dismiss(scene.boss, scene.reader)
    dialogue = scene.dialogues[0]
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["text"] = "完全不同"
    dialogue.edit(scene.boss, dialogue.head, rows)
    republish(dialogue, scene.boss)
    states = dict(scene.round.assignments.filter(dialogue=dialogue).values_list("person", "state"))
    assert states == {scene.one.pk: "held", scene.two.pk: "held", scene.reader.pk: "freed"}
    Submission.objects.all().delete()
    assert admit(scene.round, scene.boss, scene.reader).unblinded  # the events know


@pytest.mark.django_db
def test_nothing_to_see_yet_is_no_reason(corpus, lead):
    make_dialogue(corpus)
    opened = open_round(corpus, [make_member(corpus)])
    assert not admit(opened, lead, lead).unblinded


@pytest.mark.django_db
def test_the_closing_and_reopening_of_ones_own_round_opens_ones_eyes(client_of):
    scene = Scene()
    client = client_of(scene.reader)
    client.post(reverse("closure", args=[scene.round.pk]))
    assert client.get(reverse("items", args=[scene.round.pk])).status_code == 200
    client.post(reverse("reopening", args=[scene.round.pk]))
    openly = dict(scene.round.participants.values_list("person", "unblinded"))
    assert openly == {scene.one.pk: False, scene.two.pk: False, scene.reader.pk: True}


@pytest.mark.django_db
def test_an_example_is_left_out_for_those_who_annotate_its_dialogue(client_of):
    scene = Scene(ANNOTATOR)
    newest = scene.corpus.guidelines.first()
    address = reverse("guideline", args=[newest.pk])
    blind = client_of(scene.reader).get(address).content.decode()
    assert "she shouts" not in blind and "愤怒" not in blind and "Look twice" in blind
    assert "she shouts" in client_of(scene.boss).get(address).content.decode()
    assert (
        client_of(scene.boss).get(reverse("new_guideline", args=[scene.corpus.pk])).status_code
        == 200
    )
    lead = Scene(LEAD)
    page = client_of(lead.reader).get(reverse("new_guideline", args=[lead.corpus.pk]))
    assert page.status_code == 403
    for round in (scene.round, scene.other):
        round.close(None)
    assert "she shouts" in client_of(scene.reader).get(address).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["嘿\u2028是你", "嘿\n是你", "嘿\x85是你"])
def test_an_example_of_several_lines_is_left_out_also_after_an_edit(text, client_of):
    scene = Scene(ANNOTATOR)
    utterance = scene.round.round_items.first().dialogue.utterances.first()
    utterance.text = text
    utterance.save()
    task = scene.round.scheme["emotion"]
    Guideline.add_example(scene.boss, scene.corpus, utterance, task, task.values[1], "he sighs")
    whole = scene.corpus.guidelines.first().text
    newest = Guideline.draw_up(scene.boss, scene.corpus, whole.replace("he sighs", "he sighs so"))
    address = reverse("guideline", args=[newest.pk])
    assert "he sighs so" in client_of(scene.boss).get(address).content.decode()
    assert "he sighs" not in client_of(scene.reader).get(address).content.decode()


@pytest.mark.django_db
def test_an_order_by_doubt_is_not_for_those_who_annotate_blind(client_of):
    scene = Scene()
    data = {
        "name": "doubtful",
        "sources": [d.source_id for d in scene.dialogues],
        "annotators": [m.pk for m in scene.corpus.people(ANNOTATOR)],
        "overlap": 1,
        "order": "uncertain",
        "scheme_version": scene.round.scheme_version_id,
    }
    address = reverse("new_round", args=[scene.corpus.pk])
    assert client_of(scene.reader).post(address, data).status_code == 403
    assert client_of(scene.boss).post(address, data).status_code == 302


@pytest.mark.django_db
def test_the_certificate_names_those_who_took_part_openly(client_of):
    scene = Scene(openly=True)
    for dialogue in scene.dialogues[1:]:
        seat = scene.round.participants.get(person=scene.reader)
        judge(assign(seat, None, scene.round.round_items.get(dialogue=dialogue)))
    admit(scene.round, scene.boss, scene.judge)  # openly, and answers nothing
    release = make_release(scene.corpus, [scene.round])
    certificate = json.loads((release.directory / "agreement.json").read_text("utf-8"))
    (name,) = certificate["openly"]["rounds"][scene.round.name]
    assert certificate["openly"]["warning"].startswith("1 of the annotators")
    rows = (release.directory / "judgements.jsonl").read_text("utf-8").splitlines()
    own = {json.loads(row)["annotator"] for row in rows if '"fear"' in row}
    assert own == {name}
    (result,) = json.loads((release.directory / "rounds.json").read_text("utf-8"))
    assert result["annotators_openly"] == [name]
    card = (release.directory / "README.md").read_text("utf-8")
    assert name in card and "except" in card
    page = client_of(scene.boss).get(reverse("release", args=[release.pk])).content.decode()
    assert "could see others' answers" in html.unescape(page) and name in page
    client = client_of(scene.boss)
    agreement = client.get(reverse("agreement", args=[scene.round.pk])).content.decode()
    assert "annotations are not independent" in agreement and str(scene.reader) in agreement
    files = {
        kind: client.get(reverse("agreement_file", args=[scene.round.pk, kind])).content.decode()
        for kind in ("csv", "json", "tex", "svg")
    }
    assert "annotators who could see others' answers,1" in files["csv"]
    assert json.loads(files["json"])["openly"]["annotators"] == 1
    assert "% 1 of the annotators could see" in files["tex"] and "1 openly" in files["svg"]


@pytest.mark.django_db
def test_a_certificate_of_a_blind_round_says_so():
    scene = Scene()
    release = make_release(scene.corpus, [scene.round])
    certificate = json.loads((release.directory / "agreement.json").read_text("utf-8"))
    assert certificate["openly"] == {"rounds": {}, "warning": None}
    card = (release.directory / "README.md").read_text("utf-8")
    assert "Annotators judged independently." in card


@pytest.mark.django_db
def test_how_many_answers_an_edit_touches_is_reported_in_people_alone(client_of):
    scene = Scene()
    dialogue = scene.dialogues[0]
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["text"] = "完全不同"
    dialogue.edit(scene.boss, dialogue.head, rows)
    address = reverse("republication", args=[dialogue.pk])
    blind, seeing = client_of(scene.reader), client_of(scene.boss)
    before = [NOISE.sub("", one.get(address).content.decode()) for one in (blind, seeing)]
    given = Judgement.objects.filter(assignment__person=scene.one, task="sarcasm_humor")
    given.filter(utterance=dialogue.utterances.first()).update(value="")  # not asked any more
    after = [NOISE.sub("", one.get(address).content.decode()) for one in (blind, seeing)]
    assert before[0] == after[0] and before[1] != after[1] and "3 annotators" in before[0]


PEOPLE = st.integers(0, 2)
PARTS = st.sampled_from(["", "blind", "openly"])
STEP = st.one_of(
    st.tuples(st.just("open"), st.lists(PARTS, min_size=3, max_size=3)),
    st.tuples(st.just("admit"), PEOPLE, st.booleans()),
    st.tuples(st.sampled_from(["dismiss", "unblind", "look", "work"]), PEOPLE),
    st.tuples(st.sampled_from(["close", "reopen", "answer"])),
    st.tuples(st.just("role"), PEOPLE, st.sampled_from([LEAD, ADJUDICATOR, ANNOTATOR, "none"])),
)  # fmt: skip


class Play:
    """A round with a plain annotator, and three people to whom everything happens."""

    def __init__(self):
        self.boss = make_person()
        self.corpus = make_corpus(self.boss)
        self.plain = make_member(self.corpus)
        self.people = [make_member(self.corpus, role) for role in (LEAD, ADJUDICATOR, ANNOTATOR)]
        for _ in range(4):
            make_dialogue(self.corpus)
        self.round = open_round(self.corpus, [self.plain], overlap=1)
        self.saw = set()
        self.client = Client()
        self.client.force_login(self.boss)

    def do(self, verb, *arguments):
        who = self.people[arguments[0]] if arguments and isinstance(arguments[0], int) else None
        with contextlib.suppress(UserError):  # as it should be; what follows is checked anyway
            getattr(self, verb)(*([who, *arguments[1:]] if who else arguments))

    def open(self, parts):
        chosen = {p: part for p, part in zip(self.people, parts, strict=True) if part}
        openly = [person for person, part in chosen.items() if part == "openly"]
        self.round = open_round(self.corpus, [self.plain, *chosen], overlap=1, openly=openly)
        self.saw = set()

    def admit(self, who, openly):
        admit(self.round, self.boss, who, openly=openly)

    def dismiss(self, who):
        self.round.dismiss(self.boss, who)

    def unblind(self, who):
        seat = self.round.participants.filter(person=who).first()
        if seat:
            seat.unblind(self.boss)

    def close(self):
        self.round.close(self.boss)

    def reopen(self):
        self.round.refresh_from_db()
        reopen_round(self.round, self.boss)

    def role(self, who, role):
        member = self.corpus.memberships.filter(person=who).first()
        if member:
            self.client.post(reverse("membership", args=[member.pk]), {"role": role})
        elif role != "none":
            self.corpus.memberships.create(person=who, role=role)

    def answer(self):
        seat = Participant.objects.get(round=self.round, person=self.plain)
        if work := claim_next(seat):
            judge(work)

    def work(self, who):
        """Answer and submit what they have, by hook or by crook, also after they have left."""
        seat = Participant.objects.filter(round=self.round, person=who).first()
        held = self.round.assignments.filter(person=who).exclude(state="submitted").first()
        work = held or (seat and claim_next(seat))
        if work and work.state != "submitted":
            judge(work)
            if not Participant.objects.get(pk=seat.pk).unblinded:
                assert who not in self.saw

    def look(self, who):
        client = Client()
        client.force_login(who)
        page = client.get(reverse("items", args=[self.round.pk]))
        assert page.status_code in (200, 403, 404)
        if page.status_code == 200 and Item.objects.filter(round=self.round).exists():
            self.saw.add(who)

    def check(self):
        for who in self.people:
            seats = Participant.objects.filter(person=who, round=self.round, left_at=None)
            blind = seats.filter(unblinded=False, round__closure=None).exists()
            if blind:
                assert who not in self.saw
                with pytest.raises(blinding.Withheld):
                    blinding.guard(who, [self.round])


@pytest.mark.django_db
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEP, min_size=3, max_size=14))
def test_nobody_who_looked_counts_as_blind_whatever_happens(steps):
    with transaction.atomic():
        play = Play()
        for step in steps:
            play.do(*step)
            play.check()
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_demoted_lead_who_could_look_cannot_come_back_as_if_blind(client_of):
    scene = Scene()
    scene.round.dismiss(scene.boss, scene.reader)
    member = scene.corpus.memberships.get(person=scene.reader)
    client_of(scene.boss).post(reverse("membership", args=[member.pk]), {"role": ANNOTATOR})
    assert admit(scene.round, scene.boss, scene.reader).unblinded
    assert Submission.objects.exists() and Person.objects.filter(pk=scene.reader.pk).exists()
