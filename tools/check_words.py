"""Refuse words that the glossary has a standard word for, and names that mean two things.

    .venv/bin/python tools/check_words.py

Standard library only. Prints one line a finding, `file:line: word: what to say`, and exits with 1.
A line that has to keep an old word, such as a stored value or an old address, says why in a
comment with `old word`.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXEMPT = ("migrations/", "CHANGELOG.md", "docs/experiments.md", "tools/check_words.py")
EXCUSE = "old word"
# Folders whose files are named for what they are of: the views of rounds, the rows of rounds.
OWN_NAMES = {
    "views",
    "models",
    "management",
    "templatetags",
    "databases",
    "learner",
    "transcripts",
    "api",
}
APPS = ("core", "jobs", "people", "corpus", "annotation", "releases", "modeling", "backups")

IDENTIFIERS = {  # as a whole identifier or a part of one between underscores
    "complaint": "error",
    "told": "what it holds",
    "hand_in": "submit",
    "handed_in": "submitted",
    "let_on": "unblock",
    "oddity": "quality_flag",
    "oddities": "quality_flags",
    "remark": "comment",
    "remarks": "comments",
    "gold_answer": "expert_label",
    "footage": "media_export",
    "sealed": "held_out",
    "leash": "watchdog",
    "leashed": "watched",
    "hardness": "disagreement",
    "sighting": "personal data finding",
    "sightings": "personal data findings",
}
PAGES = {  # in what people read: English texts of the catalogue
    r"\bhand(ed|ing)? (it |this |them )?in\b|\bhand-ins?\b": "submit, submission",
    r"\bremarks?\b": "comment",
    r"\bsealed\b": "held-out test set",
    r"\boddit(y|ies)\b": "quality flag",
    r"\bsightings?\b": "personal data",
    r"\bdr[ae]wn? up\b": "new version, save",
    r"\bfound a corpus\b": "create corpus",
    r"\bthrow\b.*\baway\b": "discard",
    r"\bpart(ed|ing)? anew\b": "re-segment",
    r"\blet (them |him |her )?on\b": "unblock",
    r"\bgold answers?\b": "expert label",
    r"\bstud(y|ies)\b": "experiment",
}
CHINESE = {
    "你": "您",
    "标准答案": "金标",
}


def main() -> int:
    findings = [*of_code(), *of_catalogue(), *of_modules()]
    for line in findings:
        print(line)
    return bool(findings)


def of_code() -> Iterator[str]:
    """Identifiers of Python files."""
    for path in tracked("*.py"):
        text = (ROOT / path).read_text("utf-8")
        lines = text.splitlines()
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type != tokenize.NAME:
                continue
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", token.string).lower()
            line = token.start[0]
            for word, standard in IDENTIFIERS.items():
                if f"_{word}_" in f"_{name}_" and EXCUSE not in lines[line - 1]:
                    yield f"{path}:{line}: {token.string}: {standard}"


def of_catalogue() -> Iterator[str]:
    """Texts of pages, in both languages."""
    for path in tracked("*.po"):
        for line, text in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1):
            if text.startswith("#"):
                continue
            words = CHINESE if text.startswith("msgstr") else PAGES
            for pattern, standard in words.items():
                if found := re.search(pattern, text, re.I):
                    yield f"{path}:{line}: {found[0]}: {standard}"


def of_modules() -> Iterator[str]:
    """Two modules of one name in one app."""
    for app in APPS:
        places: dict[str, list[str]] = {}
        for path in tracked(f"{app}/*.py"):
            if not OWN_NAMES & set(Path(path).parts) and not Path(path).stem.startswith("__"):
                places.setdefault(Path(path).stem, []).append(path)
        for name, paths in places.items():
            if len(paths) > 1:
                yield f"{paths[0]}:1: {name}: one name for one thing, also {', '.join(paths[1:])}"


def tracked(pattern: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for path in listed.stdout.splitlines() if not any(e in path for e in EXEMPT)]


if __name__ == "__main__":
    sys.exit(main())
