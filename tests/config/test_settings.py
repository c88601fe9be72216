"""Settings that cannot be are named when the program starts."""

import math

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import at_least


@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_setting_that_is_too_small_is_named(value):
    with pytest.raises(ImproperlyConfigured, match="TRAIN_THREADS must be at least 1, not"):
        at_least("TRAIN_THREADS", value, 1)
    assert at_least("TRAIN_THREADS", 1, 1) == 1
