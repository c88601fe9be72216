"""The costs that have a goal, on SQLite and PostgreSQL in turns: one table of docs/experiments.md.

    bash tools/services.sh .venv/bin/python -m benchmarks.all [--rounds 3] [--only STEP ...]

Each step is another benchmark, run as its own command says and read from the table that it prints.
A round does every step on SQLite and then on PostgreSQL, so that both see the same machine; without
DATABASE_URL there is SQLite alone. Of the rounds the least counts: whatever else a machine does
only adds. The first three figures are the machine's alone: by them tables of different days can be
compared. Figures are seconds or milliseconds of CPU unless the unit says otherwise. The exit status
is 1 if a step fails; a goal that is not reached is printed, not an error.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

Cells = dict[str, str]  # heading -> cell
STEPS = {  # name -> module and its options
    "reference": ["reference"],
    "queue": ["queue", "--sizes", "10000", "--at-once", "16", "--cycles", "2000"],
    "joined": ["queue", "--sizes", "10000", "--at-once", "16", "--cycles", "2000", "--joined"],
    "browser": ["label_cycle", "--rounds", "3"],
    "importing": ["importing", "--sizes", "10000", "--times", "2"],
    "releases": ["releases", "--sizes", "10000", "--tasks", "4", "--repeats", "2"],
    "pages": ["overview"],
}
SLOW = ("pages",)  # once, in the first round: it takes turns and the least by itself


@dataclass(frozen=True)
class Figure:
    """A cell of a step's table, found by cells of its row, beside its goals (None: none)."""

    name: str
    step: str
    row: Mapping[str, str]
    column: str
    goals: tuple[float | None, float | None]  # of SQLite, of PostgreSQL
    unit: str = "ms"
    at_least: bool = False


FIGURES = (
    Figure("a million additions in Python", "reference", {"what": "a million additions"}, "",
           (None, None)),
    Figure("a Django request that does nothing", "reference", {"what": "a bare request"}, "",
           (None, None)),
    Figure("the same with session and person", "reference",
           {"what": "a request with session and person"}, "", (None, None)),
    Figure("label cycle of two requests, 16 at once", "queue", {}, "together", (3, 5)),
    Figure("the same in one request", "joined", {}, "together", (3, 5)),
    Figure("cycles in one request", "joined", {}, "cycles/s", (300, 300), "a second", True),
    Figure("submission with the next, p95", "joined", {}, "p95 (ms)", (60, 60), "ms of time"),
    Figure("both web processes, shared pages once", "joined", {}, "web MB", (200, 200), "MB"),
    Figure("a browser's dialogue: its page", "browser", {"request": "its page"}, "", (12, 12)),
    Figure("that page on the wire", "browser", {"request": "bytes of its page"}, "",
           (12_000, 12_000), "bytes"),
    Figure("a browser's dialogue of 48 answers", "browser", {"request": "the whole cycle"}, "",
           (None, None)),
    Figure("import 10,000 utterances", "importing", {"what": "talk"}, "CPU s", (0.5, 0.5), "s"),
    Figure("import 10,000 rows of 8 labels", "importing", {"what": "cmma"}, "CPU s", (1.5, 1.5),
           "s"),
    Figure("import 10,000 items, 120,000 labels", "importing", {"what": "tasks"}, "CPU s", (2, 2),
           "s"),
    Figure("tables of a release, 120,000 labels", "releases", {"what": "tables"}, "CPU s",
           (0.6, 0.6), "s"),
    Figure("the whole freeze", "releases", {"what": "freeze"}, "CPU s", (1.2, 1.2), "s"),
)  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS))
    chosen = options.parse_args()
    environments = {"SQLite": {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}}
    if "DATABASE_URL" in os.environ:
        environments["PostgreSQL"] = dict(os.environ)
    found: dict[tuple[str, str], list[list[Cells]]] = {}
    for number in range(chosen.rounds):
        for step in chosen.only:
            for database, environment in environments.items():
                if number == 0 or step not in SLOW:
                    rows = table_of(step, database, environment)
                    found.setdefault((step, database), []).append(rows)
    names = list(environments)
    figures = [figure for figure in FIGURES if figure.step in chosen.only]
    print("\n| work | unit | " + " | ".join(f"{name} | goal" for name in names) + " |")
    print("|---" * (2 + 2 * len(names)) + "|")
    for figure in figures:
        print(f"| {figure.name} | {figure.unit} | {' | '.join(cells(figure, found, names))} |")
    if "pages" in chosen.only:
        print(*(pages(name, found["pages", name][0]) for name in names), sep="\n")


def table_of(step: str, database: str, environment: Mapping[str, str]) -> list[Cells]:
    """The rows that a benchmark prints as a table; what it prints is shown, too."""
    module, *options = STEPS[step]
    begun = time.monotonic()
    command = [sys.executable, "-m", f"benchmarks.{module}", *options]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    print(f"{step}, {database}, {time.monotonic() - begun:.0f} s\n{done.stdout}", flush=True)
    rows = read_table(done.stdout)
    if not rows or (done.returncode and step != "pages"):  # which fails where a page is too dear
        sys.exit(f"benchmarks.{module} failed on {database}")
    return rows


def read_table(text: str) -> list[Cells]:
    """The rows of a table in Markdown, each by the headings of the columns."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heading, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(heading, row, strict=True)) for row in rows if set(row[0]) != {"-"}]


def cells(figure: Figure, found: Mapping[tuple[str, str], list[list[Cells]]], names: list[str]):
    """Of each database the figure and whether its goal is reached."""
    for name, goal in zip(names, figure.goals, strict=False):
        values = [value_of(figure, rows) for rows in found[figure.step, name]]
        value = max(values) if figure.at_least else min(values)
        yield f"{value:.2f}" if value < 10 else f"{value:.0f}"
        if goal is None:
            yield ""
            continue
        reached = value >= goal if figure.at_least else value <= goal
        yield f"{'≥' if figure.at_least else '≤'} {goal:g}{'' if reached else ', not reached'}"


def value_of(figure: Figure, rows: list[Cells]) -> float:
    """The number of the first row with these cells, in the last column where none is named."""
    row = next(row for row in rows if figure.row.items() <= row.items())
    cell = next(v for k, v in row.items() if figure.column in k) if figure.column else [
        *row.values()
    ][-1]  # fmt: skip
    return float(cell.replace(",", ""))


def pages(name: str, rows: list[Cells]) -> str:
    """How many pages cost little, and which costs most by the size of the corpus."""
    largest = [key for key in rows[0] if key.endswith("utterances, ms")][-1]
    quick = sum(float(row[largest]) <= 60 for row in rows)
    dearest = max(rows, key=lambda row: float(row["ratio"]))
    return (
        f"{name}: {quick} of {len(rows)} pages within 60 ms at {largest.removesuffix(', ms')};"
        f" the largest ratio is {dearest['ratio']} ({dearest['page']})"
    )


if __name__ == "__main__":
    main()
