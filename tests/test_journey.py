"""The whole job once: episode, labels, agreement, release, run; in the browser's way."""

import json
import re

import pytest
from django.db import connection
from django.urls import reverse

from annotation.models import Assignment, Round
from annotation.scheme import DEFAULT
from corpus.models import Corpus, Source
from jobs.models import JobStatus
from modeling.models import TrainingRun
from people.models import Event
from releases.models import Release
from tests.factories import make_member, make_person, release_form

LONG = "\n".join(
    f"{n}\n00:00:0{2 * n},000 --> 00:00:0{2 * n + 1},000\n{'甲乙'[n % 2]}：第{n}句\n"
    for n in range(1, 5)
)


@pytest.mark.django_db(transaction=True)
def test_from_an_episode_to_a_result_on_the_dashboard(client_of, film, tmp_path, settings):
    settings.MEDIA_IN_PROCESS = False  # films are read as workers read them
    lead = make_person("lead")
    client = client_of(lead)
    client.post(reverse("new_corpus"), {"name": "旅程", "description": ""})
    corpus = Corpus.objects.get()

    # 1. ingest: each upload is cut by the worker, and its clip plays and seeks
    transcript = tmp_path / "film.srt"
    transcript.write_text(LONG, encoding="gb18030")
    for episode in range(3):
        with film.open("rb") as media, transcript.open("rb") as words:
            form = {"media": media, "transcript": words, "title": f"第{episode}集"}
            client.post(reverse("new_source", args=[corpus.pk]), form)
        draft = Source.objects.get(title=f"第{episode}集")
        page = client.get(reverse("preview", args=[draft.pk]), {"gap": "0.8"})
        assert page.context["part_count"] == 4 and "gb18030" in page.content.decode()
        confirmed = {"gap": "0.8", "encoding": "gb18030"}
        client.post(reverse("confirm_source", args=[draft.pk]), confirmed)
    assert set(Source.objects.values_list("status", flat=True)) == {JobStatus.DONE}
    assert corpus.dialogues.count() == 12
    clip = reverse("dialogue_media", args=[corpus.dialogues.first().pk, "clip"])
    assert client.get(clip, headers={"Range": "bytes=100-199"}).status_code == 206
    for source in Source.objects.all():
        client.post(reverse("publish_source", args=[source.pk]))

    # 2. label: three people, every task of every utterance, handed in per dialogue
    people = [make_member(corpus) for _ in range(3)]
    members = corpus.memberships.filter(person__in=people).values_list("pk", flat=True)
    form = {"name": "一", "sources": Source.objects.values_list("pk", flat=True)}
    client.post(
        reverse("new_round", args=[corpus.pk]), form | {"annotators": members, "overlap": 3}
    )
    opened = Round.objects.get()
    for place, person in enumerate(people):
        _label_everything(client_of(person), person, place)
    assert opened.share_done() == (36, 36)

    # 3. agreement: alpha per task with units and judgements
    page = client.get(reverse("agreement", args=[opened.pk])).content.decode()
    page = re.sub(r"\s*(<[^>]*>)\s*", r"\1", page)
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">.*?</tr>", page, flags=re.S)
    assert sum('>12</a></td><td class="n">36</td>' in row for row in rows) == 6

    # 4. release: frozen by the worker, verified, downloaded
    client.post(reverse("new_release", args=[corpus.pk]), release_form(opened))
    release = Release.objects.get()
    assert release.status == JobStatus.DONE and release.verify() == []
    assert release.summary["utterances"]["train"] >= 8
    assert client.get(reverse("archive", args=[release.pk])).status_code == 200

    # 5. train: a small hard-sharing model on text, sound and picture, results on the dashboard
    form = {"release": release.pk, "recipes": ["hard-small"], "seeds": 1, "on_failure": "fail"}
    page = client.post(reverse("new_run", args=[corpus.pk]), form, follow=True).content.decode()
    run = TrainingRun.objects.get()
    assert run.status == JobStatus.DONE, run.failure_text
    assert 'data-label="Macro-F1 on the validation set"' in page
    for found in run.results["tasks"].values():
        assert found["n"] and 0 <= found["macro_f1"] <= 1 and 0 <= found["majority_macro_f1"] <= 1
    meta = json.loads((run.directory / "meta.json").read_text())
    assert meta["release"] == release.digest

    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"create", "ingest", "publish", "open", "submit", "freeze", "train"} <= verbs
    assert connection.vendor in ("sqlite", "postgresql")


def _label_everything(client, person, place):
    opened = Round.objects.get()
    while "/assignments/" in client.post(reverse("next_assignment", args=[opened.pk])).url:
        assignment = Assignment.objects.get(person=person, state="held")
        for utterance in assignment.dialogue.utterances.all():
            answers = {
                task.key: task.keys[(utterance.pk + (place == 2) * (task.key == "emotion")) % 2]
                for task in DEFAULT.tasks
            }
            client.post(
                reverse("judgements", args=[assignment.pk]), {"utterance": utterance.pk} | answers
            )
        client.post(reverse("submission", args=[assignment.pk]))
