"""What the view of a round withholds reaches nobody who annotates it blind, by any address.

Proved by non-interference: what is withheld is changed in the database and on the disk, every
address is asked again, and every answer must be the same to the byte.
"""

import re
import shutil
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.http import HttpResponseNotFound
from django.urls import get_resolver, reverse
from django.utils import timezone

import config.urls
from annotation.answers import save_answer
from annotation.blinding import shows
from annotation.models import Comment, ExpertLabel, Guideline, Participant, Suggestion
from annotation.queue.dispatch import claim_next
from core.storage import digest
from corpus.models import Corpus, Dialogue, Utterance
from corpus.models.checks import CorpusReport
from corpus.problems import Problem
from corpus.visibility import MODALITIES, Visible, visible, withheld
from tests.corpus.marked_films import make
from tests.factories import ANSWERS, judge, make_dialogue, make_member, make_token, open_round

VIEWS = ["text", "audio", "silent"]
NOISE = re.compile(
    rb'(csrfmiddlewaretoken" value="|nonce="|x-csrftoken": "|data-over=")[^"]*|'
    # how long ago, in words, is not compared
    rb"generated at [0-9:.]+|Request id: <code>\w+|(?<=>)[^<>]*(?=</time>)"
)
MEDIA = ["clip", "poster", "audio", "peaks", "silent", "sound"]
# what rounds themselves, their results and exports withhold is tested beside them
RESULTS = re.compile(
    r"rounds/|quality-flags/|comments/|participants/|expert-labels/|events/|releases|runs|stud|api/schema|admin/"
    r"|account/|api-reference|guides?/|getting-started|jobs/machine/"  # of no corpus
    r"|audit-log"  # which says who has downloaded it; tests/permissions/ compares it
    r"|evaluations|protocols|models|searches|registrations|grants|shared|predictions"
)


@pytest.fixture
def source(corpus, film, srt):
    """Two dialogues with clips, and a translation; the first is given out, the second waits."""
    source = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", media)
        source.transcript.save("film.srt", words)
    source.run()
    Utterance.objects.filter(dialogue__source=source).update(translation="How nice!")
    source.import_problems.store(source, [Problem(3, "text", "你好！", "repaired", "left out")])
    source.publish(None)
    return source


@pytest.fixture
def other(corpus):
    """A dialogue of no round."""
    return make_dialogue(corpus)


def opened_with(corpus, source, view, people, **options):
    """A round in which everybody holds the first dialogue, and has answered half of it."""
    opened = open_round(
        corpus, people, view=view, dialogues=source.dialogues.all(), lease_minutes=0, **options
    )
    for seat in opened.participants.select_related("person", "round"):
        held = claim_next(seat)
        first = held.dialogue.utterances.first()
        for task, value in ANSWERS.items():
            save_answer(held, first, task, value)
        comment = Comment.make(held, first, "comment", "?")
        comment.reply(opened.corpus.people("lead").get().person, "!")
    return opened


def addresses(corpus, source):
    """Every address that is read, with the ids of what is there; searches as well."""
    ids = {
        "corpora": [corpus.pk],
        "sources": [source.pk],
        "dialogues": list(corpus.dialogues.values_list("pk", flat=True)),
        "speakers": list(corpus.speakers.values_list("pk", flat=True)),
        "assignments": list(
            corpus.rounds.values_list("assignments__pk", flat=True).order_by("assignments__pk")
        ),
        "guidelines": list(corpus.guidelines.values_list("pk", flat=True)),
    }
    found = []
    for route in sorted(set(routes(get_resolver()))):
        if RESULTS.search(route) or "uploads" in route or "invitations" in route:
            continue
        known = ids.get(route.removeprefix("api/").split("/")[0], [])
        for pk in known if "<int:pk>" in route else [0]:
            names = MEDIA if "<str:name>" in route else ["check"]
            found += {"/" + re.sub("<(str|slug):name>", name, route.replace("<int:pk>", str(pk)))
                      for name in names}  # fmt: skip
    finding, history = reverse("utterance_search", args=[corpus.pk]), reverse("annotation_history")
    speaker = corpus.speakers.first().name
    queries = ["q=你", "q=你好", "q=你&exact=on", "q=x", "state=wordless", "state=machine"]
    queries += [f"speaker={speaker}", "label=emotion:joy", "after=0", "before=99999"]
    for query in queries:
        found += [f"{finding}?{query}", f"{history}?{query}"]
    found += [f"{reverse('integrity', args=[corpus.pk])}?kind={kind}" for kind in ("wordless", "x")]
    return [address for address in found if "<" not in address]


def routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, route)
        else:
            yield route


def answers(client, asked):
    """Address -> status, type and body of what comes, also of a part and of the head alone."""
    for report in CorpusReport.__subclasses__():
        for corpus in Corpus.objects.all():
            for _again in range(2):  # so that it has been requeued also the first time
                report.request(corpus, now=True).run()
        report.objects.update(attempt=1)
    found = {}
    for address in asked:
        for method, headers in (("get", {}), ("get", {"range": "bytes=0-99"}), ("head", {})):
            if (headers or method == "head") and "/media/" not in address:
                continue
            answer = getattr(client, method)(address, headers=headers)
            body = b"".join(answer) if answer.streaming else answer.content
            result = answer.get("Location", "") or answer.get("Content-Length", "")
            if answer.get("Content-Type", "").startswith("text/html"):
                result = ""  # its length changes with the token
            found[method, address, bool(headers)] = (
                answer.status_code, answer.get("Content-Type"), result, NOISE.sub(b"", body),
            )  # fmt: skip
    return found


def change(source, view):
    """Change all that the view withholds of the source's dialogues, rows and files."""
    hidden = shows(view).hidden
    if "words" in hidden:
        utterances = Utterance.objects.filter(dialogue__source=source)
        for place, utterance in enumerate(utterances.order_by("pk")):
            utterance.text = ["", "完全不同的话" * 30, "x", "你你你"][place % 4]
            utterance.translation, utterance.machine = "Something else", place % 2 == 0
            utterance.save()
        source.import_problems.update(value="另外的话")
    for dialogue in source.dialogues.all():
        stem = dialogue.clip.path.removesuffix(".mp4")
        new, length = f"{stem}-new.mp4", str(dialogue.end - dialogue.start)
        picture = ["-f", "lavfi", "-t", length, "-i", "color=red:s=320x180:r=25"]
        tone = ["-f", "lavfi", "-t", length, "-i", "sine=frequency=990"]
        streams = [*picture, *tone, "-i", f"{stem}.mp4"]
        if "picture" in hidden and "sound" in hidden:
            kept = ["-map", "0:v", "-map", "1:a"]
        elif "picture" in hidden:
            kept = ["-map", "0:v", "-map", "2:a", "-c:a", "copy"]
        else:
            kept = ["-map", "2:v", "-map", "1:a", "-c:v", "copy"]
        make(new, *streams, *kept, "-metadata", "title=秘密", "-t", length)
        shutil.move(new, f"{stem}.mp4")
        make(f"{stem}.jpg", "-i", f"{stem}.mp4", "-frames:v", "1")
        if "sound" in hidden:
            make(f"{stem}.flac", "-i", f"{stem}.mp4", "-vn")
            dialogue.peaks.storage.delete(dialogue.peaks.name)
            dialogue.peaks.storage.save(dialogue.peaks.name, ContentFile(b"[0.5]"))
        sha256 = digest(Path(dialogue.clip.path))
        Dialogue.objects.filter(pk=dialogue.pk).update(clip_sha256=sha256)


@pytest.fixture(params=["annotator", "lead"])
def person(request, corpus, lead):
    return lead if request.param == "lead" else make_member(corpus)


@pytest.fixture
def plain_refusals(monkeypatch):
    """Of what is not there the status is compared alone: its page says the same to everybody."""
    monkeypatch.setattr(
        config.urls, "handler404", lambda request, exception: HttpResponseNotFound()
    )


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("view", "person"),
    [("text", "annotator"), ("silent", "annotator"), ("audio", "lead")],  # others: permissions/
    indirect=["person"],
)
def test_what_is_withheld_changes_no_answer(
    corpus, source, other, view, person, client_of, lead, settings, monkeypatch, plain_refusals
):
    now = timezone.now()  # at midnight the day's figures change
    monkeypatch.setattr(timezone, "now", lambda: now)
    opened_with(corpus, source, view, [person, make_member(corpus)])
    Guideline.draw_up(lead, corpus, "# 指南")
    client, asked = client_of(person), addresses(corpus, source)
    before = answers(client, asked)
    statuses = {row[0] for row in before.values()}
    assert {200, 206, 403} <= statuses | ({206} if view == "text" else set()), statuses
    shutil.rmtree(settings.MEDIA_ROOT / "renditions", ignore_errors=True)
    change(source, view)
    after = answers(client, asked)
    assert [key for key in before if before[key] != after[key]] == []
    # and the test can fail: who takes part openly sees all that
    Participant.objects.filter(person=person).update(unblinded=True)
    seen = [reverse("dialogue", args=[pk]) for pk in source.dialogues.values_list("pk", flat=True)]
    assert answers(client, seen) != {key: after[key] for key in after if key[1] in seen}


@pytest.mark.one_database
@pytest.mark.parametrize("kind", ["judging", "practice"])
def test_what_machines_and_experts_say_changes_no_answer_before_judging(
    corpus, source, kind, client_of, plain_refusals
):
    annotator = make_member(corpus)
    opened = opened_with(corpus, source, "full", [annotator], kind=kind, suggestions="after")
    client, asked = client_of(annotator), addresses(corpus, source)
    held = opened.assignments.get()
    judged, pending = held.dialogue.utterances.all()

    def say(utterance, value, probability, why):
        Suggestion.objects.create(
            utterance=utterance, task="emotion", value=value, probability=probability, origin="m"
        )
        ExpertLabel.write(None, held.dialogue, [(utterance, "emotion", value, why)])

    say(judged, "joy", 0.81, "a smile")
    before = answers(client, asked)
    say(pending, "joy", 0.72, "a laugh")
    say(pending, "anger", 0.63, "a frown")
    after = answers(client, asked)
    assert [key for key in before if before[key] != after[key]] == []
    page = client.get(reverse("assignment", args=[held.pk])).content.decode()
    assert ("machine 81 %" in page) and ("a smile" in page) == (kind == "practice")
    judge(held, submit=False)
    page = client.get(reverse("assignment", args=[held.pk])).content.decode()
    assert ("machine 63 %" in page) and ("a frown" in page) == (kind == "practice")


@pytest.mark.parametrize("view", VIEWS)
def test_media_follow_the_view_for_every_dialogue_of_the_round(
    corpus, source, other, view, person, client_of
):
    opened = opened_with(corpus, source, view, [person, make_member(corpus)])
    allowed = {"text": set(), "audio": {"audio", "peaks", "sound"}, "silent": {"silent"}}[view]
    client = client_of(person)

    def served():
        found = set()
        for dialogue in source.dialogues.all():
            for name in MEDIA:
                answer = client.get(reverse("dialogue_media", args=[dialogue.pk, name]))
                assert answer.status_code in (200, 403), (name, answer)
                if answer.status_code == 200:
                    found.add((dialogue.pk, name))
                else:
                    assert opened.name in answer.content.decode()
                    assert str(opened.get_view_display()) in answer.content.decode()
        return found

    pks = list(source.dialogues.values_list("pk", flat=True))
    everything = {(pk, name) for pk in pks for name in MEDIA}
    assert served() == {(pk, name) for pk in pks for name in allowed}
    Participant.objects.filter(person=person).update(unblinded=True)
    assert served() == everything
    Participant.objects.filter(person=person).update(unblinded=False)
    opened.close(corpus.people("lead").get().person)
    assert served() == everything


def test_a_browser_that_has_the_clip_is_reported_that_it_may_not(corpus, source, client_of):
    annotator = make_member(corpus)
    client = client_of(annotator)
    addresses = [
        reverse("dialogue_media", args=[source.dialogues.first().pk, name]) for name in MEDIA
    ]
    had = {address: client.get(address) for address in addresses}
    opened_with(corpus, source, "text", [annotator])
    for address, answer in had.items():
        assert answer["Cache-Control"] == "private, no-cache"
        for condition in ({"if-none-match": answer["ETag"]},
                          {"if-range": answer["ETag"], "range": "bytes=0-9"}):  # fmt: skip
            assert client.get(address, headers=condition).status_code == 403


@pytest.mark.parametrize("view", VIEWS)
def test_pages_show_what_remains_and_say_what_does_not(corpus, source, view, client_of):
    annotator = make_member(corpus)
    opened = opened_with(corpus, source, view, [annotator])
    client, (first, second) = client_of(annotator), source.dialogues.all()
    for dialogue in (first, second):
        page = client.get(reverse("dialogue", args=[dialogue.pk])).content.decode()
        assert opened.name in page and "Withheld from you for now" in page
        assert ("再见" in page or "你好" in page) == (view == "text")
        assert ("How nice!" in page) == (view == "text")
        assert ("<video" in page) == (view != "text") and "poster" not in page
        assert "/media/clip/" not in page and ("/media/peaks/" in page) == (view == "audio")
    found = client.get(
        reverse("utterance_search", args=[corpus.pk]), {"q": "再见"}
    ).content.decode()
    assert ("2 dialogues are hidden from you" in found) == (view != "text")
    assert (first.uid in found or second.uid in found) == (view == "text")
    history = client.get(reverse("annotation_history"), {"q": "你好"}).content.decode()
    assert ("<strong>1</strong>" in history) == (view == "text")
    work = client.get(reverse("my_tasks")).content.decode()
    assert ("你好" in work) == (view == "text")
    opened.close(annotator)
    for address in (reverse("annotation_history"), reverse("dialogue", args=[first.pk])):
        assert "你好" in client.get(address).content.decode()


def test_a_lead_who_annotates_does_not_edit_meanwhile(corpus, source, lead, client_of):
    opened = opened_with(corpus, source, "audio", [lead])
    client, dialogue = client_of(lead), source.dialogues.first()
    own = [("editor", dialogue), ("revisions", dialogue), ("dialogue_history", dialogue),
           ("republication", dialogue), ("segmentation", source), ("import_problems", source),
           ("import_problems_csv", source)]  # fmt: skip
    asked = [reverse(name, args=[row.pk]) for name, row in own]
    for address in asked:
        refused = client.get(address)
        assert refused.status_code == 403 and opened.name in refused.content.decode(), address
    for name in ("revisions", "dialogue_head", "split_dialogue", "join_dialogue"):
        assert client.post(reverse(name, args=[dialogue.pk]), {}).status_code == 403
    page = client.get(reverse("source", args=[source.pk])).content.decode()
    assert "你好" not in page and page.count("withheld") == 2
    health = client.get(reverse("integrity", args=[corpus.pk])).content.decode()
    assert "2 dialogues are left out" in health
    Participant.objects.filter(person=lead).update(unblinded=True)
    for address in asked:
        assert client.get(address).status_code in (200, 302), address
    assert "你好" in client.get(reverse("source", args=[source.pk])).content.decode()


def test_another_round_shows_what_it_gives_to_judge(corpus, source, client_of):
    """Who is to judge the same dialogue in two views sees each time what that round shows."""
    annotator = make_member(corpus)
    opened_with(corpus, source, "text", [annotator])
    full = open_round(corpus, [annotator], dialogues=source.dialogues.all(), lease_minutes=0)
    first, second = source.dialogues.all()
    assert visible(annotator, first) == visible(annotator, second) == shows("text")
    held = claim_next(full.participants.get())
    assert held.dialogue == first and visible(annotator, first).all
    assert visible(annotator, second) == shows("text")
    judge(held)
    assert visible(annotator, first) == shows("text")
    page = client_of(annotator).get(reverse("assignment", args=[held.pk])).content.decode()
    assert "<video" not in page and "Withheld from you for now" in page and "你好" in page


def test_two_views_together_leave_what_both_show(corpus, source):
    annotator = make_member(corpus)
    for view in ("text", "audio"):
        open_round(corpus, [annotator], view=view, dialogues=source.dialogues.all())
    dialogue = source.dialogues.first()
    assert visible(annotator, dialogue) == Visible(picture=False, sound=False, words=False)
    assert withheld(annotator, *MODALITIES).count() == 2
    assert visible(annotator, dialogue).film == ""


def test_the_api_gives_no_words_of_a_view_without_them(corpus, source, client):
    annotator = make_member(corpus)
    opened = opened_with(corpus, source, "silent", [annotator])
    header = {"authorization": f"Token {make_token(annotator)}"}
    result = client.post(reverse("api_round_work", args=[opened.pk]), headers=header).json()
    assert [turn["text"] for turn in result["utterances"]] == [None, None]
    assert "你好" not in str(result)


def test_examples_of_the_guideline_wait_for_their_round(corpus, source, lead, client_of):
    opened = opened_with(corpus, source, "full", [lead, make_member(corpus)])
    task = opened.scheme["emotion"]
    utterance = source.dialogues.last().utterances.first()
    Guideline.draw_up(lead, corpus, "# 规则\n\n先看全部。")
    made = Guideline.add_example(lead, corpus, utterance, task, task.values[0], "她在笑")
    later = Guideline.draw_up(lead, corpus, made.text.replace("她在笑", "她笑了") + "\n\n# 完")
    opened.guideline = later
    opened.save()
    blind, reader = client_of(lead), client_of(make_member(corpus))
    held = opened.assignments.get(person=lead)
    bench = reverse("assignment", args=[held.pk])
    for guideline in (made, later):
        address = reverse("guideline", args=[guideline.pk])
        page = blind.get(address).content.decode()
        assert utterance.text not in page and "她" not in page and "先看全部" in page
        assert "1 example is hidden" in page
        assert utterance.text in reader.get(address).content.decode()
    page = blind.get(bench).content.decode()
    assert "她笑了" not in page and "先看全部" in page and "完" in page
    assert "1 example" in page
    assert blind.get(reverse("new_guideline", args=[corpus.pk])).status_code == 403
    opened.close(lead)
    assert "她笑了" in blind.get(reverse("guideline", args=[later.pk])).content.decode()
    assert blind.get(reverse("new_guideline", args=[corpus.pk])).status_code == 200
