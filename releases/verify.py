"""Check a release directory offline: `python verify.py [DIRECTORY]`. Standard library only.

Prints one line per fault and exits with 1, or prints a summary and exits with 0.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path


def faults(root: Path) -> Iterator[str]:
    """One sentence for each thing that is wrong with the release in `root`."""
    try:
        manifest = json.loads((root / "manifest.json").read_text("utf-8"))
        listed = {entry["path"]: entry for entry in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"manifest.json: cannot be read ({error})"
        return
    yield from _file_faults(root, listed)
    try:
        yield from _row_faults(root, manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"utterances.jsonl: cannot be read ({error!r})"


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


def _row_faults(root: Path, manifest: dict[str, object]) -> Iterator[str]:
    split_of: dict[str, str] = {}
    counts: dict[str, int] = {}
    seen: set[str] = set()
    with (root / "utterances.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            place = f"utterances.jsonl, line {number}"
            if row["id"] in seen:
                yield f"{place}: the id {row['id']} stands twice"
            seen.add(row["id"])
            counts[row["split"]] = counts.get(row["split"], 0) + 1
            if split_of.setdefault(row["dialogue"], row["split"]) != row["split"]:
                yield f"{place}: dialogue {row['dialogue']} is in two splits"
    splits = json.loads((root / "splits.json").read_text("utf-8"))
    if splits["dialogues"] != split_of:
        yield "splits.json: does not give the splits that utterances.jsonl has"
    if manifest["utterances"] != counts:
        yield f"manifest.json: counts {manifest['utterances']} utterances, the table has {counts}"


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    found = list(faults(root))
    for fault in found:
        print(fault)  # noqa: T201
    if not found:
        print(f"OK: every file is as published; release digest {digest(root / 'manifest.json')}")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
