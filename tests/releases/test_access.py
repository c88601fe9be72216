"""Who reads a release: leads, members when a lead says so, nobody while annotating blind."""

import datetime
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.blinding import blinding_rounds, withheld_rounds
from annotation.models import Round
from annotation.rounds import open_round, reopen_round
from core.errors import UserError
from corpus.models import Utterance
from jobs.models import JobStatus
from people.models import Event
from releases.formats import FORMATS
from releases.models import Diff, MemberAccess, PersonalDataReview, Release, Share
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
    search_for_personal_data,
)

pytestmark = pytest.mark.django_db
ROLES = ["annotator", "adjudicator", "lead"]


def plain(response):
    """A page without what is new each time."""
    text = response.content.decode()
    text = re.sub(r'(csrfmiddlewaretoken" value|"x-csrftoken":|nonce=)[= "]*[\w=+/-]+', r"\1", text)
    assert response.status_code == 200, text
    return text


@pytest.fixture
def world(corpus, lead, monkeypatch):
    """Two releases of a closed round and their diff; `again` is open over the same dialogues, and
    `elsewhere` over others. Members may read both releases.
    """
    monkeypatch.setattr(Diff, "later", Diff.run)
    judged = make_judged_round(corpus, dialogues=3)
    dialogues = list(corpus.dialogues.order_by("pk"))
    judged.close(lead)

    class World:
        one = make_release(corpus, [judged])
        other = make_release(corpus, [judged], "1.1.0")
        diff = Diff.request(lead, one, other)
        people = {role: make_member(corpus, role) for role in ROLES}
        free = {role: make_member(corpus, role) for role in ROLES}
        again = make_round(corpus, list(people.values()), dialogues=dialogues[:1], name="再评")
        elsewhere = make_round(corpus, list(free.values()), dialogues=[make_dialogue(corpus)])

        def __init__(self):
            for release in (self.one, self.other):
                MemberAccess.allow(lead, release)

    return World()


def pages(world):
    """Every address that shows something of a release."""
    one, diff = world.one.pk, world.diff.pk
    names = [("release", one), ("release_card", one), ("release_files", one), ("archive", one)]
    names += [("release_diff", diff), ("diff_json", diff), ("diff_progress", diff)]
    found = [reverse(name, args=[pk]) for name, pk in names]
    found += [reverse("release_layout", args=[one, name]) for name in FORMATS]
    files = ["README.md", "judgements.jsonl", "agreement.json", "data/judgements.parquet"]
    found += [reverse("release_file", args=[one, name]) for name in files]
    return [*found, reverse("release_diff", args=[diff]) + "?what=label:emotion"]


def statuses(client, addresses):
    """Of each address the status of a download, of a part of one, of HEAD, of one kept before."""
    asked = [{}, {"range": "bytes=10-"}, {"if-none-match": "*"}, {"if-range": '"x"'}]
    found = {client.get(where, headers=more).status_code for where in addresses for more in asked}
    return found | {client.head(where).status_code for where in addresses}


@pytest.mark.parametrize("role", ROLES)
def test_who_annotates_blind_gets_nothing_of_it_until_the_round_is_closed(
    role, world, client_of, lead
):
    person = world.people[role]
    client, addresses = client_of(person), pages(world)
    assert statuses(client, addresses) == {403}
    page = client.get(addresses[0]).content.decode()
    assert "are annotating these dialogues in 再评" in page and world.one.digest not in page
    form = {"one": world.one.pk, "other": world.other.pk}
    posted = [client.post(reverse("diff"), form)]
    posted += [client.post(reverse("verification", args=[world.one.pk]))]
    assert {answer.status_code for answer in posted} == {403}
    other = client_of(world.free[role])  # annotates, but other dialogues
    assert {other.get(address).status_code for address in addresses} == {200}
    world.again.close(lead)
    assert {client.get(address).status_code for address in addresses} == {200}
    reopen_round(world.again, lead)  # whoever could look meanwhile takes part openly
    expected = {403} if role == "annotator" else {200}
    assert {client.get(address).status_code for address in addresses} == expected
    world.again.dismiss(lead, person)
    assert {client.get(address).status_code for address in addresses} == {200}


@pytest.mark.parametrize("role", ["adjudicator", "lead"])
def test_who_takes_part_openly_sees_it(role, world, client_of):
    person = world.people[role]
    world.again.participants.filter(person=person).update(unblinded=True)
    client = client_of(person)
    assert {client.get(address).status_code for address in pages(world)} == {200}


def test_a_round_that_has_dialogues_alone_withholds_too(world, client_of, corpus):
    """Also before anything is given out, and where the dialogue was taken out of the released
    round later.
    """
    person = make_member(corpus)
    last = corpus.dialogues.filter(round_items__round__in=world.one.rounds.all()).last()
    world.one.rounds.get().round_items.get(dialogue=last).delete()
    open_round(None, corpus, "third", [last], [person], 1)
    assert statuses(client_of(person), pages(world)) == {403}


def test_the_question_for_many_rounds_is_the_same_as_for_each(world, lead):
    for person in [lead, *world.people.values(), *world.free.values()]:
        each = {r for r in Round.objects.all() if blinding_rounds(person, [r]).exists()}
        assert set(withheld_rounds(person)) == each
        releases = {r for r in Release.objects.all() if r.why_withheld(person)}
        assert set(Release.objects.withheld_from(person)) == releases


def test_a_diff_is_withheld_for_either_side(world, client_of, corpus, lead):
    """Also between corpora, for a person who annotates in one of them."""
    foreign = make_corpus(lead)
    theirs = make_release(foreign, [make_judged_round(foreign)])
    for one, other in ((theirs, world.one), (world.one, theirs)):
        found = Diff.request(lead, one, other)
        address, person = reverse("release_diff", args=[found.pk]), world.people["lead"]
        assert client_of(lead).get(address).status_code == 200
        assert client_of(person).get(address).status_code == 404
        foreign.memberships.get_or_create(person=person, role="lead")
        assert client_of(person).get(address).status_code == 403
        form = {"one": one.pk, "other": other.pk}
        assert client_of(person).post(reverse("diff"), form).status_code == 403
        foreign.memberships.filter(person=person).delete()
    page = client_of(person).get(reverse("releases", args=[corpus.pk])).content.decode()
    assert 'name="one"' not in page


@pytest.mark.parametrize("role", ROLES)
def test_the_list_shows_a_withheld_release_without_its_figures(role, world, client_of, corpus):
    client = client_of(world.people[role])
    address = reverse("releases", args=[corpus.pk])
    before = plain(client.get(address))
    assert "1.0.0" in before and before.count("are annotating these dialogues in 再评") == 2
    assert world.one.digest[:12] not in before and ">Compare</button>" not in before
    summary = {"dialogues": {"train": 77_777}, "bytes": 99_999_999}
    Release.objects.update(digest="0" * 64, summary=summary)
    world.one.downloads.create(what="archive", count=5)
    assert plain(client.get(address)) == before
    seen = plain(client_of(world.free[role]).get(address))
    assert "77777" in seen.replace(",", "") and "000000000000" in seen


@pytest.mark.parametrize("role", ["annotator", "adjudicator"])
def test_members_read_what_a_lead_says(role, world, client_of, corpus, lead):
    person, leader = client_of(world.free[role]), client_of(world.free["lead"])
    draft = Release.request(lead, corpus, "2.0.0", list(world.one.rounds.all()))
    access = reverse("member_access", args=[world.one.pk])
    listed = reverse("releases", args=[corpus.pk])
    assert "2.0.0" not in plain(person.get(listed)) and "2.0.0" in plain(leader.get(listed))
    assert "for members" not in plain(person.get(listed))
    assert "for members" in plain(leader.get(listed))
    assert person.post(access, {"allowed": "0"}).status_code == 404
    assert client_of(make_person()).post(access, {"allowed": "0"}).status_code == 404
    for _twice in range(2):
        assert leader.post(access, {"allowed": "0"}).status_code == 302
    assert Event.objects.filter(verb="disallow", noun="release").count() == 1
    assert {person.get(where).status_code for where in pages(world)} == {404}
    assert ">1.0.0<" not in plain(person.get(listed)) and ">1.1.0<" in plain(person.get(listed))
    page = plain(leader.get(reverse("release", args=[world.one.pk])))
    assert "Only leads may read it: it contains everybody" in page
    for _twice in range(2):
        assert leader.post(access, {"allowed": "1"}).status_code == 302
    rows = Event.objects.filter(verb="allow", noun_id=world.one.pk, person=world.free["lead"])
    assert rows.count() == 1 and rows.get().detail == {"version": "1.0.0"}
    assert {person.get(where).status_code for where in pages(world)} == {200}
    page = plain(leader.get(reverse("release", args=[world.one.pk])))
    assert f"{world.free['lead']} allowed it on" in page
    assert (
        leader.post(reverse("member_access", args=[draft.pk]), {"allowed": "1"}).status_code == 404
    )
    MemberAccess.objects.create(release=draft)  # cannot come about on the pages
    assert person.get(reverse("release", args=[draft.pk])).status_code == 404
    MemberAccess.objects.all().delete()
    assert "No release is available to you." in plain(person.get(listed))


def test_nobody_is_let_read_what_is_withdrawn_or_not_seen_by_who_lets(world, client_of, lead):
    access = reverse("member_access", args=[world.one.pk])
    blind = client_of(world.people["lead"])
    assert blind.post(access, {"allowed": "1"}).status_code == 403
    assert blind.post(access, {"allowed": "0"}).status_code == 302  # takes away, shows nothing
    assert not MemberAccess.objects.filter(release=world.one).exists()
    world.one.retract(lead, "withdrawn", "why")
    with pytest.raises(UserError, match="is withdrawn"):
        MemberAccess.allow(lead, world.one)
    page = client_of(lead).post(access, {"allowed": "1"}, follow=True).content.decode()
    assert "is withdrawn" in page and not MemberAccess.objects.filter(release=world.one).exists()


def test_a_link_is_refused_to_who_is_signed_in_and_annotates_blind(world, client, client_of, lead):
    until = timezone.now() + datetime.timedelta(days=3)
    link = Share.give(lead, world.one, "Cite it.", until)
    token = link.accept_terms("王力", "清华大学", "").token
    addresses = [
        reverse("shared", args=[link.token]),
        reverse("grant", args=[token]),
        reverse("granted_archive", args=[token]),
        reverse("granted_file", args=[token, "judgements.jsonl"]),
        *(reverse("granted_layout", args=[token, name]) for name in FORMATS),
    ]
    terms = {"name": "a", "affiliation": "b", "accepted": "on"}
    for role in ROLES:
        blind = client_of(world.people[role])
        assert statuses(blind, addresses) == {403}
        assert blind.post(addresses[0], terms).status_code == 403
        openly = client_of(world.free[role])
        assert {openly.get(where).status_code for where in addresses} == {200}
    assert link.grants.count() == 1
    for who in (client, client_of(make_person())):
        assert {who.get(where).status_code for where in addresses} == {200}
    page = plain(client_of(lead).get(reverse("release", args=[world.one.pk])))
    assert "people who are not signed in are not recognised" in page
    links = reverse("release_links", args=[world.one.pk])
    form = {"terms": "x", "expires_at": "2999-01-01"}
    assert client_of(world.people["lead"]).post(links, form).status_code == 403
    retract = reverse("retraction", args=[world.one.pk])
    for kind in ("withdrawn", "superseded", ""):  # the last ones would show the page again
        answer = client_of(world.people["lead"]).post(retract, {"kind": kind, "reason": "x"})
        assert answer.status_code == 403
    assert not world.one.retractions.exists()


def test_a_blind_lead_freezes_and_does_not_look(world, client_of, corpus, lead):
    """What is open in their rounds and in those about the same dialogues is not named."""
    blind = client_of(world.people["lead"])
    address = reverse("new_release", args=[corpus.pk])
    rounds = [world.again, *world.one.rounds.all()]
    asked = address + f"?round={world.again.pk}"
    before = [plain(blind.get(where)) for where in (address, asked)]
    assert all("because you annotate these dialogues" in page for page in before)
    assert "not checked for quality" not in before[1]
    other = world.people["annotator"]
    given = world.again.assignments.get(person=other)
    utterance = given.dialogue.utterances.first()
    given.comments.create(utterance=utterance, kind="comment", words="明明是反话")
    judge(given, emotion="joy")
    for judged in rounds:
        judged.quality_flags.create(
            kind="fast",
            person=other,
            key="k",
            neg_log10_p=4.2,
            rows=[],
            count=0,
            evidence={"dialogues": 3, "of": 4, "usual": 0.02},
        )
    assert [plain(blind.get(where)) for where in (address, asked)] == before
    assert "明明是反话" in plain(client_of(lead).get(asked))
    release = Release.request(world.people["lead"], corpus, "2.0.0", [world.again])
    page = reverse("release", args=[release.pk])
    assert "progress" in plain(blind.get(page))
    progress = reverse("release_progress", args=[release.pk])
    waiting = re.sub(r"\s+", " ", plain(blind.get(progress)))
    assert "Waiting for a worker" in waiting
    release.run()
    assert release.status == JobStatus.DONE, release.failure_text
    done = blind.get(progress)
    assert done["HX-Refresh"] == "true" and release.digest not in done.content.decode()
    assert blind.get(page).status_code == 403
    assert client_of(lead).get(page).status_code == 200


@pytest.mark.parametrize(("view", "count"), [("audio", 0), ("silent", 0), ("text", 2), ("full", 2)])
def test_the_review_leaves_out_words_that_a_round_withholds(view, count, corpus, client_of, lead):
    ours, theirs = make_dialogue(corpus), make_dialogue(corpus)
    opened = make_round(corpus, [lead, make_member(corpus)], dialogues=[ours], view=view)
    address = reverse("personal_data", args=[corpus.pk])
    client, listed_at = client_of(lead), search_for_personal_data(corpus).listed_at
    empty = plain(client.get(address))
    Utterance.objects.filter(dialogue=ours).update(text="打13812345678", translation="a@b.cn")
    search_for_personal_data(corpus).set_date(listed_at)
    page = plain(client.get(address))
    utterance = ours.utterances.first()
    inspect = reverse("personal_data_review", args=[utterance.pk])
    form = {"words": "13812345678", "outcome": "keep"}
    if count:
        assert page.count("<mark>13812345678</mark>") == count and "left out" not in page
        assert client.post(inspect, form).status_code == 302
        return
    assert page == empty and "1 dialogue is left out" in page
    assert client.post(inspect, form).status_code == 403
    assert client.post(inspect, {"words": "x"}).status_code == 403  # says nothing of the words
    assert not PersonalDataReview.objects.exists()
    Utterance.objects.filter(dialogue=theirs).update(text="拨010-62751234")
    search_for_personal_data(corpus)
    assert "<mark>010-62751234</mark>" in plain(client.get(address))
    opened.close(lead)
    assert plain(client.get(address)).count("<mark>13812345678</mark>") == 2
    assert client.post(inspect, form).status_code == 302
