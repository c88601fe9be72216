"""The arrows between the apps and between the files of one, imports inside functions, dotted names
of work, and URL names in templates.
"""

import ast
import re
from collections import Counter
from pathlib import Path

from django.urls import URLPattern, get_resolver
from django.utils.module_loading import import_string

from jobs.recovery import job_models

ROOT = Path(__file__).resolve().parent.parent
ORDER = [
    "core",
    "jobs",
    "people",
    "corpus",
    "annotation",
    "releases",
    "modeling",
    "backups",
    "demo",
]
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
    "backups/encryption.py",
    "backups/manifest.py",
    "backups/repository.py",
    "core/confinement.py",
    "core/control_characters.py",
    "core/errors.py",
    "core/input_checks.py",
    "core/normalization.py",
    "corpus/clip_format.py",
    "corpus/clip_writer.py",
    "corpus/encoding.py",
    "corpus/ffmpeg_binary.py",
    "corpus/file_pairs.py",
    "corpus/formats",
    "corpus/media.py",
    "corpus/media_child.py",
    "corpus/media_info.py",
    "corpus/shot_detection.py",
    "corpus/segmentation.py",
    "corpus/speech.py",
    "corpus/tone_mapping.py",
    "corpus/transcripts",
    "corpus/turns.py",
    "corpus/webhooks/receiver.py",
    "corpus/webhooks/signature.py",
    "modeling/hyperparameter_search.py",
    "modeling/learner",
    "modeling/search_space.py",
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


def modules_of(root: Path, app: str) -> dict[str, Path]:
    """Dotted name -> file of every module of an app; a package is its `__init__`."""
    modules = {}
    for path in python_files(root, app):
        parts = path.relative_to(root).with_suffix("").parts
        if "migrations" not in parts:
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def import_graph(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Module -> those of the same app that it imports, inside functions as well.

    `from package import name` counts as the submodule where `name` is one, else as the package.
    """
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                source = absolute_module(node, name, path)
                full = [(source, f"{source}.{each.name}") for each in node.names]
                imported = [long if long in modules else short for short, long in full]
            else:
                continue
            graph[name].update(module for module in imported if module in modules)
    return graph


def absolute_module(node: ast.ImportFrom, name: str, path: Path) -> str:
    """The module that `from … import` in the module `name` names, with its dots resolved."""
    if not node.level:
        return node.module or ""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *filter(None, [node.module])])


def modules_in_cycles(graph: dict[str, set[str]]) -> set[str]:
    """The modules from which imports lead back to themselves."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(graph[start])
        while waiting:
            module = waiting.pop()
            if module not in seen:
                seen.add(module)
                waiting += graph[module]
        return seen

    return {module for module in graph if module in reachable(module)}


def unexplained_imports(root: Path, app: str) -> set[str]:
    """Imports inside functions without a comment on the same line or the line above."""
    found = set()
    for path in python_files(root, app):
        lines = path.read_text("utf-8").splitlines()
        for function in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            group = 0  # line of the last import that has its reason, which the next ones share
            for node in ast.walk(function):
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    continue
                first, last = node.lineno, node.end_lineno or node.lineno
                explained = any("#" in line for line in lines[first - 1 : last])
                above = lines[first - 2].strip()
                if explained or above.startswith("#") or first - 1 == group:
                    group = last
                    continue
                module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                found.add(f"{path.relative_to(root)} imports {module}")
    return found


def python_files(root: Path, place: str):
    path = root / place
    if path.suffix == ".py":
        return [path] if path.exists() else []
    return sorted(path.rglob("*.py"))


def broken_arrows(root: Path) -> list[str]:
    """A sentence for each import that goes against the order of the apps."""
    found = []
    for place, app in enumerate(ORDER):
        forbidden = {*ORDER[place + 1 :], "config", "tests", "tools"}
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


def test_no_cycle_between_files_of_an_app():
    found = {app: modules_in_cycles(import_graph(modules_of(ROOT, app))) for app in ORDER}
    assert {app: names for app, names in found.items() if names} == {}


def test_imports_inside_functions_state_their_reason():
    found = {app: unexplained_imports(ROOT, app) for app in ORDER}
    assert {app: lines for app, lines in found.items() if lines} == {}


def test_the_work_of_every_job_is_a_function():
    without: dict[str, set[str]] = {}
    for model in job_models():
        if model.work and isinstance(model.work, str):
            assert callable(import_string(model.work)), model
        else:
            without.setdefault(model._meta.app_label, set()).add(model.__name__)
    assert without == {}


def url_names(patterns):
    for entry in patterns:
        if isinstance(entry, URLPattern):
            yield entry.name
        elif entry.app_name != "admin":
            yield from url_names(entry.url_patterns)


def test_url_names_are_unique():
    names = Counter(url_names(get_resolver().url_patterns))
    redirects = {name for name in names if name.startswith("moved_")}
    assert [name for name in names.keys() - redirects if names[name] > 1] == []


def test_every_url_name_in_templates_exists():
    known = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    for namespace, (_prefix, resolver) in get_resolver().namespace_dict.items():
        known |= {f"{namespace}:{name}" for name in resolver.reverse_dict if isinstance(name, str)}
    used = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r"""{%\s*url\s+["']([^"']+)["']""", path.read_text("utf-8"))
    }
    assert used and {(path, name) for path, name in used if name not in known} == set()


def write_modules(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_a_cycle_of_files_is_found(tmp_path):
    write_modules(
        tmp_path,
        {
            "corpus/models/__init__.py": "from corpus.models.sources import Source\n",
            "corpus/models/sources.py": "def run():\n    from corpus import ingest\n",
            "corpus/ingest.py": "from corpus.models import Source\nfrom corpus.media import x\n",
            "corpus/media.py": "import os\n",
            "corpus/formats/__init__.py": "from . import one\n",
            "corpus/formats/one.py": "from . import __name__\nfrom .two import y\n",
            "corpus/formats/two.py": "",
        },
    )
    assert modules_in_cycles(import_graph(modules_of(tmp_path, "corpus"))) == {
        "corpus.models",
        "corpus.models.sources",
        "corpus.ingest",
        "corpus.formats",
        "corpus.formats.one",
    }


def test_an_unexplained_import_in_a_function_is_found(tmp_path):
    text = """
def explained():
    import torch  # heavy

    # Only where speech is recognised.
    from transformers import pipeline
    from transformers import other


def unexplained():
    from corpus import ingest
"""
    write_modules(tmp_path, {"corpus/a.py": text})
    assert unexplained_imports(tmp_path, "corpus") == {"corpus/a.py imports corpus"}


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
    (tmp_path / "annotation/agreement").mkdir(parents=True)
    (tmp_path / "annotation/agreement/coefficients.py").write_text("from django.db import models\n")
    assert impure(tmp_path) == ["annotation/agreement/coefficients.py:1 imports django.db"]


def test_templates_have_no_inline_script_or_style():
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        assert " style=" not in text and "<style" not in text, path
        assert " onclick" not in text and "javascript:" not in text, path
        for tag in text.split("<script")[1:]:
            assert "nonce=" in tag.split(">")[0], path
