"""Training steps of published dialogue networks beside a plain implementation of their equations.

    python -m benchmarks.dialogue_networks [--networks bc-lstm dialogue-rnn mmgcn] [--rounds 5]

Dialogues of CMMA's lengths (4 to 18 turns, 7.3 in the mean, two speakers) with a vector of 64
numbers for each of three modalities of a turn, made; what makes frames a vector is the same in all
of them and left out. Forward, cross entropy of one task, backward, Adam. `plain` takes one dialogue
at a time and one turn (in MMGCN one node) at a time, as the equations are written, with cells of
PyTorch; `batched` of DialogueRNN is the same loop over turns for all dialogues at once, one
direction after the other, as authors' programs do it. All have the same parameters, and the largest
difference of what they give is in the table. One thread; turns a second of CPU, in turn, the median
of the rounds.
"""

import argparse
import math
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from modeling.learner.networks.published.bc_lstm import ContextualLSTM
from modeling.learner.networks.published.dialogue_rnn import DialogueRNN
from modeling.learner.networks.published.interface import Body, Utterances
from modeling.learner.networks.published.mmgcn import MMGCN
from modeling.learner.networks.published.modal_graph import ALPHA
from modeling.learner.networks.published.registry import build_body
from modeling.learner.recipes import MODALITIES, RECIPES

CLASSES, POOL = 7, 4  # batches that are taken in turn
Way = Callable[[Body, Utterances], Tensor]


class Given(nn.Module):
    """In place of the encoders: the vectors themselves."""

    def forward(self, utterances: Utterances) -> dict[str, Tensor]:
        return utterances.frames


def made(dialogues: int, width: int, seed: int) -> Utterances:
    """Dialogues of CMMA's lengths."""
    rng = np.random.default_rng(seed)
    turns = torch.tensor(np.clip(rng.normal(7.3, 2.5, dialogues), 4, 18).astype(int))
    places = torch.arange(int(turns.max()))
    mask = places < turns[:, None]  # (B, T)
    index = torch.where(mask, torch.cumsum(mask.flatten(), 0).reshape(mask.shape) - 1, -1)
    speaker = torch.tensor(rng.integers(0, 2, mask.shape)) * mask
    generator, count = torch.Generator().manual_seed(seed), int(mask.sum())
    frames = {name: torch.randn(count, width, generator=generator) for name in MODALITIES}
    lengths = {name: torch.ones(count, dtype=torch.long) for name in MODALITIES}
    return Utterances(frames, lengths, index, speaker)


def quick(network: Body, utterances: Utterances) -> Tensor:
    """What is in the product."""
    vectors = network(utterances).vectors
    assert vectors is not None
    return vectors


def by_dialogue(one: Callable[[Body, list[Tensor], list[int]], Tensor]) -> Way:
    """A way to compute many from a way to compute one: vectors (T, d) of each modality, speakers of
    the turns -> (T, size).
    """

    def all_of_them(network: Body, utterances: Utterances) -> Tensor:
        found = []
        for rows, who in zip(utterances.index, utterances.speaker.tolist(), strict=True):
            rows = rows[rows >= 0]
            found.append(one(network, [x[rows] for x in utterances.frames.values()], who))
        return torch.cat(found)

    return all_of_them


def weights_of(run: nn.Module, end: str = "") -> list[Tensor]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [getattr(run, f"{name}{end}") for name in names]


def both_ways(run: nn.LSTM, rows: Tensor) -> Tensor:
    """A bidirectional LSTM over (T, D), a step at a time -> (T, 2H)."""
    sides = []
    for end, order in (("_l0", 1), ("_l0_reverse", -1)):
        h = c = rows.new_zeros(1, run.hidden_size)
        states = []
        for x in list(rows)[::order]:
            h, c = torch.lstm_cell(x[None], (h, c), *weights_of(run, end))
            states.append(h[0])
        sides.append(torch.stack(states[::order]))
    return torch.cat(sides, dim=1)


def bc_lstm(network: Body, modalities: list[Tensor], speakers: list[int]) -> Tensor:
    """See modeling/learner/networks/published/bc_lstm.py."""
    assert isinstance(network, ContextualLSTM)
    rows = [
        network.drop(torch.tanh(network.project[name](both_ways(network.contexts[name].run, x))))  # type: ignore[arg-type]
        for name, x in zip(MODALITIES, modalities, strict=True)
    ]
    return network.drop(both_ways(network.together.run, torch.cat(rows, dim=1)))  # type: ignore[arg-type]


def cells_of(network: DialogueRNN, direction: int) -> list[list[Tensor]]:
    """Weights of the dialogue's GRU, the party's, the emotion's, as PyTorch's cells read them."""
    parties, emotions = network.parties, network.emotions
    width, cells = parties.about.shape[2], []
    for cell in range(2):
        own, row = slice(3 * width * cell, 3 * width * (cell + 1)), 2 * direction + cell
        inputs = torch.cat([parties.said[direction][:, own], parties.read[row]])
        bias = parties.said_bias[direction, 0, own]
        cells.append([inputs.t(), parties.states[row].t(), bias, parties.states_bias[row]])
    weights = [emotions.parties[direction].t(), emotions.states[direction].t()]
    biases = [emotions.parties_bias[direction, 0], emotions.states_bias[direction]]
    return [*cells, weights + biases]


def emotions(network: DialogueRNN, direction: int, turns: Tensor, speakers: Tensor) -> Tensor:
    """Turns (B, T, D) and who speaks (B, T) -> e (B, T, d), turn by turn with PyTorch's cells."""
    dialogue, party_cell, emotion = cells_of(network, direction)
    about = network.parties.about[direction]
    batch, width = len(turns), about.shape[1]
    g = e = turns.new_zeros(batch, width)
    party = turns.new_zeros(batch, int(speakers.max()) + 1, width)
    rows, past, found = torch.arange(batch), [], []
    for t in range(turns.shape[1]):
        u, who = turns[:, t], speakers[:, t]
        q = party[rows, who]
        context = torch.zeros_like(q)
        if past:
            known = torch.stack(past, dim=1)  # (B, t, d)
            scores = (known * (u @ about)[:, None]).sum(dim=2)
            context = (torch.softmax(scores, dim=1)[..., None] * known).sum(dim=1)
        g = torch.gru_cell(torch.cat([u, q], dim=1), g, *dialogue)
        q = torch.gru_cell(torch.cat([u, context], dim=1), q, *party_cell)
        party = party.clone()
        party[rows, who] = q
        past.append(g)
        e = torch.gru_cell(q, e, *emotion)
        found.append(e)
    return torch.stack(found, dim=1)


def dialogue_rnn(network: Body, modalities: list[Tensor], speakers: list[int]) -> Tensor:
    """See modeling/learner/networks/published/dialogue_rnn.py."""
    assert isinstance(network, DialogueRNN)
    turns = network.drop(torch.cat(modalities, dim=1))[None]  # (1, T, M d)
    who = torch.tensor([speakers[: turns.shape[1]]])
    first = emotions(network, 0, turns, who)
    second = emotions(network, 1, turns.flip(1), who.flip(1)).flip(1)
    e = network.drop(torch.cat([first, second], dim=2)[0])  # (T, 2d)
    found = []
    for each in e:
        scores = torch.tanh(e @ network.match(each))
        found.append(torch.relu(network.project(torch.softmax(scores, dim=0) @ e)))
    return network.drop(torch.stack(found))


def dialogue_rnn_batched(network: Body, utterances: Utterances) -> Tensor:
    """All dialogues at once, one direction after the other, cells of PyTorch."""
    assert isinstance(network, DialogueRNN)
    mask, rows = utterances.mask, torch.arange(len(utterances.index))[:, None]
    vectors = network.drop(torch.cat(list(utterances.frames.values()), dim=1))
    turns, who = utterances.by_dialogue(vectors), utterances.speaker
    last, places = mask.sum(dim=1, keepdim=True) - 1, torch.arange(mask.shape[1])
    back = torch.where(mask, last - places, places)
    first = emotions(network, 0, turns, who)
    second = emotions(network, 1, turns[rows, back], who[rows, back])[rows, back]
    e = network.drop(torch.cat([first, second], dim=2))
    scores = torch.tanh(network.match(e) @ e.transpose(1, 2))
    scores = scores.masked_fill(~mask[:, None], -math.inf)
    attended = utterances.by_utterance(torch.softmax(scores, dim=2) @ e)
    return network.drop(torch.relu(network.project(attended)))


def mmgcn(network: Body, modalities: list[Tensor], speakers: list[int]) -> Tensor:
    """See modeling/learner/networks/published/mmgcn.py."""
    assert isinstance(network, MMGCN) and network.context is not None
    turns = len(modalities[0])
    who = network.speaker(torch.tensor(speakers[:turns]))  # (T, d)
    nodes = []  # of each modality its turns
    for name, rows in zip(MODALITIES, modalities, strict=True):
        if name == "text":
            states = list(both_ways(network.context.run, rows))  # type: ignore[arg-type]
        else:
            states = [network.project[name](row) for row in rows]
        nodes += [torch.cat([h, s]) for h, s in zip(states, who, strict=True)]
    edges: list[dict[int, Tensor]] = [{} for _ in nodes]
    for u, x in enumerate(nodes):
        for v, y in enumerate(nodes):
            if (u // turns == v // turns) != (u % turns == v % turns):
                cosine = torch.cosine_similarity(x, y, dim=0).clamp(-1 + 1e-5, 1 - 1e-5)
                edges[u][v] = 1 - torch.arccos(cosine) / math.pi
        edges[u][u] = torch.ones(())
    degrees = [torch.stack(list(of.values())).sum() for of in edges]
    first = hidden = [torch.relu(network.enter(x)) for x in nodes]
    for layer in network.layers:
        dropped, hidden = [network.drop(h) for h in hidden], []
        for u, of in enumerate(edges):
            read = [w / (degrees[u] * degrees[v]).sqrt() * dropped[v] for v, w in of.items()]
            mixed = (1 - ALPHA) * torch.stack(read).sum(dim=0) + ALPHA * first[u]
            beta = layer.beta
            hidden.append(torch.relu((1 - beta) * mixed + beta * layer.weight(mixed)))  # type: ignore[operator]
    ends = [
        torch.cat([each for m in range(len(modalities)) for each in
                   (nodes[m * turns + t], hidden[m * turns + t])])
        for t in range(turns)
    ]  # fmt: skip
    return torch.stack([torch.relu(network.leave(network.drop(end))) for end in ends])


WAYS: dict[str, dict[str, Way]] = {
    "bc-lstm": {"plain": by_dialogue(bc_lstm)},
    "dialogue-rnn": {"plain": by_dialogue(dialogue_rnn), "batched": dialogue_rnn_batched},
    "mmgcn": {"plain": by_dialogue(mmgcn)},
}


def build(name: str) -> Body:
    torch.manual_seed(0)
    recipe = RECIPES[name]
    network = build_body(recipe, dict.fromkeys(MODALITIES, recipe.width), {"task": CLASSES})
    network.encode = Given()
    return network


def stepping(name: str, way: Way, batches: list[Utterances]) -> Callable[[], int]:
    """A function that trains once on each batch, of a network of its own; gives how many turns."""
    network = build(name).train()
    head = nn.Linear(network.size, CLASSES)
    parameters = [*network.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=1e-4, fused=True)
    gold = [torch.arange(int(batch.mask.sum())) % CLASSES for batch in batches]

    def step() -> int:
        for batch, target in zip(batches, gold, strict=True):
            optimiser.zero_grad()
            nn.functional.cross_entropy(head(way(network, batch)), target).backward()
            optimiser.step()
        return sum(map(len, gold))

    return step


def rate(step: Callable[[], int], seconds: float) -> float:
    """Turns a second of CPU over at least so many seconds."""
    done, started = 0, time.process_time()
    while time.process_time() - started < seconds or not done:
        done += step()
    return done / (time.process_time() - started)


def compare(name: str, size: int, rounds: int, seconds: float) -> list[str]:
    """A line for each slower way."""
    width = RECIPES[name].width
    batches = [made(size, width, seed) for seed in range(POOL)]
    ways = {"ours": quick, **WAYS[name]}
    network = build(name).eval()
    with torch.no_grad():
        given = {way: compute(network, batches[0]) for way, compute in ways.items()}
    steps = {way: stepping(name, compute, batches) for way, compute in ways.items()}
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for step in steps.values():
        step()
    for _ in range(rounds):
        for way, step in steps.items():
            rates[way].append(rate(step, seconds))
    lines = []
    for way in WAYS[name]:
        apart = (given[way] - given["ours"]).abs().max().item()
        times = median(o / t for o, t in zip(rates["ours"], rates[way], strict=True))
        shown = " | ".join(spread(rates[each]) for each in (way, "ours"))
        lines.append(f"| {name}, batch {size} | {way} | {shown} | {times:.1f} | {apart:.0e} |")
    return lines


def spread(rates: list[float]) -> str:
    return f"{median(rates):,.0f} ({min(rates):,.0f} – {max(rates):,.0f})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--networks", nargs="*", default=[*WAYS], choices=[*WAYS])
    options.add_argument("--batches", nargs="*", type=int, default=[8, 32], help="dialogues a step")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    print("| network | beside | that, turns a CPU second | ours | times | apart |")
    print("|---|---|---|---|---|---|")
    for name in chosen.networks:
        for size in chosen.batches:
            for line in compare(name, size, chosen.rounds, chosen.seconds):
                print(line, flush=True)


if __name__ == "__main__":
    main()
