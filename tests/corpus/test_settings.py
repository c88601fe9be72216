"""Settings of a corpus, its owner, and what members may download."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotation.forms import RoundForm
from annotation.models import SchemeVersion
from annotation.scheme import Scheme
from core.errors import UserError
from corpus import deletion
from corpus.models import Corpus, Membership, OwnershipOffer, Source
from people.models import Event
from releases.forms import proposed_release
from releases.models import MemberAccess
from tests.factories import (
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    open_round,
)

pytestmark = pytest.mark.django_db
SENT = {"name": "灯火", "description": "d", "language": "yue", "media_policy": "members"}


def address(name, corpus, *more):
    return reverse(name, args=[corpus.pk, *more])


def test_leads_change_settings_and_the_event_says_what(lead, corpus, client_of):
    client = client_of(lead)
    assert client.post(address("corpus_settings", corpus), SENT).status_code == 302
    corpus.refresh_from_db()
    assert (corpus.name, corpus.language, corpus.blind_adjudication) == ("灯火", "yue", False)
    event = Event.objects.get(verb="set", noun="corpus")
    assert event.detail["language"] == "yue" and event.detail["was"]["language"] == "zh"
    client.post(address("corpus_settings", corpus), SENT)
    assert Event.objects.filter(verb="set").count() == 1
    for role in ("annotator", "adjudicator"):
        other = client_of(make_member(corpus, role))
        for page in ("corpus_settings", "corpus_storage", "corpus_administration"):
            assert other.get(address(page, corpus)).status_code == 404


def test_a_name_that_is_taken_or_too_long_is_refused(lead, corpus, client_of):
    make_corpus(name="taken")
    for name in ("taken", "x" * 121):
        page = client_of(lead).post(address("corpus_settings", corpus), SENT | {"name": name})
        assert page.status_code == 200 and "errorlist" in page.content.decode()
    assert Corpus.objects.get(pk=corpus.pk).name == corpus.name


def test_what_new_rounds_and_releases_start_with(lead, corpus, client_of, rf):
    make_judged_round(corpus)
    first = corpus.schemes.get()
    tasks = first.scheme.to_json()[:1]
    SchemeVersion.of(corpus, Scheme.from_json(tasks))
    assert RoundForm(corpus=corpus).initial["scheme_version"].number == 2
    client = client_of(lead)
    client.post(address("annotation_settings", corpus), {"scheme": first.pk})
    corpus.refresh_from_db()
    assert RoundForm(corpus=corpus).initial["scheme_version"] == first
    sent = {"default_licence": "cc0-1.0", "members_read_releases": "on"}
    client.post(address("release_settings", corpus), sent)
    corpus.refresh_from_db()
    assert proposed_release(corpus)["licence"] == "cc0-1.0"
    release = make_release(corpus, [corpus.rounds.get()], media="none")
    assert MemberAccess.objects.get().release == release


def test_ownership_passes_to_another_lead_who_accepts(lead, corpus, client_of):
    other, third = make_member(corpus, "lead"), make_member(corpus, "lead")
    offer = address("offer_ownership", corpus)
    assert client_of(other).post(offer, {"person": third.pk}).status_code == 404
    client_of(lead).post(offer, {"person": other.pk})
    assert client_of(third).post(address("accept_ownership", corpus)).status_code == 404
    page = client_of(other).get(address("corpus_administration", corpus)).content.decode()
    assert "offers you this corpus" in page
    client_of(other).post(address("accept_ownership", corpus))
    corpus.refresh_from_db()
    assert corpus.owner == other and corpus.role_of(lead) == "lead"
    assert not OwnershipOffer.objects.exists()
    assert Event.objects.get(verb="transfer").detail == {
        "owner": other.username,
        "was": lead.username,
    }
    assert client_of(lead).post(address("delete_corpus", corpus)).status_code == 404


def test_the_owner_is_neither_removed_nor_demoted(lead, corpus, client_of):
    other = client_of(make_member(corpus, "lead"))
    mine = corpus.memberships.get(person=lead)
    for role in ("none", "annotator"):
        answer = other.post(reverse("membership", args=[mine.pk]), {"role": role}, follow=True)
        assert "owns this corpus and leads it" in answer.content.decode()
    assert corpus.role_of(lead) == "lead"


def test_a_removal_is_undone(lead, corpus, client_of):
    member = make_member(corpus, "adjudicator")
    client = client_of(lead)
    row = corpus.memberships.get(person=member)
    page = client.post(reverse("membership", args=[row.pk]), {"role": "none"}, follow=True)
    assert f"{member.username} was removed" in page.content.decode()
    event = Event.objects.get(verb="dismiss")
    restored = client.post(address("restore_member", corpus), {"event": event.pk}, follow=True)
    assert "is a member again" in restored.content.decode()
    assert corpus.role_of(member) == Membership.Role.ADJUDICATOR
    elsewhere = make_corpus(lead)
    gone = client.post(address("restore_member", elsewhere), {"event": event.pk}, follow=True)
    assert "cannot be undone any more" in gone.content.decode()


def test_clips_are_downloaded_by_whom_the_corpus_says(lead, corpus, client_of):
    dialogue = make_dialogue(corpus)
    dialogue.clip.save("clip.mp4", ContentFile(b"0123456789"))
    member = client_of(make_member(corpus))
    path = address("download_clip", dialogue)
    assert member.get(path).status_code == 404
    corpus.set(lead, media_policy="members")
    answer = member.get(path, headers={"range": "bytes=2-4"})
    assert (answer.status_code, b"".join(answer)) == (206, b"234")
    assert answer["Content-Disposition"].startswith("attachment")


def test_leads_download_the_original_unless_they_annotate_it(lead, corpus, client_of):
    dialogue = make_dialogue(corpus)
    source = dialogue.source
    source.media.save("片.mkv", ContentFile(b"0123456789"))
    source.transcript.save("a.srt", ContentFile(b"words"))
    client = client_of(lead)
    media = client.get(address("source_file", source, "media"))
    assert b"".join(media) == b"0123456789" and "attachment" in media["Content-Disposition"]
    assert b"".join(client.get(address("source_file", source, "transcript"))) == b"words"
    assert client.get(address("source_file", source, "other")).status_code == 404
    assert Event.objects.filter(verb="download", corpus_id=corpus.pk).count() == 2
    assert client_of(make_member(corpus)).get(media.request["PATH_INFO"]).status_code == 404
    open_round(corpus, [lead], view="text")
    assert client.get(address("source_file", source, "media")).status_code == 403


def test_files_of_a_source_are_replaced_as_a_draft(
    lead, corpus, client_of, film, django_capture_on_commit_callbacks
):
    source = make_dialogue(corpus).source
    source.kind = Source.Kind.EPISODE
    source.media.save("old.mp4", ContentFile(b"old"))
    old = source.media.name
    sent = {
        "media": SimpleUploadedFile("new.mp4", film.read_bytes()),
        "transcript": SimpleUploadedFile("new.srt", b"1\n00:00:00,000 --> 00:00:01,000\nA\n"),
    }
    path = address("replace_source", source)
    assert "Choose a file" in client_of(lead).post(path, {}).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client_of(lead).post(path, sent).status_code == 302
    source.refresh_from_db()
    assert source.status == Source.Status.DRAFT and source.probe["duration"] > 9
    assert "new" in source.media.name and "new" in source.transcript.name
    assert not source.dialogues.exists() and not source.media.storage.exists(old)
    assert Event.objects.get(verb="replace").corpus_id == corpus.pk


def test_files_of_a_judged_source_stay(lead, corpus):
    opened = make_judged_round(corpus, dialogues=1)
    opened.close(lead)
    with pytest.raises(UserError, match="were judged"):
        deletion.replace_files(lead, corpus.sources.get(), "sources/x.mp4")
    assert corpus.dialogues.count() == 1


def test_storage_is_counted_by_kind(lead, corpus, client_of, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    dialogue = make_dialogue(corpus)
    dialogue.source.media.save("a.mp4", ContentFile(b"x" * 3000))
    clips = f"clips/{corpus.pk}/{dialogue.source_id}/1.mp4"
    dialogue.clip.storage.save(clips, ContentFile(b"x" * 2000))
    page = client_of(lead).get(address("corpus_storage", corpus)).content.decode()
    corpus.refresh_from_db()
    assert corpus.storage["bytes"] == {"sources": 3000, "clips": 2000, "imports": 0, "releases": 0}
    assert "4.9" in page
    assert corpus.stored_bytes == 5000 and make_corpus(make_person()).stored_bytes is None
