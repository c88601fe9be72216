"""Alpha with a bootstrap interval beside the `krippendorff` package, in one run.

    .venv/bin/python -m benchmarks.agreement [--judgements 30000 1000000] [--rounds 3]

Ten annotators, three judgements a unit, seven classes, ten units a dialogue. Timed, CPU of the
process (all its threads): the package's alpha of the whole table, from its table of raters and
from counts; ours from the same counts; ours with 1,000 replicates, of dialogues and of units,
from the counts to the interval. Twenty replicates are computed by both and compared.
"""

import argparse
import time
from collections.abc import Callable

import krippendorff
import numpy as np

from annotation.agreement.bootstrap import interval, of_pairs, of_units, on
from annotation.agreement.coefficients import alpha, pair_counts

PEOPLE, OVERLAP, CLASSES, DIALOGUE, REPLICATES = 10, 3, 7, 10, 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--judgements", type=int, nargs="+", default=[30_000, 1_000_000])
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    print("| judgements | package: table | counts | ours: counts | 1,000 replicates: dialogues"
          " | units | times faster a replicate: dialogues | units"
          " | evaluations of the package |")  # fmt: skip
    print("|---" * 9 + "|")
    for judgements in chosen.judgements:
        counts, table, clusters = made(judgements // OVERLAP)
        compare(counts, clusters)
        best: dict[str, float] = {}
        for _ in range(chosen.rounds):  # interleaved, the best of each
            for name, work in works(counts, table, clusters).items():
                best[name] = min(best.get(name, 1e9), cpu(work))
        package = best["counts"]
        print(
            f"| {judgements:,} | {1e3 * best['table']:.1f} ms | {1e3 * package:.1f} ms"
            f" | {1e3 * best['ours']:.1f} ms | {1e3 * best['dialogues']:.0f} ms"
            f" | {1e3 * best['units']:.0f} ms"
            f" | {package * REPLICATES / best['dialogues']:.0f}"
            f" | {package * REPLICATES / best['units']:.0f}"
            f" | {best['dialogues'] / package:.1f} |",
            flush=True,
        )


def made(units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (units, V), the table of raters (PEOPLE, units) with gaps, a dialogue a unit."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, CLASSES, units)
    table = np.full((PEOPLE, units), np.nan)
    for place in range(OVERLAP):
        person = (np.arange(units) // DIALOGUE * OVERLAP + place) % PEOPLE
        wrong = rng.random(units) < 0.3
        table[person, np.arange(units)] = np.where(wrong, rng.integers(0, CLASSES, units), truth)
    counts = np.stack([(table == value).sum(axis=0) for value in range(CLASSES)], axis=1)
    return counts.astype(float), table, np.arange(units) // DIALOGUE


def works(counts, table, clusters) -> dict[str, Callable[[], object]]:
    def of_dialogues():
        pairs = pair_counts(counts, clusters)
        return interval(of_pairs(pairs), on(pairs, alpha, "nominal"), REPLICATES)

    def of_single_units():
        pairs, units = of_units(counts)
        return interval(units, on(pairs, alpha, "nominal"), REPLICATES)

    def package(**data):
        return krippendorff.alpha(**data, level_of_measurement="nominal")

    return {
        "table": lambda: package(reliability_data=table),
        "counts": lambda: package(value_counts=counts),
        "ours": lambda: alpha(pair_counts(counts), "nominal"),
        "dialogues": of_dialogues,
        "units": of_single_units,
    }


def compare(counts, clusters) -> None:
    """Raises AssertionError unless 20 replicates are the package's own on the same draws."""
    pairs = pair_counts(counts, clusters)
    found = on(pairs, alpha, "nominal")(of_pairs(pairs).replicates(20, seed=1))
    groups = int(clusters.max()) + 1
    draws = np.random.default_rng(1).integers(0, groups, (20, groups), dtype=np.int32)
    rows = [np.flatnonzero(clusters == c) for c in range(groups)] if groups < 5000 else None
    for value, draw in zip(found, draws):
        if rows is not None:
            sample = counts[np.concatenate([rows[c] for c in draw])]
        else:
            sample = np.repeat(counts, np.bincount(draw, minlength=groups)[clusters], axis=0)
        expected = krippendorff.alpha(value_counts=sample, level_of_measurement="nominal")
        assert abs(value - expected) < 1e-9, (value, expected)


def cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    main()
