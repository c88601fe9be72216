"""Errors of the integrity check: nothing is frozen before somebody has decided about them."""

import json
import shutil

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from core.errors import UserError
from corpus.integrity import KINDS, WRONG_MEDIA, WRONG_TIMES, check, errors
from corpus.models import Dialogue, IntegrityReport, Utterance
from jobs.models import JobStatus
from people.models import Event
from releases import dataset_card, integrity
from releases.forms import ErrorsForm
from releases.models import Release
from releases.verify import faults
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_release,
    make_round,
    release_form,
)
from tests.releases.test_freeze import lines, rehash
from tests.releases.test_snapshot import check as check_release

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(corpus):
    return make_judged_round(corpus, dialogues=5)


@pytest.fixture
def reversed_one(judged):
    """The second dialogue, of which an utterance ends before it starts."""
    return reverse_times(judged.corpus.dialogues.order_by("pk")[1])


def reverse_times(dialogue):
    row = dialogue.utterances.order_by("number").first()
    Utterance.objects.filter(pk=row.pk).update(start=0.9, end=0.1)
    return dialogue


@pytest.fixture
def cut(corpus, film, srt, settings):
    """A corpus with clips, judged."""
    call_command("ingest", str(film), str(srt), corpus=corpus.name, gap=3.0, publish=True)
    opened = make_round(corpus, [make_member(corpus), make_member(corpus)])
    for assignment in opened.assignments.all():
        judge(assignment)
    return opened


def json_of(release, name="integrity.json"):
    return json.loads((release.directory / name).read_text("utf-8"))


def decide(opened, choice, reason="", media="dialogues"):
    found = integrity.faulty_dialogues([opened], media)
    return [integrity.decision(each, choice, reason) for each in found]


def test_a_freeze_with_an_error_is_refused_and_names_the_dialogue(corpus, judged, reversed_one):
    release = make_release(corpus, [judged])
    assert release.status == JobStatus.FAILED
    assert f"errors in 1 dialogues: {reversed_one.uid}." in release.failure_text
    assert not release.directory.exists()


def test_an_excluded_dialogue_is_in_nothing_of_the_release(corpus, judged, reversed_one):
    release = make_release(corpus, [judged], decisions=decide(judged, "exclude", "badly cut"))
    assert release.status == JobStatus.DONE, release.failure_text
    rows = lines(release, "utterances.jsonl")
    assert {row["dialogue"] for row in rows} == {
        d.uid for d in corpus.dialogues.all() if d != reversed_one
    }
    assert json_of(release)["excluded"] == [
        {"dialogue": reversed_one.uid, "kinds": ["reversed"], "reason": "badly cut"}
    ]
    assert json_of(release, "agreement.json")["tasks"][0]["units"] == len(rows) == 8
    assert "1 dialogues with errors were excluded" in (release.directory / "README.md").read_text()
    check_release(release.directory)


def test_an_accepted_error_is_in_the_release_with_its_reason(corpus, judged, reversed_one):
    made = decide(judged, "accept", "times are not used")
    release = make_release(corpus, [judged], decisions=made)
    assert release.status == JobStatus.DONE, release.failure_text
    assert len(lines(release, "utterances.jsonl")) == 10
    first = reversed_one.utterances.order_by("number").first()
    assert json_of(release)["accepted"] == [
        {
            "dialogue": reversed_one.uid,
            "faults": [{"kind": "reversed", "utterance": first.uid}],
            "reason": "times are not used",
        }
    ]
    text = (release.directory / "README.md").read_text("utf-8")
    assert "ends before it starts 结束早于开始: 1 dialogues 段对话. times are not used" in text
    check_release(release.directory)


def test_a_reason_is_needed_to_accept(judged, reversed_one):
    for reason in ("", "  "):
        with pytest.raises(UserError, match="Give a reason"):
            decide(judged, "accept", reason)


def test_an_error_that_came_since_is_refused_too(corpus, judged, reversed_one):
    made = decide(judged, "accept", "known")
    other = reverse_times(corpus.dialogues.order_by("pk")[3])
    release = make_release(corpus, [judged], decisions=made)
    assert release.status == JobStatus.FAILED and other.uid in release.failure_text
    assert reversed_one.uid not in release.failure_text


def test_an_error_of_another_kind_at_an_accepted_dialogue_is_refused(cut):
    dialogue = reverse_times(cut.corpus.dialogues.first())
    made = decide(cut, "accept", "known")
    dialogue.clip.storage.delete(dialogue.clip.name)
    release = make_release(cut.corpus, [cut], decisions=made)
    assert release.status == JobStatus.FAILED and dialogue.uid in release.failure_text


def test_errors_of_other_dialogues_and_of_clips_that_are_not_given_away_hinder_nothing(cut):
    corpus = cut.corpus
    other = make_judged_round(corpus, dialogues=1)  # on everything
    reverse_times(Dialogue.objects.exclude(pk__in=cut.round_items.values("dialogue")).get())
    assert other.assignments.count() == 2 * len(corpus.dialogues.all())
    mine = list(Dialogue.objects.filter(assignments__round=cut).distinct())
    for dialogue in mine:
        dialogue.clip.storage.delete(dialogue.clip.name)
    assert make_release(corpus, [cut], "1.0.0").status == JobStatus.FAILED
    release = make_release(corpus, [cut], "1.1.0", media="none")
    assert release.status == JobStatus.DONE, release.failure_text
    assert json_of(release)["checked"] == list(WRONG_TIMES)


def test_a_clip_that_is_missing_can_be_accepted_and_is_not_there(cut):
    first = cut.corpus.dialogues.order_by("pk").first()
    first.clip.storage.delete(first.clip.name)
    release = make_release(cut.corpus, [cut], decisions=decide(cut, "accept", "lost for good"))
    assert release.status == JobStatus.DONE, release.failure_text
    media = {row["dialogue"]: row["media"] for row in lines(release, "utterances.jsonl")}
    assert media[first.uid] is None and media.pop(first.uid) is None and all(media.values())
    assert release.verify() == []


def test_a_clip_with_other_bytes_is_found_by_the_freeze_and_then_on_the_page(
    cut, settings, lead, client_of
):
    first = cut.corpus.dialogues.order_by("pk").first()
    path = settings.MEDIA_ROOT / first.clip.name
    second = settings.MEDIA_ROOT / cut.corpus.dialogues.order_by("pk")[1].clip.name
    path.chmod(0o644)
    shutil.copyfile(second, path)
    for number, media in enumerate(("dialogues", "utterances", "features")):
        release = make_release(cut.corpus, [cut], f"0.{number}.0", media=media)
        assert release.status == JobStatus.FAILED and first.uid in release.failure_text
    page = client_of(lead).get(reverse("new_release", args=[cut.corpus_id])).content.decode()
    assert "Errors of the integrity check" in page and "file changed" in page
    made = decide(cut, "accept", "the film was bought anew")
    release = make_release(cut.corpus, [cut], "1.0.0", decisions=made)
    assert release.status == JobStatus.DONE, release.failure_text
    assert json_of(release)["accepted"][0]["faults"] == [{"kind": "changed", "utterance": None}]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"start": None}, "timeless"),
        ({"end": None}, "timeless"),
        ({"end": 0.1}, "reversed"),
        ({"end": 99.0}, "outside"),
        ({"start": -3.0}, "outside"),
    ],
)
def test_what_the_integrity_check_calls_an_error_is_one_here(cut, change, kind):
    row = cut.corpus.dialogues.first().utterances.first()
    Utterance.objects.filter(pk=row.pk).update(**change)
    found = [(f.kind, f.utterance_id) for f in errors(cut.corpus, cut.corpus.dialogues.all(), True)]
    assert found == [(kind, row.pk)]
    assert (kind, row.pk) in [(f.kind, f.utterance_id) for f in check(cut.corpus)]


def test_every_kind_is_an_error_or_a_warning_and_the_card_names_the_errors():
    assert set(dataset_card.ERRORS) == {*WRONG_TIMES, *WRONG_MEDIA} <= set(KINDS)
    warnings = set(KINDS) - set(dataset_card.ERRORS)
    assert warnings == {"orphaned", "unverified", "overlap", "hurried", "wordless", "repeated"}


def test_verify_finds_what_is_said_of_errors_and_is_not_so(corpus, judged, reversed_one):
    made = decide(judged, "accept", "known")
    root = make_release(corpus, [judged], decisions=made).directory
    path = root / "integrity.json"
    whole = json.loads(path.read_text("utf-8"))
    path.chmod(0o644)
    (accepted,) = whole["accepted"]
    for changed, words in (
        ({"accepted": [accepted | {"reason": " "}]}, "without a reason"),
        ({"accepted": [accepted | {"dialogue": "D?"}]}, "is not in the tables"),
        ({"excluded": [{"dialogue": reversed_one.uid}]}, "is in the tables"),
    ):
        path.write_text(json.dumps(whole | changed), "utf-8")
        rehash(root)
        (found,) = faults(root)
        assert words in found


# --- the page -------------------------------------------------------------------------------------


@pytest.fixture
def page(corpus, lead, client_of):
    client, address = client_of(lead), reverse("new_release", args=[corpus.pk])

    def send(judged, **fields):
        return client.post(address, release_form(judged, **fields)).content.decode()

    send.get = lambda: client.get(address).content.decode()
    return send


def test_the_page_lists_errors_and_freezes_nothing_until_they_are_decided(
    page, judged, reversed_one
):
    shown = page.get()
    assert "1 dialogue has errors." in shown and reversed_one.uid in shown
    shown = page(judged)
    assert "Decide on each of them below." in shown and not Release.objects.exists()
    shown = page(judged, **{"kind-reversed": "accept"})
    assert "Give a reason; it is recorded in the release." in shown and not Release.objects.exists()
    page(judged, **{"kind-reversed": "accept", "kind-reversed-reason": " \t"})
    page(judged, **{"kind-reversed": "whatever"})
    page(judged, **{"kind-missing": "exclude"})
    assert not Release.objects.exists()


def test_a_kind_is_decided_at_once_and_a_dialogue_by_itself(page, judged, reversed_one, lead):
    second = reverse_times(judged.corpus.dialogues.order_by("pk")[3])
    fields = {"kind-reversed": "accept", "kind-reversed-reason": "no harm"}
    page(judged, **fields, **{f"dialogue-{second.pk}": "exclude"})
    release = Release.objects.get()
    choices = {row["dialogue"]: (row["choice"], row["reason"]) for row in release.decisions}
    assert choices == {reversed_one.uid: ("accept", "no harm"), second.uid: ("exclude", "")}
    assert {row["by"] for row in release.decisions} == {lead.pk}
    event = Event.objects.get(verb="freeze")
    assert event.detail["accept"] == event.detail["exclude"] == 1


def test_what_is_wrong_with_clips_is_asked_where_clips_are_given_away(page, cut):
    dialogue = reverse_times(cut.corpus.dialogues.first())
    dialogue.clip.storage.delete(dialogue.clip.name)
    both = {"kind-reversed": "accept", "kind-reversed-reason": "a"}
    assert "file missing" in page(cut, **both) and not Release.objects.exists()
    page(cut, media="none", **both)
    assert Release.objects.get().decisions[0]["kinds"] == ["reversed"]


def test_a_great_many_are_decided_by_kind(page, corpus):
    opened = make_judged_round(corpus, dialogues=4)
    for dialogue in corpus.dialogues.all():
        reverse_times(dialogue)
    kept, ErrorsForm.SHOWN = ErrorsForm.SHOWN, 3
    try:
        assert "1 more dialogue is decided by kind." in page.get()
    finally:
        ErrorsForm.SHOWN = kept
    page(opened, **{"kind-reversed": "accept", "kind-reversed-reason": "fine"})
    assert len(Release.objects.get().decisions) == 4


def list_issues(corpus):
    assert IntegrityReport.request(corpus, now=True).run().status == JobStatus.DONE


def test_the_page_names_what_the_last_report_lists_until_it_is_sent(page, judged, reversed_one):
    assert "Files and times as of" not in page.get()  # no report yet: what is wrong now
    list_issues(judged.corpus)
    other = reverse_times(judged.corpus.dialogues.order_by("pk")[3])
    shown = page.get()
    assert "Files and times as of" in shown
    assert "1 dialogue has errors." in shown and reversed_one.uid in shown
    shown = page(judged, **{f"dialogue-{reversed_one.pk}": "exclude"})
    assert "Files and times as of" not in shown and not Release.objects.exists()
    assert "2 dialogues have errors." in shown and other.uid in shown
    list_issues(judged.corpus)
    assert "2 dialogues have errors." in page.get()


@pytest.mark.parametrize("media", ["none", "dialogues"])
def test_a_report_lists_what_a_freeze_finds(cut, media):
    first, second = cut.corpus.dialogues.order_by("pk")
    reverse_times(first)
    for file in (first.clip, second.poster):  # without a poster nothing is wrong with a release
        file.storage.delete(file.name)
    reverse_times(make_dialogue(cut.corpus))  # which nobody has judged
    list_issues(cut.corpus)
    listed, found = (
        [(each.pk, each.uid, each.kinds) for each in look([cut], media)]
        for look in (integrity.listed_dialogues, integrity.faulty_dialogues)
    )
    kinds = ["missing", "reversed"] if media == "dialogues" else ["reversed"]
    assert listed == found == [(first.pk, first.uid, kinds)]


# --- the command ----------------------------------------------------------------------------------


def test_the_command_names_errors_and_what_to_do(corpus, judged, reversed_one):
    with pytest.raises(CommandError, match=f"1 dialogues: {reversed_one.uid}: reversed.*--exclude"):
        call_command("freeze", "1.0.0", corpus=corpus.name)
    assert not Release.objects.exists()


@pytest.mark.parametrize("how", ["exclude", "accept", "all"])
def test_the_command_excludes_and_accepts(corpus, judged, reversed_one, how):
    options = {
        "exclude": {"exclude": [reversed_one.uid]},
        "accept": {"accept": [f"{reversed_one.uid}=a = b"]},
        "all": {"accept_all_because": "a = b"},
    }[how]
    call_command("freeze", "1.0.0", corpus=corpus.name, **options)
    release = Release.objects.get()
    assert release.is_frozen
    if how == "exclude":
        assert json_of(release)["excluded"][0]["dialogue"] == reversed_one.uid
    else:
        assert json_of(release)["accepted"][0]["reason"] == "a = b"


def test_the_command_takes_no_dialogue_without_an_error_and_no_acceptance_without_a_reason(
    corpus, judged, reversed_one
):
    good = corpus.dialogues.order_by("pk").first().uid
    for options, words in (
        ({"exclude": [good]}, "no error"),
        ({"accept": [f"{good}=why"]}, "no error"),
        ({"accept": [reversed_one.uid]}, "Give a reason"),
        ({"accept": [f"{reversed_one.uid}="]}, "Give a reason"),
        ({"accept_all_because": " "}, "Give a reason"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("freeze", "1.0.0", corpus=corpus.name, **options)
    assert not Release.objects.exists()


def test_only_the_corpus_itself_is_looked_at(corpus, judged):
    other = make_judged_round(make_corpus(), dialogues=1)
    reverse_times(other.corpus.dialogues.get())
    assert make_release(corpus, [judged]).is_frozen
