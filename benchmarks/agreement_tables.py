"""`python -m annotation.agreement` on large tables: seconds, memory and what is written.

    .venv/bin/python -m benchmarks.agreement_tables [--seconds 240]

Each table is made, then read and computed by the command in a process of its own, as a person would
run it. Rows: annotators, judgements, judgements a unit, values, units a cluster (0: no clusters),
and the options of the command.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

TABLES = (
    (5000, 300_000, 5, 7, 10, ("--scale", "nominal")),
    (5000, 300_000, 5, 7, 10, ("--scale", "ordinal")),
    (5000, 300_000, 5, 7, 10, ("--scale", "interval")),
    (3000, 300_000, 5, 101, 10, ("--scale", "interval")),
    (20_000, 1_000_000, 4, 7, 10, ("--scale", "ordinal")),
    (5000, 300_000, 5, 7, 10, ("--scale", "nominal", "--pairs", "--json")),
    (860, 300_000, 860, 6, 0, ("--scale", "nominal", "--pairs")),
    (5000, 300_000, 60, 6, 0, ("--scale", "ordinal", "--pairs", "--min-common", "5")),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=240, help="after which a run is ended")
    limit = options.parse_args().seconds
    print(
        "| annotators | judgements | a unit | values | options | seconds | CPU | MB | written, MB |"
    )
    print("|---" * 9 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for people, judgements, overlap, values, cluster, command in TABLES:
            path = Path(folder) / "table.csv"
            path.write_text(made(people, judgements // overlap, overlap, values, cluster), "utf-8")
            result = run(path, command, limit)
            cells = [f"{people:,}", f"{judgements:,}", str(overlap), str(values)]
            print("| " + " | ".join([*cells, f"`{' '.join(command)}`", *result]) + " |", flush=True)


def made(people: int, units: int, overlap: int, values: int, cluster: int) -> str:
    """CSV of judgements of which 60 % are the truth of their unit and the others by chance."""
    rng = np.random.default_rng(0)
    lines = ["unit,annotator,value" + (",cluster" if cluster else "")]
    for unit in range(units):
        truth = rng.integers(0, values)
        right = rng.random(overlap) < 0.6
        given = np.where(right, truth, rng.integers(0, values, overlap))
        more = f",d{unit // cluster}" if cluster else ""
        for who, value in zip(rng.choice(people, overlap, replace=False), given, strict=True):
            lines.append(f"u{unit},a{who},{value}{more}")
    return "\n".join(lines) + "\n"


def run(path: Path, command: tuple[str, ...], limit: float) -> tuple[str, ...]:
    """Seconds, CPU seconds, megabytes at most and megabytes written of one run of the command."""
    words = [sys.executable, "-m", "annotation.agreement", str(path), *command]
    out = path.with_suffix(".out")
    with out.open("wb") as written:
        before = time.perf_counter()
        process = subprocess.Popen(words, stdout=written, stderr=subprocess.DEVNULL)
        timer = threading.Timer(limit, process.kill)
        timer.start()
        _pid, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        seconds = time.perf_counter() - before
    if status:
        return f"over {limit:.0f}", "", "", ""
    written_mb = out.stat().st_size / 1e6
    processor = used.ru_utime + used.ru_stime
    memory = f"{used.ru_maxrss / 1024:.0f}"
    return f"{seconds:.1f}", f"{processor:.1f}", memory, f"{written_mb:.1f}"


if __name__ == "__main__":
    main()
