import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import UserError
from people.event_words import as_text, things_of
from people.models import Event
from releases.models import Share
from tests.factories import make_judged_round, make_member, make_release

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen(corpus):
    return make_release(corpus, [make_judged_round(corpus)])


def shared(release, lead, days=3):
    until = timezone.now() + datetime.timedelta(days=days)
    return Share.give(lead, release, "Cite it.\nDo not pass it on.", until, "reviewers")


def test_from_the_link_over_the_terms_to_the_file(client, client_of, frozen, lead):
    tomorrow = (timezone.now() + datetime.timedelta(days=1)).date().isoformat()
    form = {"label": "reviewers", "terms": "Cite it.", "expires_at": tomorrow}
    page = client_of(lead).post(reverse("release_links", args=[frozen.pk]), form, follow=True)
    link = Share.objects.get()
    address = reverse("shared", args=[link.token])
    assert address in page.content.decode()
    terms = client.get(address)
    assert "Cite it." in terms.content.decode()
    assert "archive.zip" not in terms.content.decode()
    who = {"name": "王力", "affiliation": "清华大学", "email": ""}
    refused = client.post(address, who)
    assert refused.status_code == 200 and not link.grants.exists()
    granted = client.post(address, who | {"accepted": "on"}, follow=True)
    grant = link.grants.get()
    assert (grant.name, grant.affiliation) == ("王力", "清华大学")
    archive = reverse("granted_archive", args=[grant.token])
    assert archive in granted.content.decode()
    data = b"".join(client.get(archive).streaming_content)
    rest = client.get(archive, headers={"range": "bytes=10-"})
    assert b"".join(rest.streaming_content) == data[10:]
    one = client.get(reverse("granted_file", args=[grant.token, "README.md"]))
    assert b"".join(one.streaming_content) == (frozen.directory / "README.md").read_bytes()
    assert client.get(reverse("granted_layout", args=[grant.token, "cmma"])).status_code == 200
    counts = {row.what: row.count for row in link.downloads.all()}
    assert counts == {"archive": 1, "README.md": 1, "cmma.zip": 1}
    page = client_of(lead).get(reverse("release", args=[frozen.pk])).content.decode()
    assert "王力, 清华大学" in page and "3 downloads" in page
    assert Event.objects.filter(verb="share").exists()
    assert Event.objects.filter(verb="accept terms", noun="share").exists()


@pytest.mark.parametrize("end", ["revoked", "expired", "withdrawn"])
def test_a_link_that_is_over_opens_nothing_any_more(end, client, frozen, lead):
    link = shared(frozen, lead)
    grant = link.accept_terms("a", "b", "")
    if end == "revoked":
        link.revoke(lead)
        link.revoke(lead)
        assert Event.objects.filter(verb="revoke").count() == 1
    if end == "expired":
        Share.objects.update(expires_at=timezone.now())
    if end == "withdrawn":
        frozen.retract(lead, "withdrawn", "a mistake")
    for name, token in (("shared", link), ("grant", grant), ("granted_archive", grant)):
        assert client.get(reverse(name, args=[token.token])).status_code == 404


def test_who_may_share(client_of, corpus, frozen, lead):
    form = {"terms": "x", "expires_at": "2999-01-01"}
    address = reverse("release_links", args=[frozen.pk])
    assert client_of(make_member(corpus)).post(address, form).status_code == 404
    link = shared(frozen, lead)
    close = reverse("revoke_link", args=[link.pk])
    assert client_of(make_member(corpus)).post(close).status_code == 404
    past = client_of(lead).post(address, form | {"expires_at": "2001-01-01"})
    assert past.status_code == 422 and "Choose a day in the future" in past.content.decode()
    frozen.retract(lead, "withdrawn", "why")
    late = client_of(lead).post(address, form, follow=True)
    assert "is withdrawn" in late.content.decode() and Share.objects.count() == 1


def test_superseded_and_withdrawn_for_a_reason_that_stays(client_of, corpus, frozen, lead):
    newer = make_release(corpus, list(frozen.rounds.all()), "1.1.0")
    address = reverse("retraction", args=[frozen.pk])
    client = client_of(lead)
    assert client.post(address, {"kind": "superseded", "reason": "x"}).status_code == 422
    assert client.post(address, {"kind": "withdrawn", "reason": " "}).status_code == 422
    client.post(address, {"kind": "superseded", "by": newer.pk, "reason": "more dialogues"})
    page = client.get(reverse("release", args=[frozen.pk])).content.decode()
    assert "Superseded by 1.1.0." in page and "more dialogues" in page
    client.post(address, {"kind": "withdrawn", "reason": "consent was taken back"})
    with pytest.raises(UserError, match="is withdrawn"):
        frozen.retract(lead, "withdrawn", "again")
    assert "Withdrawn." in client.get(reverse("release", args=[frozen.pk])).content.decode()
    assert set(Event.objects.filter(noun="release").values_list("verb", flat=True)) >= {
        "supersede",
        "withdraw",
    }
    assert client_of(make_member(corpus)).post(address, {}).status_code == 404


def test_what_is_frozen_is_neither_changed_nor_deleted(corpus, frozen, lead):
    frozen.notes = "other"
    with pytest.raises(UserError, match="cannot be changed"):
        frozen.save()
    for delete in (frozen.delete, corpus.releases.all().delete, lambda: frozen.discard(lead)):
        with pytest.raises(UserError, match="withdraw it instead"):
            delete()
    assert not (frozen.directory / "README.md").stat().st_mode & 0o222


def test_the_audit_log_has_who_took_it_by_a_grant(client, frozen, lead):
    granted = shared(frozen, lead).accept_terms("王芳", "清华大学", "")
    for path in ("files/judgements.jsonl", "files/utterances.jsonl", "files/judgements.jsonl"):
        assert b"".join(client.get(f"/grants/{granted.token}/{path}").streaming_content)
    (event,) = Event.objects.filter(verb="download")
    assert event.person is None and event.corpus_id == frozen.corpus_id
    thing = things_of([event])[event.pk]
    assert as_text(event, thing, event.detail) == (
        f"王芳, 清华大学 downloaded files by the link to release {frozen.version}"
    )
