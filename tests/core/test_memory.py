"""The collector is as it was after large files are read."""

import gc

import pytest

from core.memory import uncollected


def test_the_collector_is_switched_on_again_also_after_a_failure():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"), uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError("broken")
    assert gc.isenabled()
