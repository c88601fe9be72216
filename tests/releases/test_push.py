import boto3
import pytest
from django.core.management import CommandError, call_command
from moto.server import ThreadedMotoServer

from people.models import Event
from releases import push
from releases.push import Bucket, Folder, PushError
from releases.verify import faults
from tests.factories import make_judged_round, make_release

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen(corpus):
    return make_release(corpus, [make_judged_round(corpus)])


def test_to_a_folder_and_on_after_a_break(frozen, corpus, tmp_path, capsys, monkeypatch):
    target = tmp_path / "copy"
    sent = []

    class Breaking(Folder):
        def send(self, path, name, sha256):
            if len(sent) == 5:
                part = (self.root / name).with_name(f".{path.name}.{sha256[:12]}.part")
                part.write_bytes(path.read_bytes()[:7])
                raise OSError("the network is gone")
            sent.append(name)
            super().send(path, name, sha256)

    with pytest.raises(OSError, match="network"):
        push.push(frozen.directory, Breaking(target))
    assert not (target / "manifest.json").exists()
    call_command("push_release", "1.0.0", corpus=corpus.name, to=str(target))
    said = capsys.readouterr().out
    files = frozen.summary["files"]
    assert f"OK {files - 5} of {files} files sent" in said
    assert list(faults(target, frozen.digest)) == []
    call_command("push_release", "1.0.0", corpus=corpus.name, to=str(target))
    assert f"OK 0 of {files} files sent" in capsys.readouterr().out
    assert Event.objects.filter(verb="push").count() == 2


def test_a_remnant_of_something_else_is_not_gone_on_with(frozen, tmp_path):
    from releases.verify import digest

    path = frozen.directory / "README.md"
    part = tmp_path / f".README.md.{digest(path)[:12]}.part"
    part.write_bytes(b"something else")
    Folder(tmp_path).send(path, "README.md", digest(path))
    assert (tmp_path / "README.md").read_bytes() == path.read_bytes() and not part.exists()


def test_what_is_not_whole_or_withdrawn_is_not_pushed(frozen, corpus, lead, tmp_path):
    path = frozen.directory / "README.md"
    path.chmod(0o644)
    words = path.read_text("utf-8")
    path.write_text("changed")
    with pytest.raises(CommandError, match=r"not complete: README.md"):
        call_command("push_release", "1.0.0", corpus=corpus.name, to=str(tmp_path / "x"))
    path.write_text(words, "utf-8")
    frozen.retract(lead, "withdrawn", "no consent")
    with pytest.raises(CommandError, match="withdrawn: no consent"):
        call_command("push_release", "1.0.0", corpus=corpus.name, to=str(tmp_path / "x"))
    with pytest.raises(PushError, match="expected a folder"):
        push.target_of("ftp://x/y")


def test_to_a_bucket(frozen, tmp_path):
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client = boto3.client(
            "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        client.create_bucket(Bucket="data")
        target = Bucket(client, "data", "corpora/one")
        files = frozen.summary["files"]
        assert push.push(frozen.directory, target) == (files, files)
        assert push.push(frozen.directory, target) == (0, files)
        whole = b"".join(target.read_back("utterances.jsonl"))
        assert whole == (frozen.directory / "utterances.jsonl").read_bytes()
        client.put_object(Bucket="data", Key="corpora/one/README.md", Body=b"changed")
        assert push.push(frozen.directory, target) == (1, files)
        with pytest.raises(PushError, match="cannot be read|bucket"):
            push.push(frozen.directory, Bucket(_Denied(), "data", ""))
    finally:
        server.stop()


class _Denied:
    def head_object(self, **asked):
        from botocore.exceptions import ClientError

        raise ClientError({"Error": {"Code": "403", "Message": "denied"}}, "HeadObject")
