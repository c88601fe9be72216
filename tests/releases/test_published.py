"""A published corpus as a release, on the real tables where they are at hand."""

import json

import pytest
from django.core.management import call_command

from annotation.models import Round
from corpus.models import Corpus
from releases import formats
from tests.factories import make_release

pytestmark = pytest.mark.django_db
ROWS = 700  # of the table's first, that counting does not take the suite's time


@pytest.fixture
def cmma(test_data, tmp_path):
    """CMMA's dev table, the first rows of it."""
    lines = (test_data / "cmma/dev.csv").read_bytes().split(b"\r\n")
    path = tmp_path / "dev.csv"
    path.write_bytes(b"\r\n".join(lines[:ROWS]) + b"\r\n")
    return path


def released(name, *tables):
    call_command("import_corpus", *map(str, tables), format="cmma", corpus=name)
    corpus = Corpus.objects.get(name=name)
    return make_release(corpus, list(Round.objects.filter(corpus=corpus)))


def test_cmma_is_a_release_and_comes_back_as_it_was(cmma, tmp_path, capsys):
    release = released("CMMA", cmma)
    assert release.status == "done" and release.verify() == []
    splits = json.loads((release.directory / "splits.json").read_text("utf-8"))
    assert splits["official"] and set(splits["dialogues"].values()) == {"valid"}
    card = (release.directory / "README.md").read_text("utf-8")
    assert "All labels are from one source; agreement cannot be known" in card
    # out in CMMA's layout, in again, frozen again: nothing is different
    again = released("again", *formats.export("cmma", release.directory, tmp_path / "out"))
    capsys.readouterr()
    call_command("diff_releases", str(release.directory), str(again.directory), json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["utterances"] | {"kept": 0} == dict.fromkeys(found["utterances"], 0)
    assert found["utterances"]["kept"] == sum(release.summary["utterances"].values()) > 600
    assert not any(row["changed"] + row["gained"] + row["lost"] for row in found["labels"].values())
    # a second version whose column was changed says how much of it
    text = cmma.read_text("gb18030").replace(",neutral,neutral,", ",neutral,positive,")
    cmma.write_text(text, "gb18030", newline="")
    other = released("second", cmma)
    capsys.readouterr()
    call_command("diff_releases", str(release.directory), str(other.directory), json=True)
    row = json.loads(capsys.readouterr().out)["labels"]["sentiment"]
    place = row["values"].index
    assert row["changed"] == row["confusion"][place("neutral")][place("positive")] > 100
    assert 0.2 < row["share"] < 0.9
