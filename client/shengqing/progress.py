"""How far an upload or a download is, on standard error: as a bar of tqdm, or as lines."""

import sys
from typing import Any

LINES = 10  # that are printed where there is no bar


class ByteProgress:
    """A Progress, bytes done and in total: a bar where tqdm is installed and a person looks on,
    else a line at each tenth.
    """

    def __init__(self, name: str) -> None:
        self.name, self.tenth = name, -1
        self.bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        if sys.stderr.isatty() and (self.bar or self._begin(total)):
            self._move(done, total)
        else:
            self._print(done, total)

    def _begin(self, total: int) -> bool:
        try:
            from tqdm import tqdm  # an extra
        except ImportError:
            return False
        self.bar = tqdm(desc=self.name, total=total, unit="B", unit_scale=True, unit_divisor=1024)
        return True

    def _move(self, done: int, total: int) -> None:
        self.bar.update(done - self.bar.n)
        if done >= total:
            self.bar.close()
            self.bar = None  # the next file has one of its own

    def _print(self, done: int, total: int) -> None:
        tenth = LINES * done // max(total, 1)
        if tenth != self.tenth:
            self.tenth = tenth
            print(f"{self.name}: {done:,} of {total:,} bytes", file=sys.stderr)
