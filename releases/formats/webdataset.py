"""Plain: WebDataset shards (tar files of samples, github.com/webdataset/webdataset), a set a split.

A sample is a dialogue: `json` with its utterances, and its clip or features; of a release with a
clip for each utterance a sample is an utterance. Samples have numbers, ids are in their JSON.
"""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from releases.formats import Entries, blocks_of, dialogues, read

SAMPLES = 2000  # of a shard, at most
BYTES = 512 * 1024**2  # of the media in a shard, about


def entries(root: Path) -> Entries:
    """train-000000.tar and so on."""
    policy = read(root, "manifest.json").get("media", "dialogues")
    splits = dict.fromkeys(turns[0]["split"] for turns in dialogues(root))
    for split in splits:
        for number, shard in enumerate(_shards(root, split, policy)):
            yield f"{split}-{number:06d}.tar", _tar(root, shard)


Sample = tuple[str, Any, str | None]  # key, what its JSON holds, its media


def _shards(root: Path, split: str, policy: str) -> Iterator[list[Sample]]:
    shard: list[Sample] = []
    size = 0
    for key, content, media in _samples(root, split, policy):
        weight = (root / media).stat().st_size if media else 0
        if shard and (len(shard) >= SAMPLES or size + weight > BYTES):
            yield shard
            shard, size = [], 0
        shard.append((key, content, media))
        size += weight
    if shard:
        yield shard


def _samples(root: Path, split: str, policy: str) -> Iterator[Sample]:
    for number, turns in enumerate(dialogues(root), 1):
        if turns[0]["split"] != split:
            continue
        if policy == "utterances":
            for row in turns:
                yield f"{number:06d}_{row['number']:03d}", row, row["media"]
        else:
            content = {"dialogue": turns[0]["dialogue"], "utterances": turns}
            yield f"{number:06d}", content, turns[0]["media"]


def _tar(root: Path, shard: list[Sample]) -> Iterator[bytes]:
    """The bytes of one shard, with no date and no owner."""
    for key, content, media in shard:
        data = json.dumps(content, ensure_ascii=False).encode()
        yield _header(f"{key}.json", len(data))
        yield data + _padding(len(data))
        if media:
            size = (root / media).stat().st_size
            yield _header(f"{key}{Path(media).suffix}", size)
            yield from blocks_of(root / media)
            yield _padding(size)
    yield b"\0" * tarfile.BLOCKSIZE * 2


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)
