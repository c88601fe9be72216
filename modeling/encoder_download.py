"""Encoders from a hub of Hugging Face's kind, or a mirror of it, by a pinned revision."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]
from tqdm import tqdm

from core.errors import UserError, gettext_noop
from modeling import encoder_storage

BLOCK = 1 << 20
# what the hub's client raises where nobody answers, or something else than a hub does
FAULTS = (OfflineModeIsEnabled, HfHubHTTPError, httpx2.HTTPError, OSError, ValueError)
GIVES_UP = 20.0  # seconds that the hub may take to answer


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository; `sha256` of a large one, `sha1` of a small one as git has it."""

    name: str
    size: int
    sha256: str
    sha1: str

    def matches(self, path):
        """Whether a file on disk is this one."""
        if path.stat().st_size != self.size:
            return False
        total = hashlib.sha256() if self.sha256 else hashlib.sha1(b"blob %d\0" % self.size)  # noqa: S324
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                total.update(block)
        return total.hexdigest() == (self.sha256 or self.sha1)


@dataclass(frozen=True)
class Remote:
    """A repository at one revision: what would be downloaded."""

    endpoint: str
    repo: str
    revision: str  # of a commit, so that it stays what it is
    licence: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self):
        return sum(file.size for file in self.files)

    @property
    def origin(self):
        """What is written down with the encoder."""
        return {
            "repo": self.repo,
            "revision": self.revision,
            "licence": self.licence,
            "endpoint": self.endpoint,
        }


def look_up(repo, revision="", endpoint=""):
    """Ask the hub what a repository holds. Raises UserError where it does not say, or where it
    holds no encoder.
    """
    endpoint = (endpoint or settings.HF_ENDPOINT).rstrip("/")
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise UserError(gettext_noop("%(endpoint)s is no address of a hub."), endpoint=endpoint)
    values = {"repo": repo, "revision": revision or "main", "endpoint": endpoint}
    try:
        info = HfApi(endpoint=endpoint, token=False).model_info(
            repo, revision=revision or None, files_metadata=True, timeout=GIVES_UP
        )
    except GatedRepoError as error:
        raise UserError(_GATED, **values) from error
    except RevisionNotFoundError as error:
        words = gettext_noop("%(repo)s has no revision %(revision)s at %(endpoint)s.")
        raise UserError(words, **values) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise UserError(_NO_REPO, **values) from error
    except FAULTS as error:
        raise UserError(_UNREACHABLE, why=_first_line(error), **values) from error
    if info.gated:
        raise UserError(_GATED, **values)
    known = {
        each.rfilename: RemoteFile(
            each.rfilename,
            each.size or 0,
            each.lfs["sha256"] if each.lfs else "",
            each.blob_id or "",
        )
        for each in info.siblings or []
    }
    names = encoder_storage.wanted_files(list(known))
    weights = [n for n in names if n.endswith((".safetensors", ".bin"))]
    if "config.json" not in names or not weights or len(names) > encoder_storage.MOST_FILES:
        raise UserError(_NO_ENCODER, **values)
    card = info.card_data
    licence = str(card.get("license") or "") if card else ""
    return Remote(endpoint, repo, info.sha or "", licence, tuple(known[n] for n in names))


_GATED = gettext_noop(
    "%(repo)s is given to signed-in people alone. Accept its terms at %(endpoint)s, download it"
    " there, and import it here as a ZIP or a directory."
)
_NO_REPO = gettext_noop(
    "There is no repository %(repo)s at %(endpoint)s. Give its owner and name, such as"
    " hfl/chinese-macbert-base."
)
_NO_ENCODER = gettext_noop(
    "%(repo)s holds no encoder: config.json with model.safetensors or pytorch_model.bin is wanted."
)
_UNREACHABLE = gettext_noop(
    "%(endpoint)s does not answer as it should: %(why)s. Try again; where this machine has no"
    " network, set HF_ENDPOINT to a mirror or import the encoder as a ZIP or a directory."
)


def download(remote, name, progress):
    """Collect the files of a repository in the partial directory of an encoder, going on where an
    earlier attempt ended; `progress` hears the share of bytes that are there, and may raise to end
    it. Raises UserError where a file does not come as the hub said it would.
    """
    encoder_storage.guard_name(name)
    place = encoder_storage.partial_directory(name)
    for path in place.iterdir():
        if path.is_file() and path.name.removesuffix(".part") not in {f.name for f in remote.files}:
            path.unlink()
    there = sum(path.stat().st_size for path in place.iterdir())
    encoder_storage.guard_space(max(0, remote.bytes - there))
    done = 0
    for file in remote.files:
        path = place / file.name
        if not (path.is_file() and file.matches(path)):
            _fetch(remote, file, path, lambda size, before=done: progress(before + size))
        done += file.size
        progress(done)


def _fetch(remote, file, path, progress):
    """One file, checked against its digest."""
    part = path.with_name(f"{path.name}.part")
    start = part.stat().st_size if part.exists() else 0
    if start > file.size:
        part.unlink()
        start = 0

    class Counter(tqdm):
        """Counts the bytes of a file that have come, and draws nothing."""

        monitor_interval = 0  # each class would start a thread of its own that never ends

        def __init__(self, *_, initial=0, **__):
            super().__init__(disable=True)
            self.size = initial

        def update(self, n=1):
            self.size += n
            progress(self.size)

    url = hf_hub_url(remote.repo, file.name, revision=remote.revision, endpoint=remote.endpoint)
    values = {"repo": remote.repo, "endpoint": remote.endpoint, "revision": remote.revision}
    try:
        with part.open("ab") as stream:
            http_get(
                url, stream, resume_size=start, headers=build_hf_headers(token=False),
                expected_size=file.size, tqdm_class=Counter,
            )  # fmt: skip
    except FAULTS as error:
        raise UserError(_UNREACHABLE, why=_first_line(error), **values) from error
    if not file.matches(part):
        part.unlink()
        words = gettext_noop(
            "%(file)s of %(repo)s did not arrive as %(endpoint)s says it is: its digest differs."
            " It was discarded. Try again, or take another mirror."
        )
        raise UserError(words, file=file.name, **values)
    Path(part).rename(path)


def _first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300].rstrip(".")
