"""Options of management commands that cannot be: one sentence, and nothing was done."""

import io

import pytest
from django.core.management import CommandError, call_command

from core.command_options import name, path, real, whole
from corpus.models import Corpus, Source
from releases.models import Release
from tests.factories import make_judged_round, make_release

WRONG = [
    ("train 1.0.0 --corpus C --seed -1", "from 0 to 2147483647, not '-1'"),
    ("train 1.0.0 --corpus C --seed 1e3", "not '1e3'"),
    ("freeze 2.0.0 --corpus C --seed 99999999999999999999999", "a whole number from 0 to"),
    ("freeze 2.0.0 --corpus C --rounds 99999999999999999999999", "a whole number from 1 to"),
    ("freeze 2.0.0 --corpus C --rounds 77", "has no round 77 whose answers"),
    ("open_round r --corpus C --annotators lead --overlap 0", "a whole number from 1 to"),
    ("open_round r --corpus C --annotators lead --overlap 1 --seed -1", "a whole number from 0"),
    ("open_round LONG --corpus C --annotators lead --overlap 1", "a name of 1 to 80 characters"),
    ("ingest FILM --corpus C --gap nan", "a number from 0.05 to 600, not 'nan'"),
    ("ingest FILM --corpus C --gap 1e999", "not '1e999'"),
    ("ingest FILM --corpus C --gap -5", "not '-5'"),
    ("ingest FILM --corpus C --track -1", "a whole number from 0"),
    ("ingest FILM --corpus C --title LONG", "a name of 1 to 80 characters"),
    ("ingest FILM --corpus C --column text", "expected ROLE=NAME"),
    ("import_corpus FILM --format cmma --corpus LONG", "a name of 1 to 120 characters"),
    ("export_release C@1.0.0 --format elan --to FILM", "is a file; name a folder"),
    ("export_release C@1.0.0 --format elan --to RELEASE/x", "lies inside the release"),
    ("push_release 1.0.0 --corpus C --to s3://b/p --endpoint nonsense", "Invalid endpoint"),
]


def test_a_wrong_option_is_named_and_nothing_is_done(corpus, lead, film):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=3)])
    Corpus.objects.update(name="C")
    names = {"FILM": str(film), "LONG": "n" * 500, "RELEASE": str(release.directory)}
    before = sorted(release.directory.rglob("*"))
    sources = Source.objects.count()
    for line, part in WRONG:
        words = [*line.split()]
        for word, meant in names.items():
            words = [each.replace(word, meant) for each in words]
        with pytest.raises(CommandError) as result:
            call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
        assert part in str(result.value), line
        assert "\n" not in str(result.value)
    assert sorted(release.directory.rglob("*")) == before
    assert Release.objects.count() == 1 and Source.objects.count() == sources
    assert Corpus.objects.count() == 1 and corpus.rounds.count() == 1


def test_what_options_read():
    assert whole(1)("3") == 3 and real(0, 1)("0.5") == 0.5
    assert name(3)("一二三") == "一二三" and path("a/b").name == "b"
    for read, text in (
        (whole(1), "0"),
        (real(0, 1), "nan"),
        (name(3), "a\nb"),
        (path, "a\0"),
        (path, "\ud800"),
    ):
        with pytest.raises(Exception, match="expected"):
            read(text)
