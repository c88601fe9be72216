"""The dataset card, byte by byte: `dataset_cards/NAME.json` becomes `NAME.txt`."""

import json
from pathlib import Path

import pytest
from django.utils import translation

from annotation.scheme import DEFAULT
from releases.dataset_card import CardData, render

CARDS = Path(__file__).parent / "dataset_cards"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", ["full", "bare"])
def test_a_card_is_as_it_always_was(name, language):
    data = CardData(scheme=DEFAULT, **json.loads((CARDS / f"{name}.json").read_text("utf-8")))
    with translation.override(language):
        assert render(data) == (CARDS / f"{name}.txt").read_text("utf-8")
