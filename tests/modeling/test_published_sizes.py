"""How many parameters published networks have between our encoders and heads, by their layers."""

from dataclasses import replace

import pytest

from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS

D, M, CLASSES = 16, 3, [len(task.classes) for task in TASKS]
AUDIO, VISION, K, C = SIZES["audio"], SIZES["vision"], len(TASKS), sum(CLASSES)


def linear(inputs, outputs=D, bias=True):
    return inputs * outputs + bias * outputs


def recurrent(inputs, width, gates):
    """Both directions of an LSTM (4 gates) or a GRU (3), two biases each."""
    return 2 * gates * (inputs * width + width * width + 2 * width)


NORM = 2 * D
TRANSFORMER = 2 * NORM + linear(D, 3 * D) + linear(D) + linear(D, 2 * D) + linear(2 * D)
HEADS = sum(linear(D, count) for count in CLASSES)
GAUSSIAN = 4 * linear(D)
WANTED = {
    "misa": M * (linear(D) + NORM) + (1 + 2 * M) * linear(D) + TRANSFORMER
    + linear(2 * M * D, M * D),
    "mmgcn": recurrent(D, D // 2, 4) + 2 * linear(D) + 8 * D + linear(2 * D)
    + 4 * linear(D, bias=False) + linear(3 * M * D),
    "dialogue-gcn": recurrent(M * D, D // 2, 3) + 8 * linear(D, bias=False)
    + linear(2 * D, 2 * D, bias=False) + linear(2 * D),
    "mm-dfn": (1 + M) * recurrent(D, D // 2, 3) + 3 * linear(D) + recurrent(D, D, 4) // 2
    + 4 * linear(D, bias=False) + linear(2 * M * D),
    "self-mm": M * linear(D) + linear(M * D) + M * HEADS,
    "mmim": linear(M * D) + linear(D) + M * linear(D) + 2 * GAUSSIAN,
    "lf-dnn": 4 * (D * D + D * D + 2 * D) + linear(D) + 2 * (AUDIO + VISION)
    + linear(AUDIO) + linear(VISION) + 4 * linear(D) + linear(M * D) + linear(D),
    "m2fnet": 2 * M * TRANSFORMER
    + 2 * (2 * (linear(D) + linear(D, 2 * D)) + linear(M * D) + NORM) + linear((1 + M) * D),
    "m2seq2seq": (M + 2) * TRANSFORMER + linear(M * D) + K * D + linear(D)
    + (1 + K) * linear(2 * D) + HEADS,
    "mil": linear(AUDIO) + linear(VISION) + 4 * D * D + (1 + 3 * K) * linear(M * D) + HEADS,
}  # fmt: skip


@pytest.mark.parametrize("name", WANTED)
def test_parameters_are_those_of_its_layers(name):
    recipe = replace(RECIPES[name], width=D)
    body = build_network(recipe, TASKS, 5, SIZES).body
    found = sum(p.numel() for key, p in body.named_parameters() if not key.startswith("encode."))
    assert found == WANTED[name]
