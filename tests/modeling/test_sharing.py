"""Ways of sharing and what is minimised, against values worked out by hand."""

import inspect
import math

import pytest
import torch
from scipy.special import expit

from modeling.learner import sharing_benchmark, synthetic_data
from modeling.learner.batches import IGNORED
from modeling.learner.correlation_labels import correlation_strengths, shuffle_correlations
from modeling.learner.loss_weighting import EqualWeighting, UncertaintyWeighting
from modeling.learner.losses import Objective, task_losses
from modeling.learner.networks.dialogue_model import DialogueModel, SeparateModels
from modeling.learner.networks.fusion import AttentionFusion
from modeling.learner.networks.prediction import Prediction
from modeling.learner.ordinal_regression import class_log_probabilities, ordinal_loss
from modeling.learner.recipes import SHARINGS, Recipe
from modeling.learner.release import Dialogue, Utterance
from modeling.learner.sharing.cross_stitch import CrossStitch
from modeling.learner.sharing.interface import READ_MODALITIES
from modeling.learner.sharing.mixture_of_experts import mix
from modeling.learner.sharing.registry import build_sharing
from modeling.learner.sharing.relation_gates import RelationHead, expected_correlation
from modeling.learner.sharing.tower import Tower, parameter_distance

TASKS = synthetic_data.TASKS
WIDTH = 8


class Fixed(torch.nn.Module):
    """A tower that gives the same vector always."""

    def __init__(self, *values):
        super().__init__()
        self.values = torch.nn.Parameter(torch.tensor(values))

    def forward(self, fused, mask):
        return self.values.expand(*mask.shape, -1)


def sharing(name, **options):
    torch.manual_seed(0)
    return build_sharing(Recipe(sharing=name, width=WIDTH, heads=2, dropout=0.0, **options), TASKS)


def turns(seed=0, lengths=(3, 5)):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return torch.randn(*mask.shape, WIDTH, generator=generator) * mask[..., None], mask


def inputs(name):
    """What a sharing reads: fused vectors, or those of three modalities."""
    fused, mask = turns()
    if name not in READ_MODALITIES:
        return fused, mask
    return torch.stack([turns(seed)[0] for seed in range(3)], dim=2), mask


@pytest.mark.parametrize("name", [name for name in SHARINGS if name != "single"])
def test_padding_changes_nothing_and_every_task_has_its_vector(name):
    fused, mask = inputs(name)
    network = sharing(name)
    found = network(fused, mask)
    longer = torch.cat([fused, torch.zeros_like(fused)[:, :4]], dim=1)
    wider = torch.cat([mask, torch.zeros(2, 4, dtype=torch.bool)], dim=1)
    again = network(longer, wider)
    own = {t.key for t in TASKS if not t.is_correlation} | (
        set() if name == "relgate" else {t.key for t in TASKS}
    )
    assert set(found.vectors) == own
    for task, vectors in found.vectors.items():
        assert torch.allclose(vectors[mask], again.vectors[task][:, :5][mask], atol=1e-6)
    for key, above in found.relations.items():
        assert torch.allclose(above[mask], again.relations[key][:, :5][mask], atol=1e-6)


@pytest.mark.parametrize("name", [name for name in SHARINGS if name != "single"])
def test_no_forward_takes_a_gold_relation(name):
    network = sharing(name)
    read = "tokens" if name in READ_MODALITIES else "fused"
    assert list(inspect.signature(network.forward).parameters) == [read, "mask"]
    assert list(inspect.signature(DialogueModel.forward).parameters) == ["self", "batch"]
    data = synthetic_data.generate(3, seed=1)
    model = sharing_benchmark.build_model("relation gates", sharing_benchmark.RECIPE).eval()
    before = model(data).logits["sentiment"]
    for task in TASKS:
        data.gold[task.key] = torch.full_like(data.gold[task.key], IGNORED)
    assert torch.equal(model(data).logits["sentiment"], before)


def test_a_cross_stitch_by_hand():
    towers = iter([Fixed(1.0, 0.0), Fixed(0.0, 2.0)])
    stitched = CrossStitch(lambda: next(towers), ["a", "b"])
    with torch.no_grad():
        stitched.mixture.copy_(torch.tensor([[0.9, 0.1], [-0.5, 1.0]]))
    found = stitched(torch.zeros(1, 1, 2), torch.ones(1, 1, dtype=torch.bool)).vectors
    assert torch.allclose(found["a"][0, 0], torch.tensor([0.9, 0.2]))
    assert torch.allclose(found["b"][0, 0], torch.tensor([-0.5, 2.0]))


def test_a_mixture_of_experts_by_hand():
    gate = torch.tensor([[[0.0, math.log(3)]]])  # weights 1/4 and 3/4
    experts = torch.tensor([[[[4.0, 0.0]]], [[[0.0, 8.0]]]])
    assert torch.allclose(mix(gate, experts)[0, 0], torch.tensor([1.0, 6.0]))


def test_an_ordinal_head_by_hand():
    above = torch.tensor([[2.0, 0.5, -0.5, -2.0]])
    over = expit([2.0, 0.5, -0.5, -2.0])
    expected = [1 - over[0], over[0] - over[1], over[1] - over[2], over[2] - over[3], over[3]]
    assert class_log_probabilities(above).exp()[0].tolist() == pytest.approx(expected, abs=1e-6)
    result = -sum(map(math.log, [over[0], over[1], 1 - over[2], 1 - over[3]])) / 4  # class 2 of 5
    assert ordinal_loss(above, torch.tensor([2])).item() == pytest.approx(result, abs=1e-6)
    both = torch.cat([above, above])
    assert ordinal_loss(both, torch.tensor([2, IGNORED])).item() == pytest.approx(result, abs=1e-6)
    assert expected_correlation(above).item() == pytest.approx(2 * sum(over) / 4 - 1, abs=1e-6)
    assert expected_correlation(torch.full((4,), 50.0)).item() == pytest.approx(1.0)


def test_thresholds_increase_whatever_is_learned():
    head = RelationHead(WIDTH, 5, 0.0)
    with torch.no_grad():
        head.steps.copy_(torch.tensor([-9.0, 3.0, 0.0]))
    assert (head.thresholds.diff() > 0).all() and len(head.thresholds) == 4


def test_uncertainty_by_hand():
    losses = {
        "a": torch.tensor(2.0, requires_grad=True),
        "b": torch.tensor(4.0, requires_grad=True),
    }
    weighing = UncertaintyWeighting(["a", "b"])
    with torch.no_grad():
        weighing.s["a"].fill_(0.0)
        weighing.s["b"].fill_(math.log(2))
    total = weighing(losses)
    assert total.item() == pytest.approx(((2 / 2) + (4 / 4 + math.log(2) / 2)) / 2)
    with torch.no_grad():
        weighing.s["b"].fill_(0.0)
    weighed = torch.autograd.grad(weighing(losses), list(losses.values()))
    equal = torch.autograd.grad(EqualWeighting()(losses), list(losses.values()))
    assert [w.item() * 2 for w in weighed] == [e.item() for e in equal]


def test_soft_labels_by_hand():
    logits = {"a": torch.tensor([[0.0, math.log(3)], [0.0, 0.0], [1.0, 0.0]])}
    gold = {"a": torch.tensor([1, IGNORED, IGNORED])}
    soft = {"a": torch.tensor([[0.0, 0.0], [0.5, 0.5], [0.0, 0.0]])}
    priors = {"a": torch.zeros(2)}
    found = task_losses(logits, gold, priors, 1.0, soft)["a"].item()
    expected = (-math.log(3 / 4) + math.log(2)) / 2 / math.log(2)  # the third row says nothing
    assert found == pytest.approx(expected, abs=1e-6)


def test_attention_fusion_equals_a_plain_reference():
    torch.manual_seed(1)
    fusion = AttentionFusion(3, WIDTH, 2, 0.0).eval()
    tokens = torch.randn(4, 3, WIDTH)
    present = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 1, 0], [1, 1, 0]], dtype=torch.bool)

    def attend(block, query, keys):
        q, k, v = block.in_proj_weight.chunk(3)
        a, b, c = block.in_proj_bias.chunk(3)
        heads = []
        for h in range(2):
            part = slice(h * WIDTH // 2, (h + 1) * WIDTH // 2)
            scores = (query @ q.T + a)[:, part] @ (keys @ k.T + b)[:, part].T
            weights = torch.softmax(scores / math.sqrt(WIDTH / 2), dim=-1)
            heads.append(weights @ (keys @ v.T + c)[:, part])
        return block.out_proj(torch.cat(heads, dim=-1))

    found = fusion(tokens, present)
    for row in range(4):
        whole = tokens[row] * present[row][:, None] + fusion.kind
        normed = fusion.before(whole)
        mixed = whole + attend(fusion.mix, normed, normed[present[row]])
        read = attend(fusion.read, fusion.query[0], mixed[present[row]])
        assert torch.allclose(found[row], fusion.norm(read)[0], atol=1e-5)


def relations(role, task="sentiment"):
    """Which parts of a relation-gated network the loss of one task reaches."""
    network = sharing("relgate", relations=role)
    fused, mask = turns()
    found = network(fused, mask)
    found.vectors[task].square().sum().backward()
    return {name for name, p in network.named_parameters() if p.grad is not None and p.grad.any()}


def test_gradients_reach_what_they_should_and_only_that():
    reached = relations("supervised")
    assert any(name.startswith("heads.emotion_sentiment") for name in reached)
    assert not any(name.startswith("heads.sarcasm_humor") for name in reached)
    assert not any("heads" in name for name in relations("detached"))
    assert not any("carry.emotion_sentiment" in name for name in relations("auxiliary"))
    assert any("carry.emotion_sentiment" in name for name in relations("detached"))


def test_gates_off_and_on_do_what_the_equation_says():
    network = sharing("relgate")
    fused, mask = turns()
    with torch.no_grad():
        network.free_strength.zero_()
        for key in network.strength:
            network.strength[key].zero_()
    still = network(fused, mask)
    result = {
        key: network.dual[key](fused, network.common(fused, mask), network.own[key](fused, mask))
        for key in network.tasks
    }
    assert torch.allclose(
        still.vectors["sentiment"], network.norm["sentiment"](result["sentiment"])
    )
    with torch.no_grad():
        network.strength["emotion_sentiment"].fill_(2.0)
    moved = network(fused, mask)
    gate = moved.gates["emotion_sentiment"][..., None]
    step = 2.0 * gate * network.carry["emotion_sentiment"](result["emotion"])
    expected = network.norm["sentiment"](result["sentiment"] + step)
    assert torch.allclose(moved.vectors["sentiment"], expected, atol=1e-6)
    assert torch.allclose(moved.vectors["humor"], still.vectors["humor"])


def test_supervision_teaches_the_relation_heads_alone_where_it_is_asked():
    data = synthetic_data.generate(4, seed=1)
    priors = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    for role, taught in (("supervised", True), ("off", False)):
        recipe = Recipe(sharing="relgate", relations=role, width=WIDTH, heads=2, weighting="equal")
        model = sharing_benchmark.build_model("relation gates", recipe)
        found = model(data)
        assert ("emotion_sentiment" in found.logits) == taught
        _total, parts = Objective(recipe, TASKS, priors)(found, data)
        assert ("sarcasm_humor" in parts) == taught


def test_nothing_to_learn_from_is_no_loss():
    data = synthetic_data.generate(2, seed=1)
    data.gold = {key: torch.full_like(gold, IGNORED) for key, gold in data.gold.items()}
    found = Prediction({"sarcasm": torch.randn(16, 2, requires_grad=True)})
    objective = Objective(Recipe(), TASKS, {"sarcasm": torch.zeros(2)})
    assert objective(found, data) == (None, {})


def test_separate_models_share_nothing():
    model = SeparateModels(Recipe(width=WIDTH, heads=2, modalities=("text",)), TASKS[:2], 4, {})
    ids = [{id(p) for p in each.parameters()} for each in model.models.values()]
    assert not ids[0] & ids[1]


def test_distance_and_towers():
    one, other = Tower(WIDTH, 0.0), Tower(WIDTH, 0.0)
    assert parameter_distance(one, one).item() == 0 and parameter_distance(one, other).item() > 0
    fused, mask = turns()
    alone = Tower(WIDTH, 0.0, context=False)
    changed = fused.clone()
    changed[:, 0] += 1
    same = alone(fused, mask)[:, 1:] - alone(changed, mask)[:, 1:]
    assert same.abs().max() == 0
    assert (one(fused, mask)[:, 1:] - one(changed, mask)[:, 1:]).abs().max() > 0


def dialogue(name, *relations):
    turns = tuple(
        Utterance(f"{name}_{n}", "A", "好", None, None, {"emotion_sentiment": r} if r else {})
        for n, r in enumerate(relations)
    )
    return Dialogue(name, "train", turns, None, "")


def test_shuffled_relations_keep_how_often_each_occurs_and_who_has_none():
    talks = [dialogue("a", "2", "1", None, "-2"), dialogue("b", "0", "2", "2")]
    dealt = shuffle_correlations(talks, TASKS, seed=3)
    said = [u.gold.get("emotion_sentiment") for d in dealt for u in d.utterances]
    assert sorted(filter(None, said)) == ["-2", "0", "1", "2", "2", "2"] and said[2] is None
    assert dealt != talks
    assert correlation_strengths(talks, TASKS) == {
        "emotion_sentiment": pytest.approx((1 + 0.5 + 1 + 0 + 2) / 6)
    }


def test_planted_relations_are_what_they_say():
    data = synthetic_data.generate(400, seed=2)
    emotion, sentiment = data.gold["emotion"], data.gold["sentiment"] - 1
    r1, r2 = (data.gold[key] - 2 for key in ("emotion_sentiment", "sarcasm_humor"))
    valence = torch.tensor(synthetic_data.VALENCE)[emotion]
    assert torch.equal(sentiment[r1 != 0], (valence * r1.sign())[r1 != 0])
    sarcasm, humor = data.gold["sarcasm"], data.gold["humor"]
    assert torch.equal(humor[r2 > 0], sarcasm[r2 > 0])
    assert torch.equal(humor[r2 < 0], 1 - sarcasm[r2 < 0])
    assert sarcasm.float().mean().item() == pytest.approx(0.35, abs=0.03)
    first = r1.reshape(-1, synthetic_data.TURNS)[:, :1]
    assert (r1.reshape(-1, synthetic_data.TURNS) == first).float().mean().item() > 0.6
    again = synthetic_data.generate(400, seed=2)
    assert torch.equal(again.text, data.text)


def test_a_planted_run_is_its_seed_s_alone():
    sizes = {"train": 12, "valid": 6, "test": 8}
    data = synthetic_data.generate_splits(1, sizes)
    recipe = Recipe(**{**sharing_benchmark.RECIPE.to_json(), "epochs": 2})
    one, two = (sharing_benchmark.train_method("relation gates", 5, data, recipe) for _ in range(2))
    assert one == two and set(one.scores) == set(synthetic_data.OWN_TASKS)
    for way in sharing_benchmark.METHODS:
        outcome = sharing_benchmark.train_method(way, 1, data, recipe)
        assert len(outcome.predicted["sentiment"]) == 8 * synthetic_data.TURNS
    assert "relation gates" in sharing_benchmark.results_table({"relation gates": [one, two]})
