"""The collector is as it was after large files are read, and what was freed is given back."""

import ctypes
import gc
import subprocess
import sys
from pathlib import Path

import pytest

from core.memory import uncollected

ROOT = Path(__file__).resolve().parents[2]


def test_the_collector_is_switched_on_again_also_after_a_failure():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"), uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError("broken")
    assert gc.isenabled()


GROWTH = """
import resource
from pathlib import Path
from core.normalization import search_key
import opencc

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

before = held()
assert search_key("漢字") == "汉字"
print((held() - before) // 2**20)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library's own")
def test_a_search_does_not_keep_the_dictionaries_that_it_needed_once():
    """OpenCC's are 30 MB, and each process of the web server would keep as much."""
    found = subprocess.run(
        [sys.executable, "-c", GROWTH], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(found.stdout) < 20
