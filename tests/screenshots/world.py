"""A rich installation to look at and to work in: the demo corpus, and around it everything that an
address can name.
"""

import datetime
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

from django.core.files import File
from django.core.files.base import ContentFile
from django.utils import timezone

from annotation.adjudication import adjudicate
from annotation.agreement.item_counts import catch_up
from annotation.answers import save_answer, submit_assignment
from annotation.models import Comment, ExpertLabel, Report, Suggestion, TableImport
from annotation.queue.dispatch import assign
from annotation.rounds import open_round
from corpus.models import (
    ClipRecut,
    Corpus,
    IntegrityCheck,
    Invitation,
    JoinLink,
    Membership,
    Source,
    Upload,
)
from demo.dialogues import DIALOGUES
from demo.load import EPISODES, load, simulate
from demo.people import NAME
from modeling.models import Evaluation, Experiment, RegisteredModel, TrainingRun
from people.models import AccessToken, Event, Person
from releases.models import Diff, MemberAccess, Release, Share
from tests.screenshots.installation import PASSWORD, ROLES


def make(say=lambda words: None) -> None:
    """Fill an empty database; tasks must run at once (CELERY_TASK_ALWAYS_EAGER)."""
    person("admin", "周宁", is_superuser=True)
    person("newcomer", "许新")
    corpus = load(say)
    say("people, rounds")
    lead = set_passwords()
    team = [person(f"anno{n}", name) for n, name in enumerate(("方晴", "何川", "宋雨"), 4)]
    for member in team:
        corpus.memberships.create(person=member, role=Membership.Role.ANNOTATOR)
    first = corpus.rounds.get()
    annotators = [each.person for each in first.participants.select_related("person")]
    second = open_round(
        lead, corpus, "第二轮 Round 2", corpus.dialogues.published(), [*annotators, lead],
        overlap=4, guideline=first.guideline, confidence=True, cannot_tell=True,
    )  # fmt: skip
    second.participants.filter(person=lead).update(unblinded=True)
    pilot(lead, corpus, annotators[:2], first)
    talk = first.round_items.select_related("dialogue").first().dialogue
    begin(second, lead, talk)
    discuss(lead, first, talk)
    say("imports, jobs that failed, invitations")
    bring(lead, corpus)
    invite(lead, corpus)
    look_after(lead, corpus, talk)
    say("releases, runs")
    publish(lead, corpus, first)
    train(lead, corpus)
    report(lead, corpus, first, second)
    Corpus.create(lead, name="空语料库 Empty corpus")
    Corpus.create(lead, name="一个名字很长很长很长很长的语料库 a corpus with quite a long name")
    Corpus.create(lead, name="旧语料库 Archived corpus").archive(lead)


def person(username: str, name: str, **fields) -> Person:
    made = Person(username=username, name=name, email=f"{username}@example.org", **fields)
    made.set_password(PASSWORD)
    made.save()
    return made


def set_passwords() -> Person:
    """Let everybody of the demo sign in with PASSWORD; the lead."""
    for each in Person.objects.exclude(username="admin"):
        each.set_password(PASSWORD)
        each.save()
    return Person.objects.get(username="lead")


def begin(opened, someone, dialogue):
    """Give the dialogue to somebody who answers its first utterance."""
    place = opened.round_items.get(dialogue=dialogue)
    assignment = assign(opened.participants.get(person=someone), None, place)
    save_answer(assignment, dialogue.utterances.first(), "emotion", "joy")
    return assignment


def pilot(lead, corpus, annotators, first):
    """A small closed round by two people, with another view, to be compared with the first."""
    dialogues = list(corpus.dialogues.order_by("source_id", "number")[:6])
    wanted = corpus.dialogues.filter(pk__in=[each.pk for each in dialogues])
    opened = open_round(lead, corpus, "试标 Pilot", wanted, annotators, overlap=2, view="text")
    lines = dict(zip(corpus.dialogues.order_by("source_id", "number"), spoken()))
    for place in opened.round_items.select_related("dialogue"):
        for someone in annotators:
            assignment = assign(opened.participants.get(person=someone), None, place)
            for utterance, line in zip(place.dialogue.utterances.all(), lines[place.dialogue]):
                for task, value in simulate(line, f"anno{3 - annotators.index(someone)}").items():
                    save_answer(assignment, utterance, task, value)
            submit_assignment(assignment)
    opened.close(lead)
    return opened


def spoken():
    return [lines for series in DIALOGUES.values() for lines in series]


def discuss(lead, first, talk):
    """Comments, answered and not; decisions; an expert's labels; flags."""
    given = first.assignments.filter(dialogue=talk).select_related("dialogue", "person")
    utterances = list(talk.utterances.all())
    words = (
        "这里的“找你”是夸还是损？语气像反话。",
        "第二句听不清，字幕和声音对不上。",
        "Joke or complaint?",
    )
    for assignment, utterance, text in zip(given, utterances, words):
        Comment.make(assignment, utterance, "comment", text)
    flagged = Comment.make(given[0], utterances[-1], "bad_cut", "")
    flagged.reply(lead, "已重新切分，请再听一遍。")
    catch_up(first)
    contested = first.items.filter(task="emotion", kind="contested").select_related("utterance")
    for row in contested[:1]:
        adjudicate(lead, first, row.utterance, "emotion", "joy", reason="看表情是笑着说的")
    ExpertLabel.write(
        lead, talk, [(utterances[0], "emotion", "joy", ""), (utterances[1], "sarcasm", "no", "")]
    )
    for utterance in utterances:
        Suggestion.objects.create(
            utterance=utterance, task="emotion", value="joy", probability=0.62, origin="m"
        )
    first.quality_flags.create(
        kind="fast", person=given[0].person, key="made", neg_log10_p=4.2,
        evidence={"dialogues": 3, "of": 4, "usual": 0.02}, rows=[utterances[0].pk], count=3,
    )  # fmt: skip


def bring(lead, corpus):
    """A draft to confirm, an import that failed, tables that wait and that are stored."""
    film = EPISODES / "episode1.mp4"
    words = film.with_suffix(".srt").read_bytes()
    draft = Source(corpus=corpus, title="第五集 草稿 draft", status="draft", added_by=lead)
    draft.inspection = {"shots": [], "heard": []}
    draft.probe_media(film)
    with film.open("rb") as media:
        draft.media.save("film.mp4", File(media), save=False)
    draft.transcript.save("film.srt", ContentFile(words), save=False)
    draft.save()
    broken = corpus.sources.create(title="第六集 damaged", added_by=lead)
    broken.media.save("broken.mp4", ContentFile(b"not a film" * 99))
    broken.transcript.save("broken.srt", ContentFile(words))
    broken.run()
    broken.import_problems.create(line=1, value="？？", outcome="warning", reason="no speaker")
    folder = Path(broken.media.storage.location)
    table = folder / "labels.csv"
    table.write_text("dialogue,utterance,text,mood\nd1,u1,好,happy\nd1,u2,不,sad\n", "utf-8")
    TableImport.begin(lead, corpus, [("labels.csv", table)]).run()
    upload = Upload.begin(lead, corpus, "第七集.mp4", 1000)
    upload.path.parent.mkdir(parents=True, exist_ok=True)
    upload.path.write_bytes(b"abc")
    edited = corpus.dialogues.order_by("-pk").first()
    turns = [turn.to_json() for turn in edited.turns()]
    turns[0]["text"] += " 电话 13812345678"
    edited.edit(lead, edited.head, turns, "0" * 32)


def invite(lead, corpus):
    for name in ("王老师", ""):
        Invitation.invite(lead, corpus, name=name)
    link = JoinLink.switch_on(lead, corpus)
    link.request(person("asking", "沈念"))
    AccessToken.create(lead, "notebook", ["read"])


def look_after(lead, corpus, talk):
    IntegrityCheck.objects.create(
        corpus=corpus, person=lead, status="done", finished_at=timezone.now()
    )
    ClipRecut.objects.create(corpus=corpus, person=lead, status="done", finished_at=timezone.now())


def publish(lead, corpus, first):
    early = corpus.releases.get()
    release = Release.request(
        lead, corpus, "1.0.0", [first], licence="cc-by-4.0", shares="60/20/20"
    ).run()
    MemberAccess.allow(lead, release)
    Diff.request(lead, early, release)
    until = timezone.now() + datetime.timedelta(days=30)
    share = Share.give(
        lead,
        release,
        "仅供研究使用，引用论文。\n\nResearch only; cite the paper.",
        until,
        "审稿人 reviewers",
    )
    grant = share.accept_terms("Ada Chen", "EMNLP", "ada@example.org")
    Event.record_once(None, "download", share, grantee=str(grant), what="archive.zip")
    Event.record_once(lead, "download", early, what="archive.zip")


def train(lead, corpus):
    release = corpus.releases.get(version="1.0.0")
    options = {"epochs": 12, "width": 32}
    experiment = Experiment.request(
        lead,
        release,
        ["hard-text", "soft-text"],
        [1, 2, 3],
        options=options,
        name="硬共享与软共享 Hard or soft?",
    )
    for run in experiment.runs.order_by("pk"):
        if run.active:
            run.run()
    done = experiment.runs.filter(status="done").order_by("pk")
    for run in done:
        if not run.evaluations.exists():
            Evaluation.request(lead, run).run()
    RegisteredModel.register(
        lead, done[0], "情感模型 v1", "Research on dialogue.", "Synthetic data."
    )
    TrainingRun.objects.create(
        release=release,
        recipe="hard-small",
        status="failed",
        started_by=lead,
        started_at=timezone.now(),
        finished_at=timezone.now(),
        failure={"template": "The disk is full. Free some space, then retry.", "values": {}},
    )


def report(lead, corpus, first, second):
    for opened in corpus.rounds.all():
        catch_up(opened)
    for kind in ("agreement", "quality", "reliability"):
        Report.request(lead, first, kind)
    pilots = corpus.rounds.get(name__contains="Pilot")
    Report.request(lead, pilots, "agreement")
    Report.request(lead, first, "comparison", other=pilots)


def found() -> SimpleNamespace:
    """What the addresses of tests/permissions/walk.py are made of, in an installation that was
    made before.
    """
    corpus = Corpus.objects.get(name=NAME)
    lead = Person.objects.get(username="lead")
    first = corpus.rounds.get(name__contains="Round 1")
    second = corpus.rounds.get(name__contains="Round 2")
    pilots = corpus.rounds.get(name__contains="Pilot")
    release, early = corpus.releases.get(version="1.0.0"), corpus.releases.get(version="0.9.0")
    share = Share.objects.filter(release=release).first()
    experiment = Experiment.objects.filter(name__contains="Hard or soft").first()
    item = first.round_items.select_related("dialogue").first()
    people = {role: Person.objects.get(username=name) for role, name in ROLES.items()}
    return SimpleNamespace(
        corpus=corpus,
        lead=lead,
        people=defaultdict(lambda: lead, {"anonymous": None, **people}),
        judges=[Person.objects.get(username=name) for name in ("anno1", "anno2")],
        dialogue=item.dialogue,
        dialogues=list(corpus.dialogues.all()),
        utterance=item.dialogue.utterances.first(),
        source=item.dialogue.source,
        speaker=item.dialogue.utterances.first().speaker,
        open=first,
        closed=pilots,
        second=second,
        own={
            role: second.assignments.filter(person=someone).first()
            or first.assignments.filter(person=someone, state="started").first()
            or first.assignments.filter(person=someone).last()
            for role, someone in people.items()
        },
        others=first.assignments.filter(person__username="anno2").first(),
        flag=first.quality_flags.first(),
        comment=Comment.objects.filter(assignment__round=first).first(),
        releases=[release, early],
        release=release,
        diff=Diff.objects.first(),
        share=share,
        grant=share.grants.first(),
        experiment=experiment,
        run=experiment.runs.filter(status="done").order_by("pk").first(),
        evaluation=Evaluation.objects.first(),
        model=RegisteredModel.objects.first(),
        invitation=Invitation.objects.filter(corpus=corpus).first(),
        join_link=JoinLink.objects.first(),
        join_request=corpus.join_requests.first(),
        upload=Upload.objects.first(),
        table_import=TableImport.objects.first(),
        access_tokens={"stranger": AccessToken.objects.first()},
        draft=Source.objects.filter(status="draft").first(),
        broken=Source.objects.filter(status="failed").first(),
        empty=Corpus.objects.filter(name__contains="Empty").first(),
    )
