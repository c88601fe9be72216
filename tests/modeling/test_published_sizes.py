"""How many parameters published networks have between our encoders and heads, by their layers."""

import re
from dataclasses import replace

import pytest

from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import PUBLISHED_FIELDS, RECIPES
from modeling.learner.release import Task
from tests.modeling.factories import ROOT, SIZES, TASKS

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
FRAMES = (D, AUDIO, VISION)  # of characters as wide as the network, of sound, of picture
WANTED = {
    "bc-lstm": M * (recurrent(D, D, 4) + linear(2 * D)) + recurrent(M * D, D, 4),
    "dialogue-rnn": 2 * recurrent((M + 1) * D, D, 3) + 2 * M * D * D + recurrent(D, D, 3)
    + 2 * linear(2 * D, 2 * D),
    "cim-att": M * (recurrent(D, D, 3) + linear(2 * D)),
    "gated-att": M * recurrent(D, D, 3) + 2 * M * linear(2 * D, 2 * D, bias=False)
    + 2 * M * linear(4 * D, 2 * D) + recurrent(3 * M * 2 * D, D, 3) + linear(2 * D),
    "qmsa": sum(linear(n) + linear(n, 1) for n in FRAMES)
    + M * sum(linear(D * (D + 1) // 2, c) + 1 + c for c in CLASSES),
    "middya": sum(linear(5 * n) for n in FRAMES) + M * (2 * linear(3 * D) + linear(D))
    + linear(M * D),
    "context-gated-conv": sum(linear(n) for n in FRAMES) + linear(M * D)
    + 2 * M * (linear(3 * D) + D * D + 2 * 6 + 2 * 9 + linear(3, 3)),
    "mimn": sum(recurrent(n, D, 4) for n in FRAMES) + linear(2 * M * D, 2 * D)
    + M * M * (linear(2 * D, 2 * D) + linear(2 * D, 2 * D, bias=False) + 2 * D)
    + M * recurrent(2 * D, 2 * D, 3) // 2,
    "qin": sum(linear(n, D // 2) + linear(n, 1) for n in FRAMES) + 4
    + M * (linear(9, D // 4) + linear(2 * D // 4 * D // 2)) + linear(M * D, M * D, bias=False)
    + recurrent(M * D, D, 4) // 2,
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


def test_every_published_network_is_counted():
    assert {*WANTED} == {name for name, r in RECIPES.items() if r.network in PUBLISHED_FIELDS}


def test_the_table_of_published_networks_has_their_parameters():
    """With the six tasks of the default scheme and 3,000 characters, as docs/learner.md says."""
    text = (ROOT / "docs" / "learner.md").read_text()
    section = text.split("## Published networks\n")[1].split("\n## ")[0]
    written = dict(re.findall(r"^\| `([\w-]+)` \|.*\| ([\d,]+) \|$", section, re.MULTILINE))
    classes = (3, 7, 2, 2, 5, 5)
    tasks = [Task(f"task{n}", tuple(map(str, range(count)))) for n, count in enumerate(classes)]
    counted = {}
    for name in WANTED:
        network = build_network(RECIPES[name], tasks, 3000, SIZES)
        counted[name] = f"{sum(p.numel() for p in network.parameters()):,}"
    assert written == counted
