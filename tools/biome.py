"""Biome, the formatter and linter of JavaScript and CSS: `python tools/biome.py check --write`.

Its npm package starts a native program through node, which may be the one that a PyPI package
carries: see `tools/setup.py`.
"""

import subprocess
import sys

from setup import MODULES, ROOT, fail, node_program

LAUNCHER = MODULES / "@biomejs" / "biome" / "bin" / "biome"


def main(arguments: list[str]) -> int:
    """Run Biome in the project's directory; its exit status."""
    if not LAUNCHER.exists():
        fail("Biome is not installed. Run: make setup")
    return subprocess.run([*node_program("node"), str(LAUNCHER), *arguments], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
