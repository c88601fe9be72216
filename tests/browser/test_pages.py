"""Every page with axe-core, in both languages, both themes, and on a phone."""

import datetime

import pytest
from django.utils import timezone

from annotation.adjudication import adjudicate
from annotation.agreement.item_counts import catch_up
from annotation.models import Comment, Guideline, Report
from corpus.models import Utterance
from modeling.models import Evaluation, Experiment, RegisteredModel, TrainingRun
from releases.models import Diff, Share
from tests.factories import (
    make_corpus,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)  # fmt: skip
from tests.screenshots import checks

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def addresses(learner_here):
    corpus = make_corpus(
        make_person("lead"), name="一个名字很长很长很长很长的语料库 with a long name"
    )
    opened = make_judged_round(corpus)
    older = make_release(corpus, [opened], "0.9.0")
    lead = corpus.memberships.get(role="lead").person
    adjudicate(lead, opened, Utterance.objects.first(), "emotion", "fear")
    Utterance.objects.filter(pk=Utterance.objects.first().pk).update(text="打13812345678")
    release = make_release(corpus, [opened])
    older.retract(lead, "superseded", "再裁决了一条", release)
    diff = Diff.request(lead, older, release).run()
    until = timezone.now() + datetime.timedelta(days=3)
    link = Share.give(lead, release, "仅供研究使用。", until, "审稿人")
    run = TrainingRun.request(None, release, "hard-text").run()
    experiment = Experiment.request(None, release, ["hard-text", "soft-text"], [1, 2])
    tested = [each.run() for each in experiment.runs.order_by("recipe", "seed")]
    assert all(Evaluation.request(None, each).run().result for each in tested)
    model = RegisteredModel.register(lead, tested[0], "m", "use", "limits")
    searched = {"fields": ["learning_rate"], "trials": 20, "at_once": 1, "prunes": True}
    search = Experiment.objects.create(
        release=release, name="一次名字很长很长很长很长很长很长的搜索 a search with a long name",
        search={**searched, "recipe": "hard-text", "on_failure": "fail", "device": "auto"},
    )  # fmt: skip
    for number in range(10):
        TrainingRun.objects.create(
            release=release,
            experiment=search,
            recipe="hard-text",
            results=tested[number % 2].results,
            status="stopped" if number == 9 else "done",
            options={"learning_rate": 0.001 * (1 + number)},
        )  # fmt: skip
    Experiment.objects.create(release=release, name="again", follows=experiment)
    experiment.repeat_by(lead, wanted=True)
    failures = [{"dialogue": "D", "clip": "1.mp4", "modality": "audio", "reason": "damaged"}]
    release.feature_parts.create(number=1, of=1, status="done", failures=failures)
    clips = TrainingRun.objects.create(release=release, recipe="hard-small", status="failed")
    empty = make_corpus(corpus.memberships.get(role="lead").person, name="empty")
    dialogue = corpus.dialogues.first()
    make_member(corpus)
    speaker = dialogue.utterances.first().speaker
    lead = corpus.memberships.get(role="lead").person
    guideline = Guideline.draw_up(lead, corpus, "# One\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    whole = make_round(
        corpus, [lead], name="with all", confidence=True, cannot_tell=True, guideline=guideline,
        attention_every=1,
    )  # fmt: skip
    whole.participants.update(unblinded=True)  # and so sees what others answered
    mine = whole.assignments.first()
    Comment.make(mine, mine.dialogue.utterances.first(), "comment", "怎么判断？")
    catch_up(opened)
    for kind in ("agreement", "quality", "reliability"):
        Report.request(lead, opened, kind)
    Report.request(lead, opened, "comparison", other=whole)
    person = opened.participants.first().person_id
    opened.quality_flags.create(
        kind="fast", person_id=person, key="k", neg_log10_p=4.2,
        evidence={"dialogues": 3, "of": 4, "usual": 0.02}, rows=[], count=0,
    )  # fmt: skip
    a, b = opened.participants.values_list("person", flat=True)
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["text"] = "改过的话"
    dialogue.edit(corpus.memberships.get(role="lead").person, 0, rows)
    return [
        "/", "/tasks/", "/corpora/new/",
        *(f"/corpora/{c.pk}/{place}" for c in (corpus, empty) for place in (
            "", "dialogues/", "utterances/", "speakers/", "sources/new/", "people/",
            "events/", "health/", "rounds/", "rounds/new/", "releases/", "releases/new/",
                "schemes/", "schemes/new/", "guidelines/new/", "gold/",
            "runs/", "runs/new/")),
        f"/sources/{dialogue.source_id}/", f"/sources/{dialogue.source_id}/problems/",
        f"/corpora/{corpus.pk}/utterances/?q=句", f"/speakers/{speaker.pk}/",
        f"/dialogues/{dialogue.pk}/editor/", f"/dialogues/{dialogue.pk}/republication/",
        f"/dialogues/{dialogue.pk}/", f"/rounds/{opened.pk}/", f"/rounds/{opened.pk}/items/",
        f"/rounds/{opened.pk}/agreement/?task=emotion&a={a}&b={b}",
        f"/rounds/{opened.pk}/quality/", f"/rounds/{opened.pk}/adjudication/",
        f"/rounds/{opened.pk}/comparison/?with={whole.pk}", f"/rounds/{whole.pk}/agreement/",
        f"/rounds/{opened.pk}/dialogues/", f"/rounds/{opened.pk}/comments/",
        f"/rounds/{opened.pk}/extension/", f"/dialogues/{dialogue.pk}/gold/",
        f"/guidelines/{guideline.pk}/", f"/assignments/{mine.pk}/", "/tasks/history/",
        f"/releases/{release.pk}/", f"/releases/{release.pk}/card/",
        f"/releases/{release.pk}/files/", f"/releases/{older.pk}/", f"/diffs/{diff.pk}/",
        f"/diffs/{diff.pk}/?what=label:emotion", f"/corpora/{corpus.pk}/personal-data/",
        f"/shared/{link.token}/", f"/grants/{link.accept_terms('a', 'b', '').token}/",
        f"/runs/{run.pk}/", f"/runs/{tested[0].pk}/", f"/experiments/{experiment.pk}/",
        f"/runs/{tested[-1].pk}/relations/", f"/models/{model.pk}/",
        f"/runs/{run.pk}/registration/", f"/experiments/{search.pk}/",
        f"/corpora/{corpus.pk}/runs/comparison/?experiment={experiment.pk}",
        f"/corpora/{corpus.pk}/runs/comparison/",
        f"/runs/{run.pk}/errors/?all=1", f"/corpora/{corpus.pk}/runs/new/?like={run.pk}",
        f"/runs/{clips.pk}/", "/corpora/999/",
    ]  # fmt: skip


def test_every_page(sign_in, addresses):
    if not checks.AXE.exists():
        pytest.skip("axe-core is not installed (make setup)")
    wrong = []
    for locale, scheme, width in (("en-US", "light", 1280), ("zh-CN", "dark", 390)):
        page = sign_in(
            "lead", locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800}
        )
        wrong += [f"{locale}, {scheme}, {width}: {each}" for each in found_on(page, addresses)]
    assert wrong == []


def found_on(page, addresses):
    """What is wrong on each page."""
    wrong = []
    for address in addresses:
        response = page.goto(address)
        assert response.status == (404 if "999" in address else 200), address
        # every check on every page, for every role: make screenshots
        found = checks.look(page, kinds=("overflow", "mixed punctuation"))
        found += checks.audit(page, impacts=("serious", "critical"))
        wrong += [f"{address}: {each}" for each in found]
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "404" not in e]
    return wrong
