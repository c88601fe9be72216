"""What makes each published network that network, beside slow ways of computing the same."""

import math
from dataclasses import replace

import torch
from torch import nn

from modeling.learner.networks.published.cim_att import attention
from modeling.learner.networks.published.context_gated_conv import (
    ContextGatedConvolution,
    neighbours,
    parts,
)
from modeling.learner.networks.published.density import DensityMatrix
from modeling.learner.networks.published.gated_att import Gate
from modeling.learner.networks.published.interface import Utterances
from modeling.learner.networks.published.middya import FrameNetwork
from modeling.learner.networks.published.mimn import HOPS
from modeling.learner.networks.published.qin import Influence, overlap
from modeling.learner.networks.published.qmsa import Interference
from modeling.learner.networks.published.registry import build_body
from modeling.learner.recipes import RECIPES

WIDTH, CLASSES = 6, {"sentiment": 3}


def body(name, sizes, **fields):
    torch.manual_seed(0)
    recipe = replace(RECIPES[name], width=WIDTH, heads=2, dropout=0.0, **fields)
    return build_body(recipe, sizes, CLASSES).eval()


def utterances(sizes, speakers, frames=5):
    """Dialogues of these speakers, with made frames."""
    generator = torch.Generator().manual_seed(1)
    count, longest = sum(map(len, speakers)), max(map(len, speakers))
    index = torch.full((len(speakers), longest), -1)
    who, row = torch.zeros_like(index), 0
    for number, turns in enumerate(speakers):
        index[number, : len(turns)] = torch.arange(row, row + len(turns))
        who[number, : len(turns)] = torch.tensor(turns)
        row += len(turns)
    made = {name: torch.randn(count, frames, n, generator=generator) for name, n in sizes.items()}
    return Utterances(made, {name: torch.full((count,), frames) for name in sizes}, index, who)


def gru(weights, x, h):
    """A step of a GRU, written out (Cho et al. 2014, as PyTorch has it)."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    r_x, z_x, n_x = (weight_ih @ x + bias_ih).chunk(3)
    r_h, z_h, n_h = (weight_hh @ h + bias_hh).chunk(3)
    keep = torch.sigmoid(z_x + z_h)
    return (1 - keep) * torch.tanh(n_x + torch.sigmoid(r_x + r_h) * n_h) + keep * h


def gru_of(parties, direction, cell):
    """Weights of the dialogue's GRU (cell 0) or the party's (1), as PyTorch names them."""
    own, row = slice(3 * WIDTH * cell, 3 * WIDTH * (cell + 1)), 2 * direction + cell
    inputs = torch.cat([parties.said[direction][:, own], parties.read[row]])
    bias = parties.said_bias[direction, 0, own]
    return inputs.t(), parties.states[row].t(), bias, parties.states_bias[row]


def emotions_turn_by_turn(network, direction, turns, speakers):
    """Equations 1 to 8 of DialogueRNN, of one dialogue in one direction."""
    zero = torch.zeros(WIDTH)
    g, e, states, past, found = zero, zero, {}, [], []
    dialogue, party = (gru_of(network.parties, direction, cell) for cell in range(2))
    rows = network.emotions
    emotion = (rows.parties[direction].t(), rows.states[direction].t(),
               rows.parties_bias[direction, 0], rows.states_bias[direction])  # fmt: skip
    for u, speaker in zip(turns, speakers, strict=True):
        q = states.get(speaker, zero)
        context = zero
        if past:
            scores = torch.stack([u @ network.parties.about[direction] @ each for each in past])
            weight = torch.softmax(scores, dim=0)
            context = sum(a * each for a, each in zip(weight, past, strict=True))
        g = gru(dialogue, torch.cat([u, q]), g)
        states[speaker] = gru(party, torch.cat([u, context]), q)
        past.append(g)
        e = gru(emotion, states[speaker], e)
        found.append(e)
    return found


def test_dialogue_rnn_is_its_equations_turn_by_turn():
    sizes, dialogues = {"text": 4, "audio": 3}, [[0, 1, 0, 2, 1, 0], [0], [0, 0, 1]]
    network, batch = body("dialogue-rnn", sizes), utterances(sizes, dialogues)
    vectors = torch.cat([*network.encode(batch).values()], dim=1)
    expected, row = [], 0
    for speakers in dialogues:
        turns = vectors[row : row + len(speakers)]
        row += len(speakers)
        first = emotions_turn_by_turn(network, 0, turns, speakers)
        second = emotions_turn_by_turn(network, 1, turns.flip(0), speakers[::-1])[::-1]
        e = torch.stack([torch.cat(pair) for pair in zip(first, second, strict=True)])
        for t in range(len(speakers)):
            scores = torch.tanh(e @ (network.match.weight @ e[t] + network.match.bias))
            mixed = torch.softmax(scores, dim=0) @ e
            expected.append(torch.relu(network.project(mixed)))
    slow, fast = torch.stack(expected), network(batch).vectors
    assert torch.allclose(fast, slow, atol=1e-5)
    weights = torch.randn(slow.shape)  # and so are the gradients of both
    wanted = [*network.parameters()]
    slowly = torch.autograd.grad((slow * weights).sum(), wanted, allow_unused=True)
    quickly = torch.autograd.grad((fast * weights).sum(), wanted, allow_unused=True)
    for one, other in zip(slowly, quickly, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.allclose(one, other, atol=1e-4)


def test_dialogue_rnn_keeps_parties_apart():
    """What a turn says reaches another speaker's state through the global state alone."""
    sizes = {"audio": 3}
    network, batch = body("dialogue-rnn", sizes), utterances(sizes, [[0, 1, 0]])
    turns = network.encode(batch)["audio"][None, :, None].repeat(2, 1, 1, 1)  # (2, T, 1, d)
    alone, shared = ([0, 1, 0], [0, 0, 0])
    nn.init.zeros_(network.parties.read[1::2])  # without it nothing of the dialogue is read
    states = {}
    for name, who in (("apart", alone), ("same", shared)):
        speakers = torch.tensor([who])[None].repeat(2, 1, 1)
        before = network.parties(turns, speakers)
        changed = turns.clone()
        changed[:, 1] += 1
        states[name] = (network.parties(changed, speakers) - before).abs().amax(dim=(1, 2, 3))
    assert (states["apart"] > 0).tolist() == [False, True, False]
    assert (states["same"] > 0).tolist() == [False, True, True]


def test_inter_modal_attention_by_hand():
    """Two turns, one dimension: scores 2 and 0, -1 and 0 from text 2 and -1, audio 1 and 0."""
    text, audio = torch.tensor([[[2.0], [-1.0]]]), torch.tensor([[[1.0], [0.0]]])
    of_text, of_audio = attention(text, audio, torch.tensor([[True, True]]))
    share = [math.exp(2) / (math.exp(2) + 1), math.exp(-1) / (math.exp(-1) + 1)]
    assert torch.allclose(of_text, torch.tensor([[[share[0] * 2], [share[1] * -1]]]))
    heed = [math.exp(2) / (math.exp(2) + math.exp(-1)), 0.5]
    mixed = [heed[0] * 2 - (1 - heed[0]), 0.5 * 2 - 0.5]
    assert torch.allclose(of_audio, torch.tensor([[[mixed[0] * 1], [mixed[1] * 0]]]))
    alone, _ = attention(text, audio, torch.tensor([[True, False]]))
    assert torch.allclose(alone[0, 0], torch.tensor([2.0]))  # the other turn is not there


def test_a_gate_is_between_what_was_attended_to_and_ones_own():
    gate = Gate(2)
    nn.init.zeros_(gate.score.weight)
    gate.score.bias.data = torch.tensor([0.0, math.log(3)])  # gates of 1/2 and 3/4
    mixed = gate(torch.tensor([4.0, 4.0]), torch.tensor([0.0, 8.0]))
    assert torch.allclose(mixed, torch.tensor([2.0, 0.75 * 4 + 0.25 * 8]))


def test_gated_attention_uses_one_matrix_both_ways():
    sizes = {"text": 4, "audio": 3}
    network = body("gated-att", sizes)
    states = [torch.randn(1, 3, 2 * WIDTH) for _ in sizes]
    scores = network._scores(states, 0, 1)
    by_hand = states[0] @ network.other["01"].weight.t() @ states[1].transpose(1, 2)
    assert torch.allclose(scores, by_hand, atol=1e-5)
    assert torch.allclose(network._scores(states, 1, 0), scores.transpose(1, 2), atol=1e-6)


def test_density_matrices_are_positive_with_trace_one():
    torch.manual_seed(0)
    density = DensityMatrix(7, 5)
    frames, inside = torch.randn(3, 4, 7), torch.ones(3, 4, dtype=torch.bool)
    inside[1, 2:], inside[2] = False, False
    rho = density(frames, inside)
    assert torch.allclose(rho, rho.transpose(1, 2))
    assert torch.allclose(torch.einsum("nii->n", rho), torch.tensor([1.0, 1.0, 0.0]), atol=1e-6)
    assert (torch.linalg.eigvalsh(rho) > -1e-6).all()
    one = DensityMatrix(7, 5)(frames[:1, :1], inside[:1, :1])  # one frame is a pure state
    assert torch.allclose(one @ one, one, atol=1e-6)


def test_interference_is_the_rule_of_the_paper():
    """For two modalities, with any phase; a weighted mean where the cosine is 0."""
    torch.manual_seed(0)
    fuse, logits = Interference(2, 3), torch.randn(4, 2, 3)
    there = torch.ones(4, 2, dtype=torch.bool)
    chances = torch.softmax(logits, dim=2)
    fuse.weight.data = torch.tensor([0.3, -0.2])
    alpha, beta = torch.softmax(fuse.weight, 0).sqrt()
    mean = alpha**2 * chances[:, 0] + beta**2 * chances[:, 1]
    fuse.phase.data = torch.tensor([[0.0], [math.pi / 2]]).repeat(1, 3)
    assert torch.allclose(fuse(logits, there).exp(), mean, atol=1e-5)
    angle = torch.tensor([0.4, 1.1, 2.9])
    fuse.phase.data = torch.stack([torch.zeros(3), angle])
    both = 2 * alpha * beta * (chances[:, 0] * chances[:, 1]).sqrt() * angle.cos()
    rule = (mean + both) / (mean + both).sum(dim=1, keepdim=True)
    assert torch.allclose(fuse(logits, there).exp(), rule, atol=1e-5)


def test_interference_without_modalities():
    torch.manual_seed(0)
    fuse, logits = Interference(3, 2), torch.randn(3, 3, 2)
    there = torch.tensor([[True, False, False], [False, False, False], [True, True, True]])
    chances = fuse(logits, there).exp()
    assert torch.allclose(chances[0], torch.softmax(logits[0, 0], 0), atol=1e-5)  # decides alone
    assert torch.allclose(chances[1], torch.tensor([0.5, 0.5]))
    assert torch.allclose(chances.sum(dim=1), torch.ones(3), atol=1e-5)


def test_model_level_fusion_reads_frames_wherever_they_are():
    """The largest answer over time: a pattern gives the same in the middle of any length."""
    torch.manual_seed(0)
    network = FrameNetwork(3, WIDTH, 0.0).eval()
    pattern = torch.zeros(1, 40, 3)
    pattern[0, 16:20] = torch.randn(4, 3)
    later = torch.roll(pattern, 8, dims=1)  # by the pooling of three layers
    inside = torch.ones(1, 40, dtype=torch.bool)
    assert torch.allclose(network(pattern, inside), network(later, inside), atol=1e-6)


def test_a_context_gates_every_kernel():
    """As one convolution an utterance, kernels times the gate; half of them where it is 1/2."""
    torch.manual_seed(0)
    convolution = ContextGatedConvolution(4)
    frames, context = torch.randn(2, 6, 4), torch.randn(2, 3, 4)
    gate = convolution.gate(context)
    assert ((gate > 0) & (gate < 1)).all()
    found = convolution(neighbours(frames), context)
    for row in range(2):
        kernels = convolution.kernels * gate[row]
        slow = nn.functional.conv1d(frames[row].t(), kernels, convolution.bias, padding=1)
        assert torch.allclose(found[row], slow.t(), atol=1e-5)
    assert not torch.allclose(convolution(neighbours(frames), context.flip(0)), found)
    for decode in (convolution.decode_in, convolution.decode_out):
        nn.init.zeros_(decode.weight)
    nn.init.zeros_(convolution.decode_in.bias)
    half = nn.functional.conv1d(frames.transpose(1, 2), convolution.kernels / 2, padding=1)
    assert torch.allclose(convolution(neighbours(frames), context), half.transpose(1, 2), atol=1e-5)


def test_a_context_is_the_means_of_three_parts():
    rows = torch.arange(7.0)[None, :, None].repeat(4, 1, 1)
    means = (parts(torch.tensor([6, 7, 1, 0]), 7) @ rows).squeeze(-1)
    expected = torch.tensor([[0.5, 2.5, 4.5], [1, 3, 5], [0, 0, 0], [0, 0, 0]])
    assert torch.allclose(means, expected, atol=1e-6)


def test_memory_hops_one_by_one():
    """Of one utterance, each hop written out: half of what each asks itself and the other."""
    sizes = {"text": 4, "audio": 3}
    network = body("mimn", sizes)
    memories = {"text": torch.randn(1, 5, 2 * WIDTH), "audio": torch.randn(1, 3, 2 * WIDTH)}
    inside = {name: torch.ones(rows.shape[:2]).bool() for name, rows in memories.items()}
    aspect = torch.randn(1, 2 * WIDTH)

    def found(asks, asked, query):
        ask, cells = network.attend[f"{asks}-{asked}"], memories[asked][0]
        scores = [ask.score(torch.tanh(ask.key(cell) + ask.query(query))) for cell in cells]
        return torch.softmax(torch.cat(scores), dim=0) @ cells

    cells = {name: (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
             for name, cell in network.hop.items()}  # fmt: skip
    text = audio = aspect[0]
    for _ in range(HOPS):
        read = (found("text", "text", text) + found("audio", "text", audio)) / 2
        heard = (found("audio", "audio", audio) + found("text", "audio", text)) / 2
        text, audio = gru(cells["text"], read, text), gru(cells["audio"], heard, audio)
    last = network.hops(memories, inside, aspect)
    assert torch.allclose(last[0][0], text, atol=1e-5)
    assert torch.allclose(last[1][0], audio, atol=1e-5)


def test_the_aspect_of_an_utterance_is_its_speaker():
    sizes = {"audio": 3}
    network, batch = body("mimn", sizes), utterances(sizes, [[0, 1, 0], [0]])
    memories = {"audio": network.memories["audio"](batch.frames["audio"], batch.inside("audio"))}
    aspects = network._aspect(batch, memories)
    means = memories["audio"].mean(dim=1)
    both = torch.tanh(network.aspect((means[0] + means[2]) / 2))
    assert torch.allclose(aspects[0], both, atol=1e-6)
    assert torch.allclose(aspects[2], both, atol=1e-6)
    assert torch.allclose(aspects[1], torch.tanh(network.aspect(means[1])), atol=1e-6)
    assert torch.allclose(aspects[3], torch.tanh(network.aspect(means[3])), atol=1e-6)


def test_influence_follows_how_alike_adjacent_states_are():
    one, other = torch.diag(torch.tensor([1.0, 0.0])), torch.diag(torch.tensor([0.0, 1.0]))
    mixed = (one + other) / 2
    states = torch.stack([one, one, other, mixed, torch.zeros(2, 2)])[None]  # a dialogue of five
    alike = overlap([states])
    assert torch.allclose(alike, torch.tensor([[0.0, 1.0, 0.0, math.sqrt(0.5), 0.0]]))
    assert torch.allclose(overlap([states, torch.zeros_like(states)]), alike)  # lacked by all
    influence = Influence()
    strong, weak = torch.sigmoid(influence.strength[0])
    weights = influence(torch.tensor([[1.0, 0.0]]), torch.tensor([[False, False]]))
    assert torch.allclose(weights, torch.stack([strong, weak])[None])


def test_qin_reads_what_was_said_before_alone():
    sizes = {"text": 4, "audio": 3}
    network, batch = body("qin", sizes), utterances(sizes, [[0, 1, 0, 1]])
    before = network(batch).vectors
    batch.frames["audio"][2] += 1
    changed = (network(batch).vectors - before).abs().amax(dim=1) > 1e-6
    assert changed.tolist() == [False, False, True, True]
