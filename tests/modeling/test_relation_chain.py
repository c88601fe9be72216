"""Relation chains: pooled answers against sums worked out by hand, and what teaches them."""

import inspect
import itertools
import math
from dataclasses import replace

import pytest
import torch

from modeling.learner import sharing_benchmark, synthetic_data
from modeling.learner.batches import IGNORED
from modeling.learner.losses import Objective
from modeling.learner.networks.dialogue_model import DialogueModel
from modeling.learner.networks.relation_chain import SPEED, RelationChains
from modeling.learner.recipes import NO_CHAIN, SHARINGS, Recipe, RecipeError
from modeling.learner.release import Task
from modeling.learner.synthetic_data import TASKS

CHAINED = replace(sharing_benchmark.RECIPE, relation_chain=True, width=8, heads=2, dropout=0.0)
PRIORS = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
A, B, C = (Task(name, ("no", "yes")) for name in "abc")
AB, BC, CB = (Task(s + t, ("-", "0", "+"), s, t) for s, t in ("ab", "bc", "cb"))


def random_chains(tasks, seed=0):
    torch.manual_seed(seed)
    priors = {task.key: torch.randn(len(task.classes)).log_softmax(0) for task in tasks}
    chains = RelationChains(tasks, priors)
    for key in chains.related:
        torch.nn.init.normal_(chains.psi[key], std=0.1)
    return chains, {task.key: torch.randn(4, len(task.classes)) for task in tasks}, priors


def model(recipe=CHAINED, tasks=TASKS):
    torch.manual_seed(0)
    found = DialogueModel(recipe, tasks, 2, synthetic_data.FEATURE_SIZES)
    if found.chains is not None:
        for key in found.chains.related:
            torch.nn.init.normal_(found.chains.psi[key], std=0.1)
    return found


def test_a_chain_by_hand():
    chains = RelationChains([A, B, AB])
    with torch.no_grad():  # "+" copies, "-" turns round, "0" says nothing
        for source, target in itertools.product(range(2), range(2)):
            chains.psi["ab"][source, 2, target] = math.log(9) / SPEED * (source == target)
            chains.psi["ab"][source, 0, target] = math.log(9) / SPEED * (source != target)
    logits = {
        "a": torch.tensor([[0.2, 0.8]]).log(),
        "b": torch.tensor([[0.5, 0.5]]).log(),
        "ab": torch.tensor([[0.1, 0.3, 0.6]]).log(),
    }
    # P(b) by the chain: 0.6 (0.2 0.1 + 0.8 0.9) + 0.3 0.5 + 0.1 (0.2 0.9 + 0.8 0.1)
    yes = 0.6 * 0.74 + 0.15 + 0.1 * 0.26
    found = chains(logits)
    assert set(found) == {"b"}
    expected = [0.5 * math.log(0.5) + 0.5 * math.log(p) for p in (1 - yes, yes)]
    assert found["b"][0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("tasks", [(A, B, AB), (A, B, C, AB, BC), (A, B, C, AB, BC, CB)])
def test_pooled_answers_equal_a_sum_over_everything(tasks):
    chains, logits, priors = random_chains(tasks)
    chains.alpha.fill_(0.3)
    own = {key: (logits[key] + priors[key]).softmax(1) for key in logits}
    found = chains(logits)
    assert set(found) == {task.target for task in tasks if task.is_correlation}
    for target, pooled in found.items():
        into = [task for task in tasks if task.target == target]
        for row, t in itertools.product(range(4), range(2)):
            logs = []
            for task in into:
                table = (SPEED * chains.psi[task.key].detach() + priors[target]).softmax(-1)
                logs.append(
                    math.log(
                        sum(
                            own[task.source][row, s] * own[task.key][row, r] * table[s, r, t]
                            for s in range(2)
                            for r in range(3)
                        )
                    )
                )
            expected = 0.7 * own[target][row, t].log() + 0.3 * sum(logs) / len(logs)
            assert pooled[row, t].item() == pytest.approx(
                (expected - priors[target][t]).item(), abs=1e-5
            )


def test_a_chain_that_learned_nothing_leaves_the_order_of_answers():
    chains, logits, priors = random_chains([A, B, AB])
    with torch.no_grad():
        chains.psi["ab"].zero_()
    own = (logits["b"] + priors["b"]).log_softmax(1)
    assert torch.allclose(chains(logits)["b"], (own - priors["b"]) / 2, atol=1e-6)


def test_sure_answers_stay_finite():
    chains, logits, _priors = random_chains([A, B, AB])
    with torch.no_grad():
        chains.psi["ab"].mul_(1000)
    found = chains({key: 1000 * each for key, each in logits.items()})
    assert torch.isfinite(found["b"]).all()


def test_the_pool_teaches_nothing_and_tables_learn_from_gold_alone():
    data = synthetic_data.generate(4, seed=1)
    chained = model()
    found = chained(data)
    assert set(found.unary) == {"sentiment", "humor"}
    assert not any(found.logits[task].requires_grad for task in found.unary)
    objective = Objective(CHAINED, TASKS, PRIORS)
    objective(found, data)[0].backward()
    with_tables = {name: p.grad.clone() for name, p in chained.named_parameters() if "psi" in name}
    assert all(grad.any() for grad in with_tables.values()) and len(with_tables) == 2
    plain = model(replace(CHAINED, relation_chain=False))
    own = {name: p for name, p in chained.named_parameters() if "psi" not in name}
    plain.load_state_dict({name: p.detach() for name, p in own.items()})
    objective(plain(data), data)[0].backward()
    for name, p in plain.named_parameters():
        assert torch.allclose(p.grad, own[name].grad, atol=1e-7), name


def test_a_table_learns_from_rows_that_have_source_correlation_and_target():
    data = synthetic_data.generate(2, seed=1)
    priors = {**PRIORS, "sentiment": torch.tensor([0.2, 0.3, 0.5]).log()}
    objective = Objective(replace(CHAINED, logit_adjustment=1.0), TASKS, priors)
    table = torch.randn(7, 5, 3)
    for row, key in enumerate(("emotion", "emotion_sentiment", "sentiment")):
        data.gold[key][row] = IGNORED
    found = objective._table_losses({"emotion_sentiment": table}, data)
    losses = [
        -(table[s, r] + priors["sentiment"]).log_softmax(0)[t].item() / math.log(3)
        for s, r, t in zip(*(data.gold[k].tolist() for k in
                             ("emotion", "emotion_sentiment", "sentiment")), strict=True)
        if IGNORED not in (s, r, t)
    ]  # fmt: skip
    assert len(losses) == 13
    assert found["emotion_sentiment"].item() == pytest.approx(sum(losses) / 13, abs=1e-6)
    data.gold["emotion"][:] = IGNORED
    assert objective._table_losses({"emotion_sentiment": table}, data) == {}


def test_gold_is_never_read_and_what_is_saved_answers_the_same():
    assert list(inspect.signature(RelationChains.forward).parameters) == ["self", "logits"]
    data = synthetic_data.generate(3, seed=1)
    chained = model().eval()
    chained.chains.priors["sentiment"].fill_(0.1)
    before = chained(data).logits
    data.gold = {key: torch.full_like(gold, IGNORED) for key, gold in data.gold.items()}
    fresh = model(tasks=TASKS).eval()
    fresh.load_state_dict(chained.state_dict())
    for key, logits in before.items():
        assert torch.equal(chained(data).logits[key], logits)
        assert torch.equal(fresh(data).logits[key], logits)


def test_dialogues_do_not_answer_for_each_other():
    data = synthetic_data.generate(3, seed=2)
    chained = model().eval()
    whole = chained(data).logits["sentiment"]
    alone = chained(synthetic_data.select_dialogues(data, [1])).logits["sentiment"]
    turns = synthetic_data.TURNS
    assert torch.allclose(whole[turns : 2 * turns], alone, atol=1e-5)


@pytest.mark.parametrize("tasks", [TASKS[:4], [*TASKS[1:4], TASKS[4]]])
def test_without_a_correlation_of_two_tasks_there_is_no_chain(tasks):
    data = synthetic_data.generate(2, seed=2)
    chained, plain = model(tasks=tasks), model(replace(CHAINED, relation_chain=False), tasks)
    plain.load_state_dict(chained.state_dict(), strict=False)
    found = chained.eval()(data)
    assert not found.tables and not found.unary and chained.learned() == {"tables": {}}
    for key, logits in plain.eval()(data).logits.items():
        assert torch.equal(found.logits[key], logits)


@pytest.mark.parametrize("name", [name for name in SHARINGS if name not in NO_CHAIN])
def test_every_sharing_with_correlations_as_tasks_takes_a_chain(name):
    data = synthetic_data.generate(2, seed=2)
    recipe = replace(CHAINED, sharing=name)
    found = model(recipe)(data)
    assert set(found.tables) == {"emotion_sentiment", "sarcasm_humor"}
    assert set(found.logits) == {task.key for task in TASKS}
    off = model(replace(recipe, relations="off"))(data)
    assert not off.tables and set(off.logits) == set(synthetic_data.OWN_TASKS)


def test_where_a_chain_cannot_be_it_is_refused():
    for name in NO_CHAIN:
        with pytest.raises(RecipeError, match="with sharing hard") as result:
            Recipe(sharing=name, relation_chain=True)
        assert result.value.field == "relation_chain"
    for recipe in ({"relation_chain": True}, {"sharing": "reading"}):
        with pytest.raises(RecipeError, match="for relation gates alone") as result:
            Recipe.from_json({**recipe, "relations": "detached"})
        assert result.value.field == "relations"
    assert "relations" not in Recipe(relation_chain=True).unused
    assert {"relations", "relation_chain"} <= Recipe(network="mult").unused


def test_what_tables_learned_is_probabilities():
    data = synthetic_data.generate(2, seed=2)
    chained = model()
    tables = chained.learned()["tables"]
    assert set(tables) == set(chained(data).tables)
    rows = [row for part in tables["emotion_sentiment"] for row in part]
    assert len(rows) == 35 and all(sum(row) == pytest.approx(1, abs=1e-3) for row in rows)


def test_the_oracle_s_chain_is_certain_of_gold():
    data = synthetic_data.generate(2, seed=2)
    recipe = replace(CHAINED, sharing="reading")
    oracle = sharing_benchmark.build_model(sharing_benchmark.CHAIN_ORACLE, recipe)
    found = oracle(data)
    beliefs = oracle.chains.correlation("sarcasm_humor", found.logits).exp()
    assert torch.equal(beliefs.argmax(1), data.gold["sarcasm_humor"]) and beliefs.sum() == 16
    assert torch.isfinite(found.logits["humor"]).all()
