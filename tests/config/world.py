"""A small world with one of everything, and the addresses that lead to it."""

import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import SimpleNamespace

import numpy as np
from django.core.files.base import ContentFile
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from annotation.models import (
    Comment,
    Guideline,
    QualityFlag,
    QualityFlagReview,
    Report,
    TableImport,
)
from corpus.models import (
    CorpusDeletion,
    Dialogue,
    Invitation,
    JoinLink,
    Publication,
    Source,
    Upload,
    Webhook,
)
from jobs.models import JobStatus
from modeling.learner.release_checks import open_release
from modeling.models import (
    Evaluation,
    Experiment,
    FeatureImport,
    LanguageModelJudge,
    RegisteredModel,
)
from people.models import AccessToken
from releases.formats import FORMATS
from releases.models import Diff, Share
from tests.conftest import SRT
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)
from tests.modeling.protocol_factories import make_protocol

NOT_OURS = ("admin/",)  # Django's own pages, for the staff of an installation


def make_world(film):
    """Everything that an address can name, with somebody of each kind to ask for it."""
    lead = make_person("lead", is_superuser=True)
    corpus = make_corpus(lead)
    judged = make_judged_round(corpus, dialogues=6)
    release = make_release(corpus, [judged])
    later = make_release(corpus, [judged], "1.1.0")
    annotator = make_member(corpus, username="annotator")
    fresh = [make_dialogue(corpus).pk for _ in range(2)]
    opened = make_round(
        corpus,
        [annotator, make_member(corpus)],
        dialogues=corpus.dialogues.filter(pk__in=fresh),
        lease_minutes=0,
    )
    first, second = opened.assignments.filter(person=annotator)
    judge(second, submit=False)
    utterance = first.dialogue.utterances.first()
    for name in ("clip", "poster", "audio", "peaks"):
        getattr(first.dialogue, name).save(name, ContentFile(bytes(1000)))
    flag = QualityFlag.objects.create(
        round=judged, kind=QualityFlag.Kind.FAST, key="fast", neg_log10_p=5.0, person=annotator,
        evidence={"usual": 0.2}, rows=[utterance.pk],
    )  # fmt: skip
    QualityFlagReview.objects.create(flag=flag, person=lead, outcome="talked", words="so")
    reports = [
        Report.request(lead, judged, kind)
        for kind in (Report.Kind.AGREEMENT, Report.Kind.RELIABILITY, Report.Kind.QUALITY)
    ]
    compared = Report.request(lead, judged, Report.Kind.COMPARISON, other=opened)
    for report in (*reports, compared):
        report.run()
    experiment = Experiment.request(
        lead, release, ["hard-text"], [1, 2], options={"epochs": 1, "width": 32}, name="experiment"
    )
    run, waiting = experiment.runs.order_by("pk")
    run.run()
    evaluation = Evaluation.request(lead, run)
    evaluation.run()
    share = Share.give(lead, release, "Cite it.", timezone.now() + datetime.timedelta(days=3))
    edited = make_dialogue(corpus, published=False)
    edited.edit(lead, 0, [turn.to_json() | {"text": "改"} for turn in edited.turns()])
    diff = Diff.request(lead, release, later)
    diff.run()
    link = JoinLink.switch_on(lead, corpus)
    webhook = Webhook.create(
        lead, corpus, address="https://hooks.invalid/", kinds=["job.failed", "submission.created"]
    )
    return SimpleNamespace(
        lead=lead,
        annotator=annotator,
        corpus=corpus,
        rounds=[judged, opened],
        assignments=[first, second],
        jobs=[corpus.sources.last()],
        sources=[draft_of(corpus, film), corpus.sources.last()],
        dialogues=[edited, first.dialogue, Dialogue.objects.first()],
        utterances=[utterance],
        speakers=list(corpus.speakers.all()),
        memberships=[corpus.memberships.get(person=annotator)],
        participants=list(opened.participants.all()),
        round_items=list(opened.round_items.all()),
        comments=[Comment.make(first, utterance, "comment", "what?")],
        quality_flags=[flag],
        guidelines=[corpus.guidelines.first() or make_guideline(lead, corpus)],
        uploads=[Upload.begin(lead, corpus, "film.mp4", 1000)],
        webhooks=[webhook],
        webhook_deliveries=[webhook.ping(lead)],
        invitations=[
            Invitation.invite(lead, corpus),
            Invitation.invite(lead, corpus, person=annotator),
        ],
        join=[link],
        join_requests=[link.request(make_person())],
        releases=[release, later],
        links=[share],
        shared=[share],
        grants=[share.accept_terms("A", "B", "")],
        diffs=[diff],
        experiments=[experiment],
        runs=[run, waiting],
        evaluations=[evaluation],
        protocols=[make_protocol(lead, release, utterance)],
        account=[AccessToken.create(lead, "script", ["read"])[0]],
        deletions=[CorpusDeletion.objects.create(corpus_id=10**6, name="x", person=lead)],
        installation=[corpus],
        imports=[imported_table(lead, corpus)],
        feature_imports=[read_features(lead, release, 2)],
        features=read_features(lead, release, 3).confirm(lead),
        language_model_judges=[
            LanguageModelJudge.objects.create(
                release=release,
                encoder="a",
                language="zh",
                turns=1,
                shots=0,
                person=lead,
                status=JobStatus.STOPPED,
                finished_at=timezone.now(),
            )
        ],
        publications=[Publication.objects.filter(dialogue__corpus=corpus).latest("pk")],
        models=[RegisteredModel.register(lead, run, "model", "use", "limits")],
    )


def make_guideline(lead, corpus):
    return Guideline.draw_up(lead, corpus, "# Guide", "new")


def imported_table(lead, corpus):
    """A table of labels that was uploaded and read, and waits to be mapped."""
    with NamedTemporaryFile("w", suffix=".csv", delete=False, encoding="utf-8") as table:
        table.write("dialogue,utterance,text,mood\nd1,u1,好,happy\nd1,u2,不,sad\n")
    return TableImport.begin(lead, corpus, [("labels.csv", Path(table.name))]).run()


def read_features(lead, release, dims):
    """Features from elsewhere that were read, and wait to be confirmed."""
    dialogues = open_release(release.directory).dialogues
    ids = [u.id for dialogue in dialogues for u in dialogue.utterances]
    with NamedTemporaryFile("wb", suffix=".npz", delete=False) as table:
        np.savez(table, ids=ids, audio=np.ones((len(ids), dims)))
    files = [("features.npz", Path(table.name))]
    return FeatureImport.begin(lead, release, files, "features", "audio").run()


def draft_of(corpus, film):
    """A source whose transcript waits to be confirmed, with media that were looked at."""
    source = Source(corpus=corpus, title="draft", status="draft")
    source.inspection = {"shots": [], "heard": []}
    source.probe_media(film)
    source.media.save("film.mp4", ContentFile(film.read_bytes()), save=False)
    source.transcript.save("film.srt", ContentFile(SRT.encode()), save=False)
    source.save()
    return source


def routes():
    """(route, pattern) of every address of ours."""
    return [
        (route, pattern)
        for route, pattern in _walk(get_resolver(), "")
        if not route.startswith(NOT_OURS) and not (pattern.name or "").startswith("moved_")
    ]


def _walk(resolver, prefix):
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield route, each
        else:
            yield from _walk(each, route)


def arguments(world, route, pattern):
    """What the arguments of a route may be in this world: a list of dicts. Raises LookupError for
    an argument that has no maker, so that a new kind of route is walked from its first day.
    """
    names = list(pattern.pattern.converters)
    if not names:
        return [{}]
    if route in OF_ACCOUNTS:
        return [OF_ACCOUNTS[route]]
    noun = route.removeprefix("api/").split("/")[0]
    if noun == "corpora":
        things = [world.corpus]
    elif noun == "rounds" and "item" in names:
        opened = world.rounds[-1]
        return [{"pk": opened.pk, "item": item.pk} for item in world.round_items]
    else:
        things = getattr(world, noun.replace("-", "_"), None)
        if things is None:
            raise LookupError(f"tests/config/world.py makes nothing for {route}")
    found = []
    for thing in things:
        first = {"token": thing.token} if "token" in names else {"pk": thing.pk}
        rest = [name for name in names if name not in first]
        if len(names) - len(rest) != 1 or len(rest) > 1:
            raise LookupError(f"tests/config/world.py knows no arguments for {route}")
        found += [first | more for more in ([{}] if not rest else _named(route, rest[0]))]
    return found


OF_ACCOUNTS = {  # rows that this world does not have: most is refused before they are looked for
    "account/sessions/<int:pk>/": {"pk": 1},
    "account/passkeys/<int:pk>/removal/": {"pk": 1},
    "account/password/reset/<str:uidb36>/<str:key>/": {"uidb36": "1", "key": "set-password"},
    "account/e-mail/confirmation/<str:key>/": {"key": "x"},
    "installation/people/<int:pk>/": {"pk": 1},
    "installation/encoders/imports/<int:pk>/progress/": {"pk": 1},
    "installation/people/<int:pk>/reset-link/": {"pk": 1},
    "guides/<slug:name>/": {"name": "corpus"},
}
CHOICES = {
    "schemes/<int:version>": [1],
    "agreement.<str:kind>": ["csv", "json", "tex", "svg"],
    "reports/<str:kind>/": [kind for kind in Report.Kind.values if kind != "comparison"],
    "integrity/<slug:name>/": ["check", "recut"],
    "jobs/<slug:kind>/": ["source"],
    "media/<str:name>/": ["clip", "poster", "audio", "peaks"],
    "sources/<int:pk>/files/": ["media", "transcript"],
    "protocols/<int:pk>/files/": ["report.html", "experiment.toml"],
    "files/<path:path>": ["manifest.json", "README.md"],
    "as/<slug:name>.zip": list(FORMATS)[:2],
}


def _named(route, name):
    for part, values in CHOICES.items():
        if part in route:
            return [{name: value} for value in values]
    raise LookupError(f"tests/config/world.py knows no {name} for {route}")
