"""What the documents say is there is there, and what is there is said."""

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")
MADE = {".venv", "node_modules", "var", "__pycache__", ".git", ".ruff_cache", ".mypy_cache"}
MADE |= {".hypothesis", ".pytest_cache", ".env"}
APPS = ["core", "jobs", "people", "corpus", "annotation", "releases", "modeling", "backups"]
ANCHOR = re.compile(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
CODE = re.compile(r"`([^`\n]+)`")
PLACEHOLDER = re.compile(r"[A-Z]{3,}|[<>{}…]|\bNAME\b")  # RUN/meta.json, <app>/views.py
WIDTH = 120  # characters of a line; tables and single links cannot be wrapped


def documents(root):
    return [*root.glob("*.md"), *sorted((root / "docs").rglob("*.md"))]


def broken_links(root):
    """Links of documents to files that do not exist."""
    return [
        f"{path.relative_to(root)} -> {target}"
        for path in documents(root)
        for target in LINK.findall(path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]


def anchors(path):
    """The anchors of a document's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(prose))
    return {title.strip().replace(" ", "-") for title in titles}


def broken_anchors(root):
    """Links of documents to headings that do not exist."""
    return [
        f"{path.relative_to(root)} -> {target}#{anchor}"
        for path in documents(root)
        for target, anchor in ANCHOR.findall(path.read_text("utf-8"))
        if (whole := path.parent / target if target else path).suffix == ".md"
        and whole.exists()
        and anchor not in anchors(whole)
    ]


def missing_paths(root):
    """Files, folders and modules that documents name in backticks and that do not exist."""
    top = {path.name for path in root.iterdir()} - MADE
    return [
        f"{path.relative_to(root)}: {name}"
        for path in documents(root)
        for name in CODE.findall(path.read_text("utf-8"))
        if not PLACEHOLDER.search(name) and not _exists(root, name, top)
    ]


def _exists(root, name, top):
    """False if `name` is a path or a module below one of `top` and nothing is there."""
    if re.fullmatch(r"[\w.*/-]+/[\w.*/-]*", name):
        return name.split("/")[0] not in top or any(root.glob(name.rstrip("/")))
    if re.fullmatch(r"\w+\.py", name):
        return any(any((root / folder).rglob(name)) for folder in top) or (root / name).exists()
    if re.fullmatch(r"\w+(\.\w+)+", name) and name.split(".")[0] in APPS:
        app, part = name.split(".")[:2]
        return (root / app / f"{part}.py").exists() or (root / app / part).is_dir()
    return True


def faulty_records(root):
    """Decision records with a number that stands twice, without their parts, or not indexed."""
    index = (root / "docs/decisions.md").read_text("utf-8")
    faults, numbers = [], set()
    for path in sorted((root / "docs/decisions").glob("*.md")):
        for record in path.read_text("utf-8").split("\n## ")[1:]:
            title, _, body = record.partition("\n")
            number = re.match(r"(\d+)\. ", title)
            if not number and title == "Notes":
                continue
            if not number or number[1] in numbers:
                faults.append(f"{path.name}: {title}: no number of its own")
            else:
                numbers.add(number[1])
            parts = ("**Context.**", "**Decision.**", "**Consequences.**")
            if "Superseded by [" not in body and not all(part in body for part in parts):
                faults.append(f"{path.name}: {title}: lacks context, decision or consequences")
            if f"- [{title}](decisions/{path.name}#" not in index:
                faults.append(f"{path.name}: {title}: not in the index")
    return faults


def wide_lines(root):
    """Lines wider than WIDTH in the documents that are wrapped."""
    wrapped = [root / name for name in ("README.md", "docs/decisions.md", "docs/development.md")]
    wrapped += sorted((root / "docs/decisions").glob("*.md"))
    return [
        f"{path.relative_to(root)}:{number}"
        for path in wrapped
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > WIDTH and not re.match(r"\||- \[[^]]+\]\(\S+\)$", line)
    ]


def undocumented_settings(root):
    """Environment variables that settings read and .env.example does not name."""
    read = re.findall(
        r"env(?:\.\w+)?\(\s*\"([A-Z0-9_]+)\"", (root / "config/settings.py").read_text("utf-8")
    )
    named = set(re.findall(r"^#?([A-Z0-9_]+)=", (root / ".env.example").read_text("utf-8"), re.M))
    return sorted(set(read) - named)


def unlisted_places(root):
    """Top-level files and folders that README's tree does not list, by a pattern or by name."""
    readme = (root / "README.md").read_text("utf-8")
    tree = readme.split("## The tree")[1] if "## The tree" in readme else ""
    listed = set(re.findall(r"^    (\S+?)/?\s", tree, re.M))
    names = {path.name for path in root.iterdir()} - MADE
    return sorted(name for name in names if not any(fnmatchcase(name, one) for one in listed))


def verbs_of_events(root):
    """The verbs that the code writes into Events: in calls of record, and as a Job's `verb`."""
    found = set()
    for app in APPS:
        for path in (root / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                    "Event.record",
                    "Event.note",
                    "person.record",
                ):
                    found.add(node.args[1])
                elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "verb":
                    found.add(node.value)
    return {node.value for node in found if isinstance(node, ast.Constant) and node.value}


def unknown_verbs(root):
    """Verbs of Events that the glossary does not have."""
    glossary = (root / "docs/glossary.md").read_text("utf-8").split("## Verbs")[1]
    cells = re.findall(r"^\| ([a-z, ]+) \|", glossary, re.M)
    known = {verb.strip() for cell in cells for verb in cell.split(",")}
    return sorted(verbs_of_events(root) - known)


def missing_targets(root):
    """`make …` in documents without a target of that name."""
    targets = set(re.findall(r"^(\w+):", (root / "Makefile").read_text("utf-8"), re.M))
    said = set()
    for path in documents(root):
        said |= set(re.findall(r"(?:`|^    )make (\w+)", path.read_text("utf-8"), re.M))
    return sorted(said - targets)


def missing_commands(root):
    """`manage.py …` in documents without a command of that name."""
    known = {p.stem for p in root.glob("*/management/commands/*.py")}
    known |= {"createsuperuser", "runserver", "migrate", "makemigrations", "collectstatic"}
    known |= {"drf_create_token", "axes_reset", "check"}
    said = set()
    for path in documents(root):
        said |= set(re.findall(r"manage\.py ([a-z_]+)", path.read_text("utf-8")))
    return sorted(said - known)


def undescribed_modules(root):
    """Plain and domain modules without a sentence that says what they are."""
    found = []
    for app in [*APPS, "demo", "tools"]:
        for path in (root / app).rglob("*.py"):
            dull = {"migrations", "management", "templatetags"} & set(path.parts)
            if dull or path.name in {"urls.py", "api_urls.py", "tasks.py", "forms.py", "admin.py"}:
                continue
            if not ast.get_docstring(ast.parse(path.read_text("utf-8"))):
                found.append(str(path.relative_to(root)))
    return found


def test_the_documents_are_true():
    assert broken_links(ROOT) == []
    assert broken_anchors(ROOT) == []
    assert missing_paths(ROOT) == []
    assert faulty_records(ROOT) == []
    assert wide_lines(ROOT) == []
    assert undocumented_settings(ROOT) == []
    assert unlisted_places(ROOT) == []
    assert unknown_verbs(ROOT) == []
    assert missing_targets(ROOT) == []
    assert missing_commands(ROOT) == []
    assert undescribed_modules(ROOT) == []


def test_both_guides_of_annotators_have_the_same_parts():
    english, chinese = (
        (ROOT / f"docs/guide/annotator.{language}.md").read_text("utf-8")
        for language in ("en", "zh")
    )
    for part in (r"^\d\. ", r"^\| `", r"^\*\*"):
        assert len(re.findall(part, english, re.M)) == len(re.findall(part, chinese, re.M))


def test_what_is_broken_is_found(tmp_path):
    for app in APPS:
        (tmp_path / app).mkdir()
    for folder in ("docs", "docs/decisions", "config", "demo", "tools"):
        (tmp_path / folder).mkdir()
    readme = "[a](docs/none.md) `make nothing`\n    python manage.py nothing\n"
    readme += (
        "`corpus/gone.py` `lost.py` `corpus.gone` `corpus/models.py` `corpus/*.py` `RUN/x.py`\n"
    )
    readme += "[b](docs/glossary.md#verbs) [c](docs/glossary.md#nouns) " + 60 * "xy " + "\n"
    readme += "## The tree\n\n    docs/   x\n"
    (tmp_path / "README.md").write_text(readme)
    (tmp_path / "docs/glossary.md").write_text("## Verbs\n| open, close | x |\n")
    record = "**Context.** a\n\n**Decision.** b\n\n**Consequences.** c\n\n"
    area = f"# A\n\n## 1. One\n\n{record}## 1. Two\n\n{record}## 3. Three\n\nx\n## Notes\n"
    (tmp_path / "docs/decisions/area.md").write_text(area)
    index = "- [1. One](decisions/area.md#1-one)\n- [1. Two](decisions/area.md#1-two)\n"
    (tmp_path / "docs/decisions.md").write_text(index)
    (tmp_path / "docs/development.md").write_text("")
    (tmp_path / "config/settings.py").write_text('A = env.bool("HIDDEN", default=1)')
    (tmp_path / ".env.example").write_text("#SHOWN=1\n")
    (tmp_path / "Makefile").write_text("run:\n")
    (tmp_path / "corpus/models.py").write_text('Event.record(p, "burn", self)\n')
    assert broken_links(tmp_path) == ["README.md -> docs/none.md"]
    assert broken_anchors(tmp_path) == ["README.md -> docs/glossary.md#nouns"]
    gone = ["corpus/gone.py", "lost.py", "corpus.gone"]
    assert missing_paths(tmp_path) == [f"README.md: {name}" for name in gone]
    assert faulty_records(tmp_path) == [
        "area.md: 1. Two: no number of its own",
        "area.md: 3. Three: lacks context, decision or consequences",
        "area.md: 3. Three: not in the index",
    ]
    assert wide_lines(tmp_path) == ["README.md:4"]
    assert undocumented_settings(tmp_path) == ["HIDDEN"]
    assert "corpus" in unlisted_places(tmp_path) and "docs" not in unlisted_places(tmp_path)
    assert unknown_verbs(tmp_path) == ["burn"]
    assert missing_targets(tmp_path) == ["nothing"]
    assert missing_commands(tmp_path) == ["nothing"]
    assert undescribed_modules(tmp_path) == ["corpus/models.py"]
