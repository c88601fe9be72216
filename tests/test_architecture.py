"""The arrows between the apps, and what the web process must not load."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["core", "jobs", "people", "corpus", "annotation", "releases", "modeling"]
LEARNER = {"torch", "transformers"}
PLAIN = [  # modules that know no Django
    "annotation/agreement/bootstrap.py",
    "annotation/agreement/charts.py",
    "annotation/agreement/coefficients.py",
    "annotation/agreement/judgement_table.py",
    "annotation/agreement/pairwise.py",
    "annotation/agreement/table_report.py",
    "annotation/agreement/tally.py",
    "annotation/agreement/unit_sums.py",
    "annotation/consensus.py",
    "annotation/quality/reliability.py",
    "annotation/quality/statistics.py",
    "annotation/scheme.py",
    "core/control_characters.py",
    "core/errors.py",
    "core/input_checks.py",
    "core/normalization.py",
    "corpus/cutting.py",
    "corpus/encoding.py",
    "corpus/file_pairs.py",
    "corpus/formats",
    "corpus/media.py",
    "corpus/scenes.py",
    "corpus/segmentation.py",
    "corpus/speech.py",
    "corpus/tonemapping.py",
    "corpus/transcripts",
    "corpus/turns.py",
    "modeling/curves.py",
    "modeling/hyperparameter_search.py",
    "modeling/learner",
    "releases/archive.py",
    "releases/citation.py",
    "releases/croissant.py",
    "releases/diff.py",
    "releases/formats",
    "releases/leakage.py",
    "releases/matching.py",
    "releases/personal_data.py",
    "releases/push.py",
    "releases/splits.py",
    "releases/tables.py",
    "releases/verify.py",
]


def imports(path: Path):
    """Every module that a file imports, with the line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno


def python_files(root: Path, place: str):
    path = root / place
    if path.suffix == ".py":
        return [path] if path.exists() else []
    return sorted(path.rglob("*.py"))


def broken_arrows(root: Path) -> list[str]:
    """A sentence for each import that goes against the order of the apps."""
    found = []
    for place, app in enumerate(ORDER):
        forbidden = {*ORDER[place + 1 :], "config", "demo", "tests", "tools"}
        for path in python_files(root, app):
            for module, line in imports(path):
                if module.split(".")[0] in forbidden:
                    found.append(f"{path.relative_to(root)}:{line} imports {module}")
    for path in python_files(root, "modeling/learner"):
        for module, line in imports(path):
            own = module.startswith("modeling.learner")
            if not own and module.split(".")[0] in {*ORDER, "django", "celery", "config"}:
                found.append(f"{path.relative_to(root)}:{line} imports {module}")
    return found


def impure(root: Path) -> list[str]:
    """A sentence for each import of Django by a plain core."""
    return [
        f"{path.relative_to(root)}:{line} imports {module}"
        for place in PLAIN
        for path in python_files(root, place)
        for module, line in imports(path)
        if module.split(".")[0] in {"django", "celery", "rest_framework"}
    ]


def test_the_arrows_hold():
    assert broken_arrows(ROOT) == []


def test_plain_cores_know_no_django():
    assert impure(ROOT) == []
    assert all(python_files(ROOT, place) for place in PLAIN)


def test_a_broken_arrow_is_found(tmp_path):
    for app in ORDER:
        (tmp_path / app).mkdir()
    (tmp_path / "modeling/learner").mkdir()
    (tmp_path / "corpus/models.py").write_text("def late():\n    from annotation import models\n")
    (tmp_path / "modeling/learner/a.py").write_text("import django.conf\nfrom corpus import x\n")
    assert broken_arrows(tmp_path) == [
        "corpus/models.py:2 imports annotation",
        "modeling/learner/a.py:1 imports django.conf",
        "modeling/learner/a.py:2 imports corpus",
    ]


def test_a_plain_core_that_asks_django_is_found(tmp_path):
    (tmp_path / "annotation").mkdir()
    (tmp_path / "annotation/agreement/coefficients.py").write_text("from django.db import models\n")
    assert impure(tmp_path) == ["annotation/agreement/coefficients.py:1 imports django.db"]


def test_the_web_process_never_imports_torch():
    code = (
        "import django, sys; django.setup(); import config.urls, config.wsgi;"
        f"print(sorted({LEARNER!r} & set(sys.modules)))"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_templates_have_no_inline_script_or_style():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        assert " style=" not in text and "<style" not in text, path
        assert " onclick" not in text and "javascript:" not in text, path
        for tag in text.split("<script")[1:]:
            assert "nonce=" in tag.split(">")[0], path
