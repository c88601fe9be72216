"""Write the lock files: for each requirements*.txt a requirements*.lock with what it brings along,
all versions pinned, each with the SHA-256 of every file that may be installed:

    make lock                                   after a change of a requirements*.txt
    make lock ARGS="--upgrade numpy pandas"     newer versions of what these bring along

uv resolves, once for all files, so that they agree, for Linux and macOS (`tool.uv` of
pyproject.toml); versions that are locked stay as far as requirements allow.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "3.11.5"  # the oldest that every requirement takes
HAND_KEPT = "requirements-experiments.txt"  # with hashes of its own, and for nothing else
PLATFORMS = [
    {"sys_platform": system, "platform_system": name, "platform_machine": machine}
    for system, name, machine in (
        ("linux", "Linux", "x86_64"),
        ("linux", "Linux", "aarch64"),
        ("darwin", "Darwin", "arm64"),
        ("darwin", "Darwin", "x86_64"),
    )
]
# What PyTorch for GPUs brings along on Linux, as PyPI has it, and PyTorch for processors does not
CUDA = re.compile("cuda-|nvidia-|triton$")
CPU_LOCK = ROOT / "requirements-cpu.lock"

Package = dict[str, Any]


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--upgrade", nargs="+", default=[], metavar="NAME")
    upgraded: set[str] = set(map(canonicalize_name, options.parse_args().upgrade))
    files = [file for file in sorted(ROOT.glob("requirements*.txt")) if file.name != HAND_KEPT]
    with tempfile.TemporaryDirectory() as folder:
        packages = resolve(files, upgraded, Path(folder))
        pins = Path(folder) / "pins.txt"
        pins.write_text("".join(f"{name}=={one['version']}\n" for name, one in packages.items()))
        found = {file.name: names_of([str(file)], pins) for file in files}
        torch = Path(folder) / "torch.txt"
        torch.write_text(f"torch=={packages['torch']['version']}\n")
        cuda = {name for name in names_of([str(torch)], pins) if CUDA.match(name)}
    for file in files:
        within = [line.split()[1] for line in file.read_text().splitlines() if line[:3] == "-r "]
        names = found[file.name].difference(cuda, *(found[one] for one in within))
        write(file.stem, packages, names, within)
    write("requirements-cuda", packages, cuda)
    if f"torch=={packages['torch']['version']}+cpu " not in CPU_LOCK.read_text():
        print(f"! {CPU_LOCK.name} is kept by hand and has another version of PyTorch.")


def resolve(files: list[Path], upgraded: set[str], folder: Path) -> dict[str, Package]:
    """Name -> its table in a lock of the standard's form (pylock.toml), of all files together."""
    kept = folder / "kept.txt"
    free = upgraded.union(*(required_names(file) for file in files))
    locked: dict[str, str] = {}
    for lock in ROOT.glob("requirements*.lock"):
        locked |= locked_versions(lock)
    kept.write_text("".join(f"{n}=={v}\n" for n, v in locked.items() if n not in free))
    whole = folder / "pylock.whole.toml"
    uv([*map(str, files)], kept, "--format", "pylock.toml", "--output-file", str(whole))
    return {one["name"]: one for one in tomllib.loads(whole.read_text())["packages"]}


def names_of(requirements: list[str], pins: Path) -> set[str]:
    """Names of all that these requirements bring along."""
    printed = uv(requirements, pins, "--no-annotate", "--no-header")
    return {line.split("==")[0] for line in printed.splitlines()}


def uv(requirements: list[str], constraints: Path, *more: str) -> str:
    """What `uv pip compile` prints."""
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *requirements]
    command += ["--constraints", str(constraints), "--universal", "--python-version", PYTHON]
    done = subprocess.run([*command, "--quiet", *more], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("✗ The requirements cannot be resolved: the message above says why.")
    return done.stdout


def required_names(file: Path) -> set[str]:
    """Names that a file of requirements has itself."""
    lines = [line.split("#")[0].strip() for line in file.read_text().splitlines()]
    named = (re.match(r"[\w.-]+", line) for line in lines if line and not line.startswith("-"))
    return {canonicalize_name(found.group()) for found in named if found}


def locked_versions(lock: Path) -> dict[str, str]:
    """Name -> version of what a lock file has itself."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def write(
    stem: str, packages: dict[str, Package], names: Iterable[str], within: Iterable[str] = ()
) -> None:
    """Write a lock file of packages, which contains those of other requirements."""
    lines = [
        "# Written by `make lock`; see tools/lock.py",
        *(f"-r {Path(one).stem}.lock" for one in within),
    ]
    for name in sorted(names):
        one = packages[name]
        lines.append(" \\\n    ".join([f"{name}=={one['version']}{condition(one)}", *hashes(one)]))
    (ROOT / f"{stem}.lock").write_text("\n".join(lines) + "\n")


def condition(package: Package) -> str:
    """Its marker, if it does not hold on every platform."""
    marker = Marker(package["marker"])
    here = {
        "python_full_version": PYTHON,
        "python_version": "3.11",
        "implementation_name": "cpython",
    }
    if all(marker.evaluate({**here, **platform}) for platform in PLATFORMS):
        return ""
    return f" ; {marker}"


def hashes(package: Package) -> list[str]:
    """The digests of its source, and of wheels for our Python and platforms."""
    files = [one for one in package.get("wheels", []) if is_for_us(one["url"].rsplit("/", 1)[1])]
    files += [package["sdist"]] if "sdist" in package else []
    found = [one["hashes"]["sha256"] for one in files]
    return [f"--hash=sha256:{digest}" for digest in sorted(found)]


def is_for_us(wheel: str) -> bool:
    """Whether a wheel of this name can be installed on one of the platforms."""
    return any(_fits(tag) for tag in parse_wheel_filename(wheel)[3])


def _fits(tag: Tag) -> bool:
    version = re.fullmatch(r"(py|cp)3(\d*)", tag.interpreter)
    if version is None or int(version[2] or 0) > 11:
        return False
    if version[1] == "cp" and tag.abi != "abi3" and tag.interpreter != "cp311":
        return False
    system = re.match("any$|manylinux|linux_|macosx", tag.platform)
    machine = re.search("any$|x86_64$|aarch64$|arm64$|universal2$", tag.platform)
    return bool(system and machine)


if __name__ == "__main__":
    main()
