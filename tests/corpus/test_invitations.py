"""Invitations: who is invited, what a link opens, who becomes a member and who does not."""

import datetime
import re
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.errors import UserError
from corpus.invitation_mail import send_invitation
from corpus.models import Invitation, InvitationEmail, Membership
from corpus.models.invitations import ClosedLink
from people.models import Event, Person
from tests.factories import make_corpus, make_dialogue, make_member, make_person, open_round

SECRET = "a long and odd pass phrase"
ACCOUNT = {
    "username": "newcomer",
    "name": "新人",
    "email": "",
    "password1": SECRET,
    "password2": SECRET,
}
CSV = """角色,姓名,邮箱
标注者,李娜,lina@example.org
裁决者,王芳,wangfang@example.org
教练,赵,z@x.org
,钱,钱
"""


@pytest.fixture
def client(client_of, lead):
    return client_of(lead)


@pytest.fixture
def address(corpus):
    return reverse("invitations", args=[corpus.pk])


@pytest.fixture
def opened(corpus):
    make_dialogue(corpus)
    return open_round(corpus, [make_member(corpus)], name="pilot")


def form(**fields):
    return {"role": "annotator", "days": "14", "people": "", **fields}


def link(invitation):
    return reverse("invitation", args=[invitation.token])


def verbs(corpus):
    return list(Event.objects.filter(corpus_id=corpus.pk).values_list("verb", flat=True))


def test_no_token_stands_in_the_database(lead, corpus, settings):
    invitation = Invitation.invite(lead, corpus)
    stored = Invitation.objects.get(pk=invitation.pk)
    token = invitation.token
    with connection.cursor() as cursor:
        row = cursor.execute(f"SELECT * FROM {Invitation._meta.db_table}").fetchone()
    assert len(token) == 43 and token not in map(str, row)
    assert list(Invitation.objects.with_token(token)) == [stored] and stored.token == token
    settings.SECRET_KEY = "another"  # then the link still opens, and cannot be told again
    assert stored.token == "" and Invitation.objects.with_token(token).exists()


def test_a_newcomer_makes_an_account_and_has_the_round(client, corpus, opened, address):
    sent = client.post(address, form(people="Li Na <lina@example.org>", round=opened.pk))
    sheet = client.get(sent.url).content.decode()
    invitation = Invitation.objects.get()
    assert link(invitation) in sheet and "data:image/svg+xml" in sheet
    assert corpus.memberships.count() == 2
    guest = Client()
    page = guest.get(link(invitation)).content.decode()
    assert 'value="lina@example.org"' in page and 'value="Li Na"' in page and "pilot" in page
    assert Invitation.objects.with_status().get().status == "opened"
    weak = guest.post(
        link(invitation), ACCOUNT | {"password1": "12345678", "password2": "12345678"}
    )
    assert "password" in weak.content.decode() and not Person.objects.filter(username="newcomer")
    done = guest.post(link(invitation), ACCOUNT)
    assert done.url == f"{reverse('my_tasks')}#r{opened.pk}"
    person = Person.objects.get(username="newcomer")
    assert corpus.role_of(person) == "annotator"
    assert opened.participants.filter(person=person, left_at=None).exists()
    assert "Start annotating" in guest.get("/tasks/").content.decode()
    assert {"invite", "accept invitation"} <= set(verbs(corpus))
    used = Client().get(link(invitation))
    assert used.status_code == 410 and "already been used" in used.content.decode()
    assert guest.get(link(invitation)).url == done.url  # who accepted it is led on
    assert Client().get("/invitations/unknown/").status_code == 404


def test_who_has_an_account_accepts_with_one_click(client_of, lead, corpus):
    guest, invitation = make_person("guest"), Invitation.invite(lead, corpus, role="adjudicator")
    page = Client().get(link(invitation)).content.decode()
    assert f"/sign-in/?next={link(invitation)}" in page
    done = client_of(guest).post(link(invitation))
    assert done.url == reverse("corpus", args=[corpus.pk])
    assert corpus.role_of(guest) == "adjudicator"


def test_an_annotator_without_a_round_learns_what_happens(client_of, lead, corpus):
    guest, invitation = make_person("guest"), Invitation.invite(lead, corpus)
    page = client_of(guest).post(link(invitation), follow=True)
    assert page.request["PATH_INFO"] == "/tasks/"
    assert "when a lead adds you to a round" in page.content.decode()


def test_a_closed_round_lets_its_people_into_the_corpus(client_of, lead, corpus, opened):
    invitation = Invitation.invite(lead, corpus, round_id=opened.pk)
    opened.close(lead)
    guest = make_person("guest")
    page = client_of(guest).post(link(invitation), follow=True).content.decode()
    assert "The round of the invitation is closed" in page
    assert corpus.role_of(guest) == "annotator"


def test_a_block_in_a_round_is_not_lifted_by_an_invitation(lead, corpus, opened):
    seat = opened.participants.get()
    seat.block(lead)
    Invitation.invite(lead, corpus, round_id=opened.pk).accept(seat.person)
    seat.refresh_from_db()
    assert seat.blocked_at is not None


def test_a_role_is_raised_and_never_lowered(client_of, lead, corpus):
    judge = make_member(corpus, Membership.Role.ADJUDICATOR)
    lower = Invitation.invite(lead, corpus)
    page = client_of(judge).post(link(lower)).content.decode()
    assert "already a member" in page and corpus.role_of(judge) == "adjudicator"
    lower.refresh_from_db()
    assert lower.accepted_by is None
    Invitation.invite(lead, corpus, role="lead").accept(judge)
    assert corpus.role_of(judge) == "lead"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda one, lead: one.revoke(lead), "was revoked"),
        (lambda one, lead: one.decline(lead), "was declined"),
        (lambda one, lead: Invitation.objects.update(expires_at=timezone.now()), "expired on"),
        (lambda one, lead: one.corpus.archive(lead), "is archived"),
    ],
)
def test_a_link_that_is_over_says_so(lead, corpus, change, sentence):
    invitation = Invitation.invite(lead, corpus)
    change(invitation, lead)
    for answer in (Client().get(link(invitation)), Client().post(link(invitation), ACCOUNT)):
        assert answer.status_code == 410 and sentence in answer.content.decode()
    with pytest.raises(ClosedLink):
        Invitation.objects.get().accept(make_person())
    assert not Person.objects.filter(username="newcomer") and corpus.memberships.count() == 1


def test_an_account_is_invited_and_answers_on_its_start_page(client, client_of, corpus, address):
    guest, other = make_person("guest"), make_person("other")
    for username in ("guest", "other"):
        client.post(address, form(people=username))
    assert corpus.memberships.count() == 1
    first, second = Invitation.objects.order_by("pk")
    mine = client_of(guest)
    assert "invites you to" in mine.get("/").content.decode()
    assert mine.post(reverse("accept_invitation", args=[second.pk])).status_code == 404
    assert mine.get(link(second)).status_code == 403
    anonymous = Client().get(link(second)).content.decode()
    assert "password1" not in anonymous and "Sign in with it" in anonymous
    mine.post(reverse("accept_invitation", args=[first.pk]))
    assert corpus.role_of(guest) == "annotator"
    client_of(other).post(reverse("decline_invitation", args=[second.pk]))
    assert corpus.role_of(other) is None and "decline" in verbs(corpus)
    again = client.post(address, form(people="guest")).content.decode()
    assert "is already a member" in again and Invitation.objects.count() == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_list_is_checked_by_line_before_anything_is_made(client, corpus, address, encoding):
    file = SimpleUploadedFile("名单.csv", CSV.encode(encoding))
    page = client.post(address, form(people="“Zhou” zhou@example.org, lead", file=file, count=2))
    words = page.content.decode()
    assert "3 people can be invited" in words and "2 links without a name" in words
    assert "Line 4" in words and "“教练” is no role" in words and "Line 5" in words
    assert not Invitation.objects.exists()
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', words)
    sent = {name: value.replace("&quot;", '"') for name, value in fields}
    made = client.post(address, sent)
    roles = dict(Invitation.objects.exclude(email="").values_list("email", "role"))
    assert roles == {
        "zhou@example.org": "lead",
        "lina@example.org": "annotator",
        "wangfang@example.org": "adjudicator",
    }
    assert Invitation.objects.count() == 5
    table = client.get(reverse("invitations_csv", args=[corpus.pk]) + "?" + made.url.split("?")[1])
    rows = table.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 6 and "李娜,lina@example.org,,annotator" in rows[2]
    assert all("http://testserver/invitations/" in row for row in rows[1:])
    repeated = client.post(address, form(people="LINA@example.org")).content.decode()
    assert "has an open invitation already" in repeated and Invitation.objects.count() == 5


def test_what_cannot_be_read_is_said(client, address):
    def said(**fields):
        return client.post(address, form(**fields)).content.decode()

    assert "Nobody to invite" in said()
    assert "There is no account “nobody”" in said(people="nobody\na@example.org")
    assert "The same person as in line 1" in said(people="a@example.org\nA@example.org")
    table = SimpleUploadedFile("list.csv", b"height,width\n1,2\n")
    assert "no column for e-mail addresses" in said(file=table)
    assert "at most 300" in said(people="\n".join(f"p{n}@example.org" for n in range(301)))
    assert "cannot be read" in said(rows="[1]")
    bare = SimpleUploadedFile("list.csv", b"a@example.org,Ann\nb@example.org,Bo\n")
    assert "2 people can be invited" in said(file=bare)
    assert not Invitation.objects.exists()


def test_renewing_extending_and_revoking(client, client_of, corpus, lead):
    other = make_person("second")
    corpus.memberships.create(person=other, role="lead")
    invitation = Invitation.invite(lead, corpus, email="a@example.org")
    old = link(invitation)
    sheet = reverse("invitation_sheet", args=[corpus.pk])
    assert old in client.get(sheet).content.decode()
    assert old not in client_of(other).get(sheet).content.decode()
    renewed = client_of(other).post(reverse("renew_invitation", args=[invitation.pk]))
    invitation.refresh_from_db()
    assert link(invitation) in client_of(other).get(renewed.url).content.decode()
    assert (
        Client().get(old).status_code == 404 and Client().get(link(invitation)).status_code == 200
    )
    Invitation.objects.update(expires_at=timezone.now() - datetime.timedelta(days=1))
    client.post(reverse("extend_invitation", args=[invitation.pk]), {"days": "7"})
    assert Client().get(link(invitation)).status_code == 200
    client.post(reverse("revoke_invitation", args=[invitation.pk]))
    assert Client().get(link(invitation)).status_code == 410
    known = {"renew invitation", "extend invitation", "revoke invitation"}
    assert known <= set(verbs(corpus))
    stranger = client_of(make_person())
    assert stranger.post(reverse("renew_invitation", args=[invitation.pk])).status_code == 404


def test_the_list_is_searched_filtered_and_sorted(client, lead, corpus, address):
    for name in ("bo", "ann"):
        Invitation.invite(lead, corpus, name=name)
    gone = Invitation.invite(lead, corpus, name="zoe")
    gone.accept(make_member(make_corpus()))

    def shown(**query):
        return [row.name for row, _round in client.get(address, query).context["table"]]

    assert shown() == ["zoe", "ann", "bo"] and shown(sort="for") == ["ann", "bo", "zoe"]
    assert shown(status="accepted") == ["zoe"] and shown(q="BO") == ["bo"]
    assert shown(sort="status")[0] == "zoe" and shown(sort="x") == ["zoe", "ann", "bo"]
    table = b"".join(client.get(address, {"format": "csv"}).streaming_content).decode()
    assert "zoe" in table and link(gone).split("/")[2] not in table


def test_the_links_of_a_lead_end_with_their_role(client, corpus, lead):
    other = make_person("second")
    member = corpus.memberships.create(person=other, role="lead")
    invitation = Invitation.invite(other, corpus, role="lead")
    client.post(reverse("membership", args=[member.pk]), {"role": "none"})
    assert Client().get(link(invitation)).status_code == 410


def test_an_email_is_sent_in_the_language_of_its_sender(
    client, corpus, address, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_ENABLED = True
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            address, form(people="Ann, a@example.org", send="on", message="欢迎"),
            headers={"accept-language": "zh-hans"},
        )  # fmt: skip
    (mail,) = mailoutbox
    invitation = Invitation.objects.with_status().get()
    assert mail.to == ["a@example.org"] and f"http://testserver{link(invitation)}" in mail.body
    assert "邀请您" in mail.subject and "欢迎" in mail.body and corpus.name in mail.body
    assert invitation.status == "sent"


def test_a_refusing_mail_server_is_named(client, lead, corpus, address, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # where nothing listens
    invitation = Invitation.invite(lead, corpus, email="a@example.org")
    job = InvitationEmail.request(lead, invitation, "http://testserver/", "en")
    job.run()
    page = client.get(address).content.decode()
    assert job.status == "failed" and "could not be sent: The mail server did not take it" in page
    invitation.revoke(lead)
    with pytest.raises(UserError):
        send_invitation(InvitationEmail.objects.get())


def in_threads(*acts):
    """Do all at once, each with a connection of its own; what each returned or raised."""
    found, barrier = [], threading.Barrier(len(acts))

    def run(act):
        try:
            barrier.wait()
            found.append(act())
        except UserError as error:
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_make_one_member():
    lead = make_person()
    corpus = make_corpus(lead)
    invitation, people = Invitation.invite(lead, corpus), [make_person(), make_person()]
    found = in_threads(*(lambda who=who: invitation.accept(who) for who in people))
    assert sum(isinstance(each, ClosedLink) for each in found) == 1
    assert corpus.memberships.count() == 2
    again = Invitation.invite(lead, corpus, role="lead")
    clicks = in_threads(*(lambda: again.accept(people[0]) for _ in range(2)))
    assert [each.pk for each in clicks] == [again.pk] * 2
    last = Invitation.invite(lead, corpus)
    guest = make_person()
    in_threads(lambda: last.accept(guest), lambda: last.revoke(lead))
    last.refresh_from_db()
    assert (last.accepted_by == guest) == (corpus.role_of(guest) is not None)
    assert (last.accepted_by is None) == (last.revoked_at is not None)
