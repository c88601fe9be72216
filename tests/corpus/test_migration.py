"""A filled database of 0.1.0 keeps every row, under its name of today."""

import datetime

import pytest
from django.db import connection
from django.test import Client

from corpus.models import Corpus, Invitation, Membership
from people.access_tokens import digest_of
from tests.factories import make_corpus, make_person, make_source
from tests.migration_steps import migration_steps

BEFORE = [("corpus", "0010_blind_adjudication"), ("people", "0001_initial")]
KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.django_db(transaction=True)
def test_rows_of_before_are_those_of_today(django_db_serialized_rollback):
    lead, other = make_person("lead"), make_person("other")
    source = make_source(make_corpus(lead))
    owned, empty = make_corpus(lead), make_corpus(other)
    Membership.objects.filter(corpus__in=[owned, empty]).delete()
    for person, role in ((make_person(), "annotator"), (other, "lead"), (lead, "lead")):
        Membership.objects.create(corpus=owned, person=person, role=role)
    executor = migration_steps()
    nodes = list(executor.loader.graph.leaf_nodes())
    try:
        executor.migrate(BEFORE)
        old = migration_steps().loader.project_state(BEFORE).apps
        rows = old.get_model("corpus", "Source").objects.filter(pk=source.pk)
        rows.update(looked={"shots": [[1.5, 0.4]]}, brought="a.srt", reading={"sheet": "x"})
        finding = old.get_model("corpus", "Finding").objects.create(
            source_id=source.pk, line=3, column="text", value="a", outcome="warning", reason="b"
        )
        dialogue = old.get_model("corpus", "Dialogue").objects.create(
            corpus_id=source.corpus_id, source_id=source.pk, uid="D", number=1, cutter=2, shown=4
        )
        for name, values in {
            "IntegrityCheck": {},
            "ClipRecut": {"dialogues": [1], "changed": 5, "left": [{"dialogue": "D"}]},
        }.items():
            old.get_model("corpus", name).objects.create(
                corpus_id=source.corpus_id, since="2026-01-02T03:04:05Z", **values
            )
        event = old.get_model("people", "Event").objects
        invitations = old.get_model("people", "Invitation").objects
        tokens = [("the-open-one", None), ("the-used-one", lead.pk)]
        invited = [
            invitations.create(token=token, invited_by_id=lead.pk, accepted_by_id=who).pk
            for token, who in tokens
        ]
        for verb, noun in (("found", "corpus"), ("recut", "source"), ("recut clips", "source")):
            event.create(verb=verb, noun=noun, noun_id=1)
        _keep_token(lead)
    finally:
        executor = migration_steps()
        executor.migrate(nodes)
    new = executor.loader.project_state(nodes).apps
    kept = new.get_model("corpus", "Source").objects.get(pk=source.pk)
    assert kept.inspection == {"shots": [[1.5, 0.4]]}
    assert (kept.uploaded_transcript, kept.read_options) == ("a.srt", {"sheet": "x"})
    problem = new.get_model("corpus", "ImportProblem").objects.get(pk=finding.pk)
    assert (problem.source_id, problem.line, problem.value) == (source.pk, 3, "a")
    assert list(kept.import_problems.values_list("pk", flat=True)) == [finding.pk]
    row = new.get_model("corpus", "Dialogue").objects.get(pk=dialogue.pk)
    assert (row.cutter_version, row.published_revision) == (2, 4)
    check = new.get_model("corpus", "IntegrityCheck").objects.get()
    recut = new.get_model("corpus", "ClipRecut").objects.get()
    assert check.requested_at.day == recut.requested_at.day == 2
    assert (recut.recut_count, recut.skipped) == (5, [{"dialogue": "D"}])
    verbs = new.get_model("people", "Event").objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs)[-3:] == ["create", "resegment", "recut clips"]
    assert set(Invitation.objects.values_list("pk", flat=True)) == set(invited)
    kept = Invitation.objects.with_token("the-open-one").get()
    assert (kept.pk, kept.corpus, kept.token) == (invited[0], None, "")
    assert kept.expires_at - kept.created_at == datetime.timedelta(days=14)
    assert Invitation.objects.get(pk=invited[1]).accepted_by == lead
    assert Invitation.objects.create(invited_by=lead).pk > max(invited)
    form = {"username": "new", "password1": "an odd pass phrase", "password2": "an odd pass phrase"}
    assert "password1" in Client().get("/invitations/the-open-one/").content.decode()
    assert Client().post("/invitations/the-open-one/", form).url == "/"
    assert Client().get("/invitations/the-open-one/").status_code == 410
    # the first lead is the owner
    assert Corpus.objects.get(pk=owned.pk).owner == other
    assert Corpus.objects.get(pk=empty.pk).owner is None
    assert Membership.objects.filter(corpus=owned).count() == 3
    # and tokens go on
    assert "authtoken_token" not in connection.introspection.table_names()
    token = lead.access_tokens.get()
    assert (token.name, token.digest, token.expires_at) == ("earlier token", digest_of(KEY), None)
    assert token.scopes.split() == ["read", "annotate"] and token.created_at.year == 2026
    header = {"Authorization": f"Token {KEY}"}
    answer = Client().get("/api/rounds/1/agreement/", headers=header)
    assert answer.status_code == 404  # who it is is known, and the round is not there


def _keep_token(person):
    """The table of tokens as it was, with one."""
    columns = "key varchar(40) PRIMARY KEY, created timestamp NOT NULL, user_id bigint NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE authtoken_token ({columns} REFERENCES people_person (id))")
        row = [KEY, "2026-01-02 03:04:05", person.pk]
        cursor.execute("INSERT INTO authtoken_token VALUES (%s, %s, %s)", row)
