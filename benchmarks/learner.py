"""Training steps of published networks beside MMSA's own, in one run.

    python -m benchmarks.learner [--networks mult tfn ...] [--rounds 5]

Sequences of CH-SIMS' shapes (text 39 x 768, audio 400 x 33, vision 55 x 709), made; MMSA's settings
and batch sizes; forward, L1 loss, backward, clipping where MMSA clips, Adam. One thread; samples a
second of CPU, both in turn, the median of the rounds. Ours starts with MMSA's parameters, and the
largest difference of their answers without dropout is in the table. MulT is also trained on ragged
lengths (audio uniform from 60 to 400 frames, the others in proportion): MMSA pads to the longest,
ours takes like lengths together and masks.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from MMSA.config import get_config_regression
from MMSA.models.AMIO import AMIO
from torch import Tensor, nn

from modeling.learner.networks.baselines.mmsa import convert_state
from modeling.learner.networks.baselines.registry import BASELINES, build_baseline

DIMS, LENGTHS = (768, 33, 709), (39, 400, 55)
AVERAGED = ("lmf", "tfn")  # MMSA's loader averages sound and picture over time
POOL = 10  # batches among which ragged rows are sorted
Step = Callable[[], None]


def theirs(name: str) -> tuple[nn.Module, Any]:
    args = get_config_regression(name, "sims")
    args.update(
        feature_dims=list(DIMS), seq_lens=list(LENGTHS), train_mode="regression", use_bert=False,
        model_name=name,
    )  # fmt: skip
    torch.manual_seed(0)
    return AMIO(args), args


def data(size: int, seed: int) -> list[Tensor]:
    made = torch.Generator().manual_seed(seed)
    return [torch.randn(size, n, d, generator=made) for n, d in zip(LENGTHS, DIMS, strict=True)]


def step_of(
    network: nn.Module, inputs: list[Tensor], args: Any, fused: bool, read: Callable[[Any], Tensor]
) -> Step:
    """A function that trains once on the inputs."""
    optimiser = torch.optim.Adam(
        network.parameters(), lr=args.learning_rate, weight_decay=args.get("weight_decay", 0.0),
        fused=fused,
    )  # fmt: skip
    target = torch.zeros(len(inputs[0]), 1)
    clip = args.get("grad_clip", -1.0)

    def step() -> None:
        optimiser.zero_grad()
        loss = (read(network(*inputs)) - target).abs().mean()
        loss.backward()
        if clip != -1.0:
            nn.utils.clip_grad_value_(network.parameters(), clip)
        optimiser.step()

    return step


def rate(step: Step, samples: int, seconds: float) -> float:
    """Samples a second of CPU over at least so many seconds."""
    done, started = 0, time.process_time()
    while time.process_time() - started < seconds or not done:
        step()
        done += samples
    return done / (time.process_time() - started)


def compare(name: str, rounds: int, seconds: float) -> str:
    reference, args = theirs(name)
    network = build_baseline(name, DIMS, LENGTHS[0], 1)
    state = {key.removeprefix("Model."): v for key, v in reference.state_dict().items()}
    network.load_state_dict(convert_state(name, state))
    inputs = data(args.batch_size, 1)
    result = list(inputs)
    if name in AVERAGED:
        result = [inputs[0], *(x.mean(1, keepdim=True) for x in inputs[1:])]
    mine = result if name not in AVERAGED else [result[0], result[1][:, 0], result[2][:, 0]]
    with torch.no_grad():
        apart = (network.eval()(*mine) - reference.eval()(*result)["M"]).abs().max().item()
    network.train()
    reference.train()
    steps = {
        "MMSA": step_of(reference, result, args, False, lambda found: found["M"]),
        "ours": step_of(network, mine, args, True, lambda found: found),
    }
    rates = interleaved(steps, args.batch_size, rounds, seconds)
    return row(f"{name}, batch {args.batch_size}", rates, f"{apart:.0e}")


def ragged(rounds: int, seconds: float) -> str:
    """MulT where no two utterances are as long."""
    reference, args = theirs("mult")
    network = build_baseline("mult", DIMS, LENGTHS[0], 1)
    state = {key.removeprefix("Model."): v for key, v in reference.state_dict().items()}
    network.load_state_dict(convert_state("mult", state))
    size = args.batch_size
    made = torch.Generator().manual_seed(2)
    heard = torch.randint(60, LENGTHS[1] + 1, (POOL * size,), generator=made)
    share = heard / LENGTHS[1]
    lengths = torch.stack([(share * LENGTHS[0]).long().clamp(min=6), heard,
                           (share * LENGTHS[2]).long().clamp(min=2)])  # fmt: skip
    rows = data(POOL * size, 1)
    for x, own in zip(rows, lengths, strict=True):
        x[torch.arange(x.shape[1]) >= own[:, None]] = 0.0
    order = torch.argsort(heard)
    batches = []
    for chosen in order.split(size):
        own = lengths[:, chosen]
        trimmed = [x[chosen, : n.max()].contiguous() for x, n in zip(rows, own, strict=True)]
        batches.append([*trimmed, own])
    any_order = [[x[i : i + size] for x in rows] for i in range(0, POOL * size, size)]
    steps = {
        "MMSA": turns([step_of(reference, b, args, False, lambda f: f["M"]) for b in any_order]),
        "ours": turns([step_of(network, b, args, True, lambda f: f) for b in batches]),
    }
    return row(f"mult, batch {size}, ragged", interleaved(steps, size * POOL, rounds, seconds), "")


def turns(steps: list[Step]) -> Step:
    def all_of_them() -> None:
        for step in steps:
            step()

    return all_of_them


def interleaved(
    steps: dict[str, Step], samples: int, rounds: int, seconds: float
) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(rounds):
        for name, step in steps.items():
            rates[name].append(rate(step, samples, seconds))
    return rates


def row(name: str, rates: dict[str, list[float]], apart: str) -> str:
    result = [f"{median(r):,.1f} ({min(r):,.1f} – {max(r):,.1f})" for r in rates.values()]
    ratios = [ours / mmsa for mmsa, ours in zip(*rates.values(), strict=True)]
    return f"| {name} | {result[0]} | {result[1]} | {median(ratios):.2f} | {apart} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--networks", nargs="*", default=[*BASELINES, "ragged"])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    print("| network | MMSA, samples a CPU second | ours | times | apart |")
    print("|---|---|---|---|---|")
    for name in chosen.networks:
        result = ragged if name == "ragged" else None
        line = (
            result(chosen.rounds, chosen.seconds)
            if result
            else compare(name, chosen.rounds, chosen.seconds)
        )
        print(line, flush=True)


if __name__ == "__main__":
    main()
