"""Published networks on our encoders: one contract, whatever the network."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch
from torch.nn.functional import cross_entropy

from modeling.learner.batches import IGNORED
from modeling.learner.losses import Objective
from modeling.learner.networks.published.registry import BODIES
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import (
    CLASSICAL,
    DIALOGUE_NETWORKS,
    FIXED_NETWORKS,
    MODALITIES,
    NETWORKS,
    PUBLISHED_FIELDS,
    RECIPES,
)
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole

PUBLISHED = [name for name, recipe in RECIPES.items() if recipe.network in PUBLISHED_FIELDS]
SUBSETS = [
    names for size in range(1, 4) for names in combinations(MODALITIES, size)
]  # each modality alone, each pair, all
STEPS, LEARNED = 300, 0.95  # at most, and the share of labels that is then known by heart
STARTS = 3


def made(name, modalities=MODALITIES, seed=0, **fields):
    torch.manual_seed(seed)
    recipe = replace(RECIPES[name], width=16, modalities=modalities, **fields)
    return build_network(recipe, TASKS, 5, SIZES)


def logits(network, batch):
    """Scores of every task, side by side (N, sum of classes)."""
    return torch.cat(list(network(batch).logits.values()), dim=1)


def test_every_published_network_is_a_recipe():
    assert {RECIPES[name].network for name in PUBLISHED} == {*PUBLISHED_FIELDS} == {*BODIES}
    assert {"own", *FIXED_NETWORKS, *PUBLISHED_FIELDS, *CLASSICAL} == {*NETWORKS}
    assert {*DIALOGUE_NETWORKS} <= {*PUBLISHED_FIELDS}


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_answer_depends_on_its_dialogue_alone(name):
    data = packed([dialogue("A", 3), dialogue("B", 5), dialogue("C", 1)])
    network = made(name).eval()
    together = network(whole(data)).logits
    assert {key: scores.shape for key, scores in together.items()} == {
        "sentiment": (9, 3), "sarcasm": (9, 2),
    }  # fmt: skip
    for number, rows in enumerate((slice(0, 3), slice(3, 8), slice(8, 9))):
        for key, scores in network(data.batch([number])).logits.items():
            assert torch.allclose(scores, together[key][rows], atol=1e-5)


@pytest.mark.parametrize("name", PUBLISHED)
def test_padding_of_frames_changes_nothing(name):
    batch = whole(packed([dialogue("A", 3), dialogue("B", 2)]))
    network = made(name).eval()
    before, penalties = logits(network, batch), network(batch).penalties
    for each in MODALITIES:
        frames = getattr(batch, each)
        behind = torch.ones_like(frames[:, :1]).repeat(1, 4, *[1] * (frames.dim() - 2))
        setattr(batch, each, torch.cat([frames, behind], dim=1))
    assert torch.allclose(logits(network, batch), before, atol=1e-5)
    for key, penalty in network(batch).penalties.items():
        assert torch.allclose(penalty, penalties[key], atol=1e-5)


@pytest.mark.parametrize("name", PUBLISHED)
def test_only_a_network_of_dialogues_reads_the_other_turns(name):
    batch = whole(packed([dialogue("A", 4)]))
    network = made(name).eval()
    before = logits(network, batch)
    batch.audio[1] += 1
    changed = (logits(network, batch) - before).abs().amax(dim=1) > 1e-6
    others = changed[[0, 2, 3]]  # those after it alone in networks that read forward
    assert bool(changed[1])
    assert bool(others.any()) == (RECIPES[name].network in DIALOGUE_NETWORKS)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("missing", MODALITIES)
def test_what_a_missing_modality_holds_does_not_matter(name, missing):
    batch = whole(packed([dialogue("A", 4), dialogue("B", 3)]))
    batch.lengths[missing][:3] = 0
    network = made(name).eval()
    before = logits(network, batch)
    content = getattr(batch, missing)
    other = torch.ones_like(content) if missing == "text" else 1e3 * torch.ones_like(content)
    setattr(batch, missing, torch.cat([other[:3], content[3:]]))
    assert torch.equal(logits(network, batch), before)
    assert torch.isfinite(before).all()
    loss = logits(network.train(), batch).square().sum()
    loss.backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("modalities", SUBSETS, ids="+".join)
def test_any_modalities_are_enough(name, modalities):
    """With a step of training, also of one utterance that lacks all of them."""
    network = made(name, modalities).train()
    recipe = replace(RECIPES[name], modalities=modalities)
    objective = Objective(recipe, TASKS, {t.key: torch.zeros(len(t.classes)) for t in TASKS})
    batch = whole(packed([dialogue("A", 3), dialogue("B", 1)]))
    for each in modalities:
        batch.lengths[each][3] = 0
    total, _ = objective.train()(network(batch), batch)
    total.backward()
    assert torch.isfinite(total)
    for parameter in network.parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_learns_sixteen_dialogues_by_heart(name):
    """Labels that are drawn at random, from frames that are; from one of a few starts, since units
    of a narrow ReLU that heads read alone, as in DialogueRNN, die at this learning rate.
    """
    batch = whole(packed([dialogue(f"D{n}", 3) for n in range(16)]))
    generator = torch.Generator().manual_seed(1)
    gold = torch.randint(3, (48,), generator=generator)
    batch.gold = {"sentiment": gold, "sarcasm": torch.full((48,), IGNORED)}
    assert any(learns_by_heart(name, seed, batch) for seed in range(1, STARTS + 1))


def learns_by_heart(name, seed, batch):
    """Whether a network of this start knows so many labels by heart within so many steps."""
    network, gold = made(name, seed=seed, dropout=0.0).train(), batch.gold["sentiment"]
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(STEPS):
        scores = network(batch).logits["sentiment"]
        optimiser.zero_grad()
        cross_entropy(scores, gold).backward()
        optimiser.step()
        if float((scores.argmax(1) == gold).float().mean()) >= LEARNED:
            return True
    return False


@pytest.mark.parametrize("name", PUBLISHED)
def test_fields_that_decide_nothing_are_named(name):
    unused = RECIPES[name].unused
    assert {"sharing", "relations", "context"} <= unused
    assert not {*PUBLISHED_FIELDS[RECIPES[name].network]} & unused
    sizes = {sum(p.numel() for p in made(name, heads=h).parameters()) for h in (2, 4)}
    assert "heads" not in unused or len(sizes) == 1
