"""Check a release directory offline: `python verify.py [DIRECTORY] [--digest SHA-256]`.

Standard library only. Prints one line per fault and exits with 1, or prints a summary and exits
with 0. With the published digest it proves that this is the release that was published; without,
that the directory is whole and agrees with itself.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

LAYOUTS = (1, 2, 3)
ABOUT = {  # files that describe or repackage the contents; everything else is the contents
    *("README.md", "CITATION.cff", "croissant.json", "verify.py", "manifest.json"),
    *("agreement.json", "quality.json", "leakage.json", "splits.json", "rounds.json"),
    *("integrity.json",),
    *("utterances.csv",),
}


def faults(root: Path, published: str = "") -> Iterator[str]:
    """One sentence for each thing that is wrong with the release in `root`."""
    try:
        manifest = json.loads((root / "manifest.json").read_text("utf-8"))
        listed = {entry["path"]: entry for entry in manifest["files"]}
        if manifest["layout"] not in LAYOUTS:
            yield f"manifest.json: layout {manifest['layout']}, this script knows {LAYOUTS}"
            return
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"manifest.json: cannot be read ({error})"
        return
    if published and digest(root / "manifest.json") != published:
        yield "manifest.json: is not the manifest that was published"
    yield from _file_faults(root, listed)
    if manifest["layout"] > 1 and contents(manifest["files"]) != manifest.get("contents"):
        yield "manifest.json: the digest of contents is not that of the files it lists"
    try:
        yield from _row_faults(root, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"the tables cannot be read ({error!r})"


def _file_faults(root: Path, listed: dict[str, dict[str, object]]) -> Iterator[str]:
    present = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if (path.is_file() or path.is_symlink()) and "__pycache__" not in path.parts
    } - {"manifest.json"}
    for name in sorted(listed.keys() - present):
        yield f"{name}: is in the manifest but missing"
    for name in sorted(present - listed.keys()):
        yield f"{name}: is not in the manifest"
    for name in sorted(listed.keys() & present):
        path = root / name
        if path.is_symlink():
            yield f"{name}: is a link, not a file"
        elif path.stat().st_size != listed[name]["bytes"]:
            yield f"{name}: has {path.stat().st_size} bytes, expected {listed[name]['bytes']}"
        elif digest(path) != listed[name]["sha256"]:
            yield f"{name}: its SHA-256 is not the one in the manifest"


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield f"{path.name}, line {number}", json.loads(line)


def _row_faults(root: Path, manifest: dict[str, Any]) -> Iterator[str]:
    scheme = json.loads((root / "scheme.json").read_text("utf-8"))["tasks"]
    values = {task["key"]: {value["key"] for value in task["values"]} for task in scheme}
    splits = json.loads((root / "splits.json").read_text("utf-8"))
    apart = set(splits.get("apart", [])) & {"source", "speaker"}
    split_of: dict[str, str] = {}
    homes: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    seen: set[str] = set()
    listed = {entry["path"] for entry in manifest["files"]}
    for place, row in _lines(root / "utterances.jsonl"):
        if row["id"] in seen:
            yield f"{place}: the id {row['id']} stands twice"
        seen.add(row["id"])
        counts[row["split"]] = counts.get(row["split"], 0) + 1
        if split_of.setdefault(row["dialogue"], row["split"]) != row["split"]:
            yield f"{place}: dialogue {row['dialogue']} is in two splits"
        for thing in sorted(apart):
            name = row[thing]
            if name and homes.setdefault((thing, name), row["split"]) != row["split"]:
                yield f"{place}: {thing} {name} is in two splits"
        for task, value in row["gold"].items():
            if value not in values.get(task, ()):
                yield f"{place}: {value!r} is no value of {task}"
        if row["media"] is not None and row["media"] not in listed:
            yield f"{place}: its media {row['media']} are not in the manifest"
    yield from _count_faults(manifest, splits, split_of, counts)
    judged = 0
    for place, row in _lines(root / "judgements.jsonl"):
        judged += 1
        if row["utterance"] not in seen:
            yield f"{place}: there is no utterance {row['utterance']}"
        if row["value"] not in values.get(row["task"], ()) and row["value"] != "cannot_tell":
            yield f"{place}: {row['value']!r} is no value of {row['task']}"
    if judged != manifest.get("judgements", judged):
        yield f"manifest.json: counts {manifest['judgements']} judgements, the table has {judged}"


def _count_faults(
    manifest: dict[str, Any],
    splits: dict[str, Any],
    split_of: dict[str, str],
    counts: dict[str, int],
) -> Iterator[str]:
    if splits["dialogues"] != split_of:
        yield "splits.json: does not give the splits that utterances.jsonl has"
    if manifest["utterances"] != counts:
        yield f"manifest.json: counts {manifest['utterances']} utterances, the table has {counts}"
    dialogues: dict[str, int] = {}
    for name in split_of.values():
        dialogues[name] = dialogues.get(name, 0) + 1
    said = manifest["dialogues"]
    if said not in (dialogues, len(split_of)):
        yield f"manifest.json: counts {said} dialogues, the table has {dialogues}"


def contents(files: Iterable[dict[str, Any]]) -> str:
    """The digest of what a release holds, whatever it is called and whoever described it: SHA-256
    over path and checksum of each file of rows, scheme, guidelines and media, in order of path.
    """
    found = hashlib.sha256()
    for entry in sorted(files, key=lambda entry: str(entry["path"])):
        if entry["path"] not in ABOUT and not str(entry["path"]).startswith("data/"):
            found.update(f"{entry['path']}\0{entry['sha256']}\n".encode())
    return found.hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def main(arguments: list[str]) -> int:
    published = ""
    if "--digest" in arguments:
        at = arguments.index("--digest")
        published = (arguments[at + 1 : at + 2] or ["none given"])[0]
        del arguments[at : at + 2]
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    found = list(faults(root, published))
    for fault in found:
        print(fault)  # noqa: T201
    if not found:
        print(f"OK: every file is as published; release digest {digest(root / 'manifest.json')}")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
