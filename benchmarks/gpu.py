"""What a GPU makes of our networks, frozen and tuned, beside the processor of the same machine.

    python -m benchmarks.gpu [--utterances 20000] [--steps 30] [--only parity rates epoch repeat]

Made dialogues as long as CMMA's (see benchmarks.training), encoders of the size of BERT base and
wav2vec 2.0 base with weights drawn at random, which changes no speed. Needs the learner alone, no
database. Prints tables for docs/experiments.md:

parity   largest difference of the scores of one batch, GPU against CPU, without dropout
rates    utterances a second of training steps; utilisation as nvidia-smi counts it; counted
         floating-point operations (recurrent layers are not counted) as a share of what a product
         of two matrices of 8192 x 8192 reaches here; the largest memory
epoch    seconds of an epoch of so many utterances, data included
repeat   whether two runs of the same seed give the same weights, and what it costs
"""

import argparse
import os
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.training import make
from modeling.learner.batches import Packed
from modeling.learner.features.decoding import RATE
from modeling.learner.features.extraction import Extractors, Features
from modeling.learner.losses import Objective
from modeling.learner.networks.registry import build_network
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipes import RECIPES, Recipe
from modeling.learner.synthetic_data import TASKS
from modeling.learner.training import TrainingModule, _TrainingStep, fit, parameter_groups
from modeling.learner.tuning_costs import Lengths, tuning_cost

CPU, GPU = torch.device("cpu"), torch.device("cuda")
BATCH = 32  # dialogues; 8 is the default of our recipes, which small processors suit


def make_encoders(root: Path) -> dict[str, str]:
    """Directories of a text and a speech encoder of the usual size, by modality."""
    import transformers as hf

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [chr(0x4E00 + n) for n in range(21_128 - len(words))]
    text, speech = root / "text", root / "speech"
    hf.BertModel(hf.BertConfig(vocab_size=len(words))).save_pretrained(text)
    hf.BertTokenizer({word: n for n, word in enumerate(words)}).save_pretrained(text)
    hf.Wav2Vec2Model(hf.Wav2Vec2Config()).save_pretrained(speech)
    hf.Wav2Vec2FeatureExtractor().save_pretrained(speech)
    return {"text_encoder": str(text), "audio_encoder": str(speech)}


def recipes_of(encoders: dict[str, str]) -> dict[str, Recipe]:
    """What is measured."""
    base = {name: replace(RECIPES[name], dialogues_per_batch=BATCH)
            for name in ("hard-base", "reading-base", "soft-base")}  # fmt: skip
    text = replace(RECIPES["reading-base"], modalities=("text",), dialogues_per_batch=BATCH,
                   text_encoder=encoders["text_encoder"])  # fmt: skip
    sound = replace(RECIPES["reading-base"], modalities=("audio",), dialogues_per_batch=BATCH,
                    audio_encoder=encoders["audio_encoder"])  # fmt: skip
    lora = replace(text, text_tuning="lora")
    return base | {
        "hard-base, bf16": replace(base["hard-base"], precision="bf16"),
        "reading-base, bf16": replace(base["reading-base"], precision="bf16"),
        "text by LoRA": lora,
        "text by LoRA, bf16": replace(lora, precision="bf16"),
        "text fully, bf16": replace(lora, text_tuning="full", precision="bf16"),
        "text fully, bf16, gradient checkpointing": replace(
            lora, text_tuning="full", precision="bf16", gradient_checkpointing=True
        ),
        "sound by LoRA, bf16": replace(sound, audio_tuning="lora", precision="bf16"),
        "sound fully, bf16": replace(sound, audio_tuning="full", precision="bf16"),
    }


def prepared(recipe: Recipe, count: int, device: torch.device) -> tuple[Preprocessing, Packed]:
    """So many made dialogues as a recipe reads them."""
    dialogues, made = make(count)
    rng = np.random.default_rng(0)
    tokens = Extractors.of(recipe).text if "text" in recipe.tuned else None
    features: dict[str, list[Features]] = {}
    for dialogue in dialogues:
        rows = [
            {name: each[name] for name in recipe.modalities if name in each.frames}
            for each in made[dialogue.id]
        ]
        if tokens:
            for row, ids in zip(rows, tokens.tokens([u.text for u in dialogue.utterances])):
                row["text"] = ids
        if "audio" in recipe.tuned:
            for row, utterance in zip(rows, dialogue.utterances):
                samples = int((utterance.end or 0) * RATE)
                row["audio"] = rng.integers(-3000, 3000, samples).astype(np.int16)
        features[dialogue.id] = [Features(row) for row in rows]
    fitted = Preprocessing.of(recipe, dialogues, features, TASKS, {})
    return fitted, fitted.pack(dialogues, features, device)


def module_of(recipe: Recipe, fitted: Preprocessing, device: torch.device) -> TrainingModule:
    torch.manual_seed(0)
    model = build_network(recipe, TASKS, len(fitted.vocabulary), fitted.sizes).to(device)
    priors = {key: prior.to(device) for key, prior in fitted.priors.items()}
    return TrainingModule(model, Objective(recipe, TASKS, priors).to(device))


def stepper(recipe: Recipe, module: TrainingModule) -> _TrainingStep:
    optimiser = torch.optim.AdamW(parameter_groups(module, recipe))
    return _TrainingStep(module, module, optimiser, recipe.precision == "bf16", None)


def parity(recipes: dict[str, Recipe]) -> None:
    """Scores of one batch on both."""
    print("\n| network | largest difference | with TF32 in convolutions and recurrent layers |")
    print("|---|---|---|")
    for name, recipe in recipes.items():
        if recipe.precision == "bf16" or recipe.gradient_checkpointing:
            continue
        fitted, data = prepared(recipe, 8, CPU)
        module = module_of(recipe, fitted, CPU).eval()
        batch = data.batch(range(8))
        found = []
        with torch.inference_mode():
            expected = module.model(batch).logits
            module.to(GPU)
            for tf32 in (False, True):
                torch.backends.cudnn.allow_tf32 = tf32
                scores = module.model(batch.to(GPU)).logits
                found.append(max(float((scores[k].cpu() - expected[k]).abs().max())
                                 for k in expected))  # fmt: skip
        print(f"| {name} | {found[0]:.1e} | {found[1]:.1e} |", flush=True)


@dataclass
class Watch:
    """Utilisation of the GPU in per cent while it runs, sampled."""

    samples: list[int]
    ends: threading.Event
    thread: threading.Thread

    @classmethod
    def start(cls) -> "Watch":
        samples: list[int] = []
        ends = threading.Event()

        def sample() -> None:
            while not ends.wait(0.05):
                samples.append(torch.cuda.utilization())

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        return cls(samples, ends, thread)

    def stop(self) -> float:
        self.ends.set()
        self.thread.join()
        return mean(self.samples) if self.samples else float("nan")


def limit(dtype: torch.dtype) -> float:
    """Floating-point operations a second of a large product of matrices."""
    torch.backends.cuda.matmul.allow_tf32 = False
    one, other = (torch.randn(8192, 8192, device=GPU, dtype=dtype) for _ in range(2))
    for _ in range(3):
        one @ other
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(10):
        one @ other
    torch.cuda.synchronize()
    return 10 * 2 * 8192**3 / (time.perf_counter() - started)


def rate(
    recipe: Recipe, device: torch.device, steps: int, size: int = BATCH
) -> tuple[float, float, float, float, TrainingModule]:
    """Utterances a second, operations a second, utilisation, largest memory in GiB; the module."""
    fitted, data = prepared(recipe, size * 4, device)
    module = module_of(recipe, fitted, device).train()
    step = stepper(recipe, module)
    orders = data.shuffled(size, 1)
    batches = [data.batch(order) for order in orders]
    operations = 0.0
    if device == GPU:
        torch.cuda.reset_peak_memory_stats()
        with FlopCounterMode(display=False) as counter:
            for batch in batches:
                step([batch])
        operations = counter.get_total_flops() / len(batches)
        for batch in batches:
            step([batch])
        torch.cuda.synchronize()
        watch = Watch.start()
    else:
        step([batches[0]])
    utterances, started = 0, time.perf_counter()
    for number in range(steps):
        batch = data.batch(orders[number % len(orders)])
        step([batch])
        utterances += len(batch.ids)
    if device == GPU:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    used = watch.stop() if device == GPU else 0.0
    memory = torch.cuda.max_memory_allocated() / 1024**3 if device == GPU else 0.0
    return utterances / seconds, operations * steps / seconds, used, memory, module


def estimate(recipe: Recipe) -> str:
    """Memory in GiB and operations of an utterance that are said before a run."""
    if not recipe.tuned:
        return "–"
    turns = [turn for dialogue in make(BATCH * 4)[0] for turn in dialogue.utterances]
    lengths = Lengths(
        len(turns) / (BATCH * 4),
        mean(len(turn.text) + 2 for turn in turns),
        mean(turn.end or 0 for turn in turns),
    )
    cost = tuning_cost(recipe, recipe.tuned[0], lengths)
    assert cost is not None
    return f"{cost.memory / 1024**3:.1f} GiB, {cost.operations / 1e9:.1f} G"


def count(module: nn.Module, learned: bool) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not learned)


def rates(recipes: dict[str, Recipe], steps: int) -> None:
    """The table of speeds."""
    limits = {"bf16": limit(torch.bfloat16), "fp32": limit(torch.float32)}
    tops = ", ".join(f"{name} {value / 1e12:.0f} TFLOP/s" for name, value in limits.items())
    threads = torch.get_num_threads()
    print(f"\nProducts of matrices: {tops}. {BATCH} dialogues a batch; {threads} threads.\n")
    columns = ("network", "parameters", "learned", "utterances/s", "operations of one", "× CPU",
               "utilisation", "share of limit", "memory, GiB", "estimated")  # fmt: skip
    print("| " + " | ".join(columns) + " |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, recipe in recipes.items():
        try:
            fast, operations, used, memory, module = rate(recipe, GPU, steps)
        except (RuntimeError, AttributeError) as error:  # out of memory; an older transformers
            print(f"| {name} | {error} |", flush=True)
            continue
        tuned = bool(recipe.tuned)
        # a tuned encoder fills a processor with few dialogues
        slow = rate(replace(recipe, precision="fp32"), CPU, 2, 4 if tuned else BATCH)[0]
        share = operations / limits[recipe.precision]
        print(
            f"| {name} | {count(module.model, False):,} | {count(module.model, True):,} |"
            f" {fast:,.0f} | {operations / fast / 1e9:.2f} G | {fast / slow:.0f} | {used:.0f} % |"
            f" {share:.1%} | {memory:.1f} | {estimate(recipe)} |",
            flush=True,
        )
        del module
        torch.cuda.empty_cache()


def epoch(recipes: dict[str, Recipe], utterances: int, names: Sequence[str]) -> None:
    """Seconds of an epoch, by dialogues a batch."""
    print(f"\n| network | dialogues a batch | an epoch of {utterances:,} utterances, seconds |")
    print("|---|---|---|")
    dialogues = round(utterances / 7.3)
    for name in names:
        fitted, data = prepared(recipes[name], dialogues, GPU)
        for size in (8, BATCH, 128):
            recipe = replace(recipes[name], epochs=1, dialogues_per_batch=size)
            module = module_of(recipe, fitted, GPU)
            orders = data.shuffled(size, 1)

            def run(
                module: TrainingModule = module, orders: list[list[int]] = orders,
                data: Packed = data,
            ) -> None:  # fmt: skip
                fit(module, lambda epoch: orders, data.batch, dict, lambda event: None)
                torch.cuda.synchronize()

            started = time.perf_counter()
            run()
            print(f"| {name} | {size} | {time.perf_counter() - started:.1f} |", flush=True)


def repeat(recipes: dict[str, Recipe], names: Sequence[str]) -> None:
    """Whether two runs give the same weights."""
    print("\n| network | deterministic algorithms | the same weights | seconds |")
    print("|---|---|---|---|")
    for name in names:
        recipe = replace(recipes[name], epochs=2, dialogues_per_batch=8)
        for strict in (False, True):
            torch.use_deterministic_algorithms(strict)
            states, started = [], time.perf_counter()
            for _ in range(2):
                fitted, data = prepared(recipe, 60, GPU)
                module = module_of(recipe, fitted, GPU)
                orders = [data.shuffled(8, number) for number in range(recipe.epochs + 1)]
                fit(module, orders.__getitem__, data.batch, dict, lambda event: None)
                states.append({k: v.detach().cpu() for k, v in module.state_dict().items()})
            same = all(torch.equal(states[0][key], states[1][key]) for key in states[0])
            seconds = time.perf_counter() - started
            print(f"| {name} | {'yes' if strict else 'no'} | {'yes' if same else 'no'} |"
                  f" {seconds:.1f} |", flush=True)  # fmt: skip
    torch.use_deterministic_algorithms(False)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--utterances", type=int, default=20_000)
    options.add_argument("--steps", type=int, default=30)
    parts = ("parity", "repeat", "rates", "epoch")
    options.add_argument("--only", nargs="*", default=list(parts), choices=parts)
    chosen = options.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("There is no GPU here that PyTorch can use.")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as root:
        recipes = recipes_of(make_encoders(Path(root)))
        work: dict[str, Callable[[], Any]] = {
            "parity": lambda: parity(recipes),
            "repeat": lambda: repeat(recipes, ("hard-base", "reading-base", "text by LoRA, bf16")),
            "rates": lambda: rates(recipes, chosen.steps),
            "epoch": lambda: epoch(recipes, chosen.utterances,
                                   ("hard-base", "reading-base", "text by LoRA, bf16")),
        }  # fmt: skip
        for part in chosen.only:
            started = time.perf_counter()
            try:
                work[part]()
            except Exception:  # one part that fails must not lose the others
                traceback.print_exc()
            print(f"\n{part}: {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
