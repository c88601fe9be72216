"""Lock files: all that requirements bring along, by digest, and nothing else is installed."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from django.conf import settings
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.config.test_web_process import installed_with
from tools import lock, setup

FILES = sorted(
    path for path in settings.ROOT.glob("requirements*.txt") if path.name != lock.HAND_KEPT
)
LINE = re.compile(
    r"^([\w.-]+)==(\S+)(?: ; (.*?))?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M
)


def contained(path):
    """The files that a requirements*.txt or *.lock contains, and itself."""
    lines = path.read_text().splitlines()
    inner = [path.with_name(line[3:]) for line in lines if line.startswith("-r ")]
    return [path, *(file for one in inner for file in contained(one))]


def requirements(path):
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def locked(path):
    """Name -> version and marker of all that a lock file has, with those in it."""
    found = {}
    for file in contained(path):
        for name, version, marker, _hashes in LINE.findall(file.read_text()):
            assert found.setdefault(name, (version, marker)) == (version, marker), name
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_lock_file_has_the_versions_of_its_requirements(path):
    versions = locked(path.with_suffix(".lock"))
    wanted = {
        canonicalize_name(one.name): one for file in contained(path) for one in requirements(file)
    }
    assert {name: str(one.specifier) for name, one in wanted.items()} == {
        name: f"=={versions[name][0]}" for name in wanted
    }, "run `make lock`"
    assert [file.stem for file in contained(path)] == [
        file.stem for file in contained(path.with_suffix(".lock"))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_lock_file_has_all_that_its_requirements_bring_along(path):
    versions = locked(path.with_suffix(".lock"))
    brought = set().union(*(installed_with(file.name) for file in contained(path)))
    missing = {name for name in brought - versions.keys() if not lock.CUDA.match(name)}
    assert missing == set(), "run `make lock`"


def test_every_line_of_a_lock_file_has_digests_and_all_agree():
    everything = {}
    for path in sorted({*settings.ROOT.glob("requirements*.lock")} - {lock.CPU_LOCK}):
        text = path.read_text()
        rest = LINE.sub("", text).split("\n")
        assert {line for line in rest if line and line[0] != "#" and line[:3] != "-r "} == set(), (
            path
        )
        for name, version, marker, hashes in LINE.findall(text):
            assert everything.setdefault(name, (version, hashes)) == (version, hashes), name
            if marker:
                Marker(marker)
    cuda = locked(settings.ROOT / "requirements-cuda.lock")
    assert len(everything) > 200 and all(map(lock.CUDA.match, cuda)) and "nvidia-cublas" in cuda
    [(name, version, _marker, _hashes)] = LINE.findall(lock.CPU_LOCK.read_text())
    assert (name, version) == ("torch", f"{everything['torch'][0]}+cpu")


def test_digests_are_of_wheels_for_our_python_and_platforms():
    for fits in (
        "click-8.5.1-py3-none-any.whl",
        "six-1.17.0-py2.py3-none-any.whl",
        "numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
        "safetensors-0.8.0-cp38-abi3-macosx_11_0_arm64.whl",
        "ruff-0.17.5-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
    ):
        assert lock.is_for_us(fits), fits
    for other in (
        "numpy-2.4.6-cp312-cp312-manylinux_2_28_x86_64.whl",
        "numpy-2.4.6-cp311-cp311-win_amd64.whl",
        "numpy-2.4.6-cp311-cp311-musllinux_1_2_x86_64.whl",
        "numpy-2.4.6-pp311-pypy311_pp73-macosx_14_0_arm64.whl",
        "safetensors-0.8.0-cp313-abi3-macosx_11_0_arm64.whl",
        "safetensors-0.8.0-cp38-cp38-macosx_11_0_arm64.whl",
        "ruff-0.17.5-py3-none-manylinux_2_17_s390x.whl",
    ):
        assert not lock.is_for_us(other), other


def test_a_digest_of_another_file_is_refused(tmp_path, monkeypatch, capfd):
    """By the very installation of `make setup`, from a folder instead of PyPI."""
    wheel = tmp_path / "wheels" / "smallest-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    info = "smallest-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("smallest.py", "")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: smallest\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / ".venv"], check=True)
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "BIN", tmp_path / ".venv" / "bin")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    right, wrong = setup.digest(wheel), setup.digest(wheel)[::-1]

    def lock_file(name, requirement, digest=""):
        hashes = f" \\\n    --hash=sha256:{digest}" if digest else ""
        (tmp_path / name).write_text(f"{requirement}{hashes}\n")

    def refused():
        with pytest.raises(SystemExit, match="could not be installed"):
            setup.install_python("requirements.txt")
        return capfd.readouterr().err, list(tmp_path.rglob("smallest.py"))

    absent = "torch==1.0+cpu"  # what no index here has
    lock_file("requirements-cpu.lock", absent, right)
    lock_file("requirements.lock", "smallest==1.0", wrong)
    said, installed = refused()
    assert "DO NOT MATCH THE HASHES" in said and not installed
    lock_file("requirements.lock", "smallest==1.0")
    said, installed = refused()
    assert "Hashes are required" in said and not installed
    lock_file("requirements.lock", "smallest==1.0", right)
    lock_file("requirements-cpu.lock", "smallest==1.0", wrong)
    said, installed = refused()
    assert "DO NOT MATCH THE HASHES" in said and not installed

    lock_file("requirements-cpu.lock", absent, right)
    setup.install_python("requirements.txt")
    assert len(list((tmp_path / ".venv").rglob("smallest.py"))) == 1
    shutil.rmtree(wheel.parent)
    setup.install_python("requirements.txt")  # nothing is done a second time
