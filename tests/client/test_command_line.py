"""`shengqing` on the command line: signing in, looking, following."""

import json
import stat
import sys

import pytest

from modeling.models import TrainingRun
from shengqing import command_line
from shengqing.credentials import credentials_file
from shengqing.progress import ByteProgress
from tests.client.conftest import URL
from tests.factories import (
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_token,
)

pytestmark = pytest.mark.django_db


def test_signing_in_and_looking(shell):
    token = make_token(make_person("wang"), ("read", "manage"))
    status, _, error = shell("corpora")
    assert status == 1 and "Not signed in" in error
    status, _, error = shell("login", URL, "--token", "sq_wrong")
    assert status == 1 and not credentials_file().exists()
    assert shell("login", URL, "--token", token)[0] == 0
    assert stat.S_IMODE(credentials_file().stat().st_mode) == 0o600
    assert shell("account")[1] == "wang\twang\tmanage read\n" or "wang" in shell("account")[1]
    command_line.connect().corpora.create("好", language="zh")
    assert "好\tzh\tlead" in shell("corpora")[1]
    (row,) = map(json.loads, shell("--json", "corpora")[1].splitlines())
    assert json.loads(shell("get", f"corpora/{row['id']}/")[1])["name"] == "好"
    assert json.loads(shell("get", "corpora/")[1])["name"] == "好"
    assert shell("jobs", row["id"]) == (0, "", "")
    status, _, error = shell("watch", "source", 1)
    assert status == 1 and error.startswith("shengqing: ")
    (own,) = shell("tokens")[1].splitlines()
    assert "\tmanage read\tactive\t" in own or "\tread manage\tactive\t" in own
    assert shell("revoke", own.split("\t")[0])[1] == "Revoked.\n"
    status, _, error = shell("corpora")
    assert status == 1 and "was revoked" in error
    assert shell("logout")[1] == "Forgotten.\n" and not credentials_file().exists()


def test_the_environment_comes_first(shell, monkeypatch):
    monkeypatch.setenv("SHENGQING_URL", URL)
    monkeypatch.setenv("SHENGQING_TOKEN", make_token(make_person("li"), ("read",)))
    assert "li" in shell("account")[1]


def test_damaged_credentials_are_said(shell):
    credentials_file().parent.mkdir(parents=True)
    credentials_file().write_text("{")
    status, _, error = shell("corpora")
    assert status == 1 and "is damaged" in error


@pytest.fixture
def signed_in(shell, lead, monkeypatch):
    """The command line acts as the lead of the corpus."""
    token = make_token(lead, ("read", "annotate", "write", "manage"))
    monkeypatch.setenv("SHENGQING_URL", URL)
    monkeypatch.setenv("SHENGQING_TOKEN", token)


def test_signing_out_for_good(shell):
    person = make_person("wang")
    shell("login", URL, "--token", make_token(person, ("read",)))
    assert shell("logout", "--revoke")[1] == "Forgotten.\n" and not credentials_file().exists()
    assert person.access_tokens.get().revoked_at


@pytest.mark.usefixtures("signed_in")
@pytest.mark.django_db(transaction=True)
def test_issues_of_a_corpus(shell, corpus):
    dialogue = make_dialogue(corpus)
    dialogue.utterances.update(text="")
    status, out, error = shell("issues", corpus.pk, "--anew")
    assert status == 0 and "100%" in error
    uid = dialogue.utterances.first().uid
    assert out.startswith(f"wordless\t{uid}\t{dialogue.pk}\t")
    assert shell("issues", corpus.pk, "--kind", "overlap") == (0, "", "")


@pytest.mark.usefixtures("signed_in")
def test_people_of_a_corpus(shell, corpus):
    make_member(corpus, username="lin")
    assert "lin\tlin\tannotator\n" in shell("members", corpus.pk)[1]
    make_person("zhao")
    status, out, _ = shell("invite", corpus.pk, "adjudicator", "--username", "zhao")
    assert status == 0 and f"adjudicator\t{URL}/invitations/" in out
    status, _, error = shell("invite", corpus.pk, "annotator", "--username", "nobody")
    assert status == 1 and "nobody" in error


@pytest.mark.usefixtures("signed_in")
def test_releases_on_disk(shell, corpus, tmp_path):
    judged = make_judged_round(corpus)
    one, other = (make_release(corpus, [judged], v, media="none") for v in ("1.0.0", "1.1.0"))
    status, out, error = shell("pull", one.pk, "--to", tmp_path / "r", "--without-media")
    assert (status, out) == (0, f"{tmp_path / 'r'}\n") and "release-" in error
    assert shell("--json", "pull", one.pk, "--to", tmp_path / "r.zip", "--zip")[2] == ""
    assert (tmp_path / "r.zip").stat().st_size > 1000
    (tmp_path / "r" / "README.md").unlink()
    status, _, error = shell("verify", tmp_path / "r")
    assert (status, error) == (1, "shengqing: README.md is missing.\n")
    status, _, error = shell("pull", other.pk, "--to", tmp_path / "r")
    assert status == 1 and "holds another release" in error
    (tmp_path / "file").touch()
    status, _, error = shell("pull", one.pk, "--to", tmp_path / "file")
    assert status == 1 and "file" in error


@pytest.mark.usefixtures("signed_in")
@pytest.mark.django_db(transaction=True)
def test_differences_of_releases(shell, corpus):
    judged = make_judged_round(corpus)
    one, other = (make_release(corpus, [judged], v, media="none") for v in ("1.0.0", "1.1.0"))
    assert json.loads(shell("diff", one.pk, other.pk)[1])["utterances"]["kept"] == 8
    assert shell("diff", one.pk, other.pk, "--rows") == (0, "", "")


@pytest.mark.usefixtures("signed_in")
def test_runs_that_do_not_end_well(shell, corpus, monkeypatch):
    monkeypatch.setattr(TrainingRun, "later", lambda self: None)
    release = make_release(corpus, [make_judged_round(corpus)], media="none")
    status, out, error = shell("train", corpus.pk, release.pk, "hard-text", "--detach")
    assert status == 0 and "\thard-text\t1\tqueued\t" in out and error == ""
    run = TrainingRun.objects.get()
    run.stop()
    status, _, error = shell("watch", "trainingrun", run.pk)
    assert status == 1 and "stopped" in error
    status, _, error = shell("train", corpus.pk, release.pk, "hard-text", "--set", "epochs=many")
    assert status == 1 and "epochs" in error.lower()
    with pytest.raises(SystemExit) as wrong:
        shell("train", corpus.pk, release.pk, "hard-text", "--set", "epochs")
    assert wrong.value.code == command_line.USAGE


def test_progress_is_a_bar_for_people_and_lines_for_files(monkeypatch, capsys):
    seen = ByteProgress("upload")
    for done in (1, 2, 500, 1000):
        seen(done, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "upload: 1 of 1,000 bytes", "upload: 500 of 1,000 bytes", "upload: 1,000 of 1,000 bytes",
    ]  # fmt: skip
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    for done in (500, 1000):
        seen(done, 1000)
    assert "upload: 100%" in capsys.readouterr().err and seen.bar is None
    monkeypatch.setitem(sys.modules, "tqdm", None)  # it is not installed
    seen(10, 20)
    assert capsys.readouterr().err == "upload: 10 of 20 bytes\n"
