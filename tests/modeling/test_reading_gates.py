"""Reading gates: how much of each modality and of the dialogue a task reads."""

from dataclasses import replace

import pytest
import torch

from modeling.learner import sharing_benchmark, synthetic_data
from modeling.learner.losses import Objective
from modeling.learner.networks.dialogue_model import DialogueModel
from modeling.learner.recipes import RECIPES, Recipe
from modeling.learner.sharing.reading_gates import SPEED
from modeling.learner.synthetic_data import FEATURE_SIZES, TASKS

RECIPE = replace(
    sharing_benchmark.RECIPE, sharing="reading", relation_chain=True, width=8, heads=2, dropout=0.0
)
KEYS = [task.key for task in TASKS]


def model(recipe=RECIPE, tasks=TASKS):
    torch.manual_seed(0)
    return DialogueModel(recipe, tasks, 2, FEATURE_SIZES).eval()


def size(module):
    return sum(p.numel() for p in module.parameters())


def test_the_equation():
    network = model().sharing
    tokens, mask = torch.randn(2, 4, 3, 8), torch.ones(2, 4, dtype=torch.bool)
    with torch.no_grad():
        network.reading.copy_(0.1 * torch.randn(len(TASKS), 3))
        network.context.copy_(0.1 * torch.randn(len(TASKS)))
        found = network(tokens, mask).vectors
        weight, bias = network.fuse.project.weight, network.fuse.project.bias
        for number, key in enumerate(KEYS):
            a = 3 * torch.softmax(20 * network.reading[number], dim=0)
            beside = torch.cat([a[m] * tokens[:, :, m] for m in range(3)], dim=-1)
            u = network.fuse.norm(beside @ weight.T + bias)
            c = 2 * torch.sigmoid(20 * network.context[number])
            h = network.tower.norm(u + c * network.tower.turns(u)[0])
            assert torch.allclose(found[key], h, atol=1e-5)


def test_at_first_tasks_read_the_same():
    network = model().sharing
    assert network.amounts.tolist() == [[1.0] * 3] * len(TASKS)
    assert network.contexts.tolist() == [1.0] * len(TASKS)
    found = network(torch.randn(1, 4, 3, 8), torch.ones(1, 4, dtype=torch.bool)).vectors
    assert all(torch.allclose(each, found["emotion"], atol=1e-6) for each in found.values())


def test_a_task_costs_a_gate_a_modality_and_one_for_context():
    hard = model(replace(RECIPE, sharing="hard"))
    assert size(model()) - size(hard) == len(TASKS) * 4
    tables = 7 * 5 * 3 + 2 * 5 * 2
    assert size(model()) - size(model(replace(RECIPE, relation_chain=False))) == tables


def test_gates_learn_and_differ_by_task():
    network, data = model(), synthetic_data.generate(3, seed=1)
    priors = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    Objective(RECIPE, TASKS, priors)(network(data), data)[0].backward()
    assert (network.sharing.reading.grad.abs().sum(1) > 0).all()
    assert (network.sharing.context.grad != 0).all()


def test_a_missing_modality_says_nothing_and_neither_do_other_dialogues():
    data = synthetic_data.generate(3, seed=1)
    data.text = torch.randint(0, 2, (24, 4))
    network = DialogueModel(
        RECIPES["reading-small"].with_fields({"width": 8, "heads": 2}), TASKS, 2,
        {name: FEATURE_SIZES[name] for name in ("audio", "vision")},
    ).eval()  # fmt: skip
    data.lengths["audio"][:12] = 0
    before = network(data).logits
    data.audio[:12] = 1e3
    after = network(data).logits
    alone = network(synthetic_data.select_dialogues(data, [1])).logits
    for key, logits in before.items():
        assert torch.equal(after[key], logits)
        assert torch.allclose(alone[key], logits[8:16], atol=1e-5)


@pytest.mark.parametrize("options", [{"modalities": ("text",)}, {"context": False}])
def test_with_one_modality_or_without_context(options):
    network, data = model(replace(RECIPE, **options)), synthetic_data.generate(2, seed=1)
    assert set(network(data).logits) == set(KEYS)
    if "modalities" in options:
        assert network.sharing.amounts.tolist() == [[1.0]] * len(TASKS)


def test_what_gates_learned_is_named():
    network = model()
    with torch.no_grad():
        network.sharing.reading[0].copy_(torch.tensor([2.0, 0.0, 0.0]).log1p() / SPEED)
    found = network.learned()["reading"]
    assert list(found) == KEYS
    assert found["sentiment"] == {
        "modalities": {"text": 1.8, "audio": 0.6, "vision": 0.6}, "context": 1.0,
    }  # fmt: skip
    assert "fusion" in Recipe(sharing="reading").unused


def test_it_overfits_a_few_dialogues():
    torch.manual_seed(0)
    recipe = replace(RECIPE, width=16, learning_rate=0.01, weighting="equal")
    network, data = model(recipe).train(), synthetic_data.generate(4, seed=3)
    objective = Objective(
        recipe, TASKS, {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.01)
    for _ in range(60):
        optimiser.zero_grad()
        objective(network(data), data)[0].backward()
        optimiser.step()
    logits = network.eval()(data).logits
    for key in KEYS:
        assert (logits[key].argmax(1) == data.gold[key]).float().mean() > 0.95, key
    learned = network.chains.learned()["sarcasm_humor"]
    assert learned[0][0][1] > 0.8 and learned[0][4][1] < 0.2
