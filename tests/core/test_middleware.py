"""What requests bring that cannot be read: refused with a sentence, whichever view it is for."""

import logging

import pytest
from django.db import DataError, connection
from django.test import Client
from django.urls import reverse

from core.errors import UserError
from corpus.models import Corpus
from people.models import Person
from releases.models import Release
from tests.factories import make_dialogue, make_member, open_round

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def client(client_of, lead):
    return client_of(lead)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/?q=%00", "a NUL character"),
        ("/?q=%FF", "bytes that are not UTF-8"),
        ("/?%ED%A0%80=1", "bytes that are not UTF-8"),
        ("/corpora/1/speakers/?q=a%00b", "a NUL character"),
        ("/invitations/%00/", "a NUL character"),
        ("/shared/a%00b/", "a NUL character"),
        ("/static/%00.css", "a NUL character"),
        ("/api/rounds/1/agreement/?x=%00", "a NUL character"),
        ("/guides/?q=" + "x" * 201, "at most 200 characters"),
        ("/corpora/{pk}/members/?removed=²", "is not a whole number"),
        ("/corpora/{pk}/members/?removed=" + "9" * 30, "is not a whole number"),
    ],
)
def test_addresses(client, corpus, address, says):
    answer = client.get(address.replace("{pk}", str(corpus.pk)))
    assert answer.status_code == 400 and says in answer.content.decode()
    is_json = answer.headers["Content-Type"] == "application/problem+json"
    assert is_json == address.startswith("/api/")


def test_an_installation_with_the_demo_answers_so_too(client, settings):
    """Its sign-in page names the demo accounts, by who asks; a refused request has nobody."""
    settings.DEMO = True
    for asker in (client, Client(raise_request_exception=False)):
        answer = asker.get("/sign-in/?q=%00")
        assert answer.status_code == 400 and "NUL" in answer.content.decode()


@pytest.mark.parametrize("pk", ["9" * 18, "9" * 19, "9" * 40, "9" * 5000, "٣", "²", "-1", "1.0"])
def test_ids_that_nothing_has(client, pk):
    for place in ("corpora", "sources", "dialogues", "releases", "runs", "rounds", "speakers"):
        assert client.get(f"/{place}/{pk}/").status_code == 404
    assert connection.is_usable()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"name=a%00b", "“name” has a NUL character"),
        (b"name=%FF", "bytes that are not UTF-8"),
        (b"other=%00&name=x", "a NUL character"),
        (b"%00=1&name=x", "a NUL character"),
        (b"name=x&" + b"&".join(b"a%d=1" % n for n in range(1001)), "too many fields"),
    ],
)
def test_forms(client, body, says):
    before = Corpus.objects.count()
    answer = client.post(reverse("new_corpus"), body, content_type=FORM)
    assert answer.status_code == 400
    assert says in answer.content.decode() or "NUL" in says
    assert Corpus.objects.count() == before


def test_forms_in_parts(client):
    address, boundary = reverse("new_corpus"), "multipart/form-data; boundary=x"
    part = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\0b\r\n--x--\r\n'
    answer = client.post(address, part, content_type=boundary)
    assert answer.status_code == 400 and "NUL" in answer.content.decode()
    for kind in ("multipart/form-data", "multipart/form-data; boundary="):
        answer = client.post(address, part, content_type=kind)
        assert answer.status_code == 400 and "damaged" in answer.content.decode()
    for charset in ("hex", "rot13", "utf-16", "zip", "x" * 500, "é"):
        kind = f"{boundary}; charset={charset}"
        assert client.generic("POST", address, part, kind).status_code == 400
    assert Corpus.objects.count() == 0


def test_a_form_that_is_too_large(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = client.post(reverse("new_corpus"), {"name": "x" * 200})
    assert answer.status_code == 413 and "too large" in answer.content.decode()


def test_it_is_said_in_the_language_of_the_reader(client):
    answer = client.get("/?q=%00", headers={"accept-language": "zh-hans"})
    assert "地址中含有空字符（NUL）" in answer.content.decode()


@pytest.mark.parametrize("name", ["Range", "Accept-Language", "If-None-Match", "HX-Target"])
def test_headers(client, name):
    answer = client.get("/", headers={name: "a\0b"})
    assert answer.status_code == 400 and "header" in answer.content.decode()


def test_a_garbled_cookie_is_as_if_it_had_not_come():
    garbled = 'sessionid="\\000x"; csrftoken="\\000"; django_language="\\000"'
    answer = Client().get("/sign-in/", headers={"cookie": garbled})
    assert answer.status_code == 200 and "\0" not in answer.content.decode()


@pytest.mark.parametrize("field", ["username", "password"])
def test_signing_in_with_what_no_name_has(field):
    Person.objects.create_user("anna", password="secret-for-tests")
    form = {"username": "anna", "password": "secret-for-tests"}
    for odd in ("a\0b", "x" * 5000, "\u202e", "９" * 30):
        answer = Client().post("/sign-in/", form | {field: odd})
        assert answer.status_code == (400 if "\0" in odd else 200)


def test_the_language_form_goes_nowhere_else():
    for place in ("//evil.example", "http://[", "\r\nX: y", "javascript:1", "x" * 5000):
        answer = Client().post("/language/", {"language": "xx", "next": place})
        assert answer.status_code in (204, 302, 400)
        assert "evil" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_methods_that_no_page_has(client, corpus, method):
    address = reverse("corpus", args=[corpus.pk])
    answer = client.generic(method, address)
    assert answer.status_code == 405 and answer.headers["Allow"] == "GET, HEAD, POST"


def test_the_net_below_logs_what_it_holds(client, corpus, monkeypatch, caplog):
    """A database that cannot keep a value: 400, and a trace that names the missing check."""

    def fails(error):
        def view(*_):
            raise error

        monkeypatch.setattr("corpus.views.corpora.corpus_of", view)
        return client.get(reverse("members", args=[corpus.pk]))

    with caplog.at_level(logging.ERROR, "core.middleware"):
        answer = fails(OverflowError("Python int too large to convert to SQLite INTEGER"))
    assert answer.status_code == 400 and "Nothing was saved" in answer.content.decode()
    assert caplog.records[-1].exc_info
    for fault in (DataError("division by zero"), OverflowError("math range error")):
        fault.__cause__ = type("E", (Exception,), {"sqlstate": "22012"})()
        with pytest.raises(type(fault)):  # faults of ours stay what they are
            fails(fault)


def test_pieces_of_uploads(client, corpus):
    address = reverse("new_upload", args=[corpus.pk])

    def begun(**headers):
        return client.post(address, headers=headers).status_code

    for name in (
        "filename \xff",
        "filename ====",
        "filename AAAA",
        "filename 7aCA",
        "filename 7Q==",
    ):
        assert begun(**{"upload-length": "10", "upload-metadata": name}) == 400
    for size in ("²", "９", "-1", "1e9", "9" * 30, "0x10"):
        assert begun(**{"upload-length": size}) == 400
    assert begun(**{"upload-length": "0"}) == 413 and begun() == 413
    long = "filename " + "YWFh" * 999
    assert begun(**{"upload-length": "10", "upload-metadata": long}) == 201
    piece = reverse("upload", args=[corpus.uploads.get().token])
    kind = "application/offset+octet-stream"
    for offset in ("²", "-1", "9" * 30):
        answer = client.patch(piece, b"x", kind, headers={"upload-offset": offset})
        assert answer.status_code == 400
    wrong = {"upload-offset": "0", "upload-checksum": "sha256 \xff"}
    assert client.patch(piece, b"x", kind, headers=wrong).status_code == 460


def test_members_read_no_page_by_a_strange_role(client, corpus):
    member = corpus.memberships.get(person=make_member(corpus))
    for role in ("LEAD", "lead ", "x" * 99, "ｌead"):
        client.post(reverse("membership", args=[member.pk]), {"role": role})
        member.refresh_from_db()
        assert member.role == "annotator"


def test_verbs_refuse_texts_that_a_column_does_not_hold(lead, corpus):
    make_dialogue(corpus)
    with pytest.raises(UserError, match="at most 120 characters"):
        Corpus.create(lead, name="x" * 121)
    with pytest.raises(UserError, match="at most 80 characters"):
        open_round(corpus, [make_member(corpus)], name="x" * 81)
    with pytest.raises(UserError, match="at most 20 characters"):
        Release.request(lead, corpus, "1.0." + "0" * 20, [open_round(corpus, [lead])])
    assert not corpus.rounds.filter(name__startswith="x").exists()
    assert Corpus.objects.count() == 1 and not Release.objects.exists()
