"""The learner as a wheel, on a machine without the application."""

import os
import shutil
import subprocess
import sys
import zipfile

from tests.modeling.factories import ROOT, dialogue, write_release

ALONE = """
import sys
from modeling.learner.__main__ import main
status = main(sys.argv[1:])
assert not {name.split('.')[0] for name in sys.modules} & {'django', 'corpus', 'releases', 'celery'}
assert 'pretend' in sys.modules['modeling.learner'].__file__
sys.exit(status)
"""


def test_a_wheel_of_the_learner_trains_without_the_application(tmp_path):
    source, place = tmp_path / "source", tmp_path / "pretend"
    source.mkdir()
    shutil.copy(ROOT / "pyproject.toml", source)
    shutil.copytree(
        ROOT / "modeling", source / "modeling", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    built = subprocess.run(
        [*command, "--quiet", "-w", str(tmp_path)], cwd=source, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
        names = archive.namelist()
    assert "modeling/learner/evaluation.schema.json" in names
    assert all("learner" in name or "dist-info" in name for name in names)
    splits = ["train"] * 4 + ["valid", "test"]
    talks = [dialogue(f"D{n}", 2, split) for n, split in enumerate(splits)]
    release = write_release(tmp_path / "release", talks)
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"modalities": ["text"], "epochs": 1, "width": 16}')
    environment = {**os.environ, "PYTHONPATH": str(place)}
    for arguments in (
        ["train", release, "--recipe", recipe, "--out", tmp_path / "run"],
        ["evaluate", release, "--out", tmp_path / "run"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", ALONE, *map(str, arguments)],
            cwd=tmp_path, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "evaluated on test" in done.stdout
