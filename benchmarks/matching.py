"""Two releases of which the second gave all ids anew, matched by content: seconds and memory.

    .venv/bin/python -m benchmarks.matching [--sizes 20000 100000] [--unrelated]

Dialogues of 3 to 12 made lines, a fifth of which stand in thousands of them. The earlier release
lacks 1,304 utterances, has its dialogues in another order, 240 of them in another split, 60 texts
with another character and 4 labels changed. Each size in a process of its own.
"""

import argparse
import random
import resource
import subprocess
import sys
import time
from dataclasses import replace

from releases.matching import Row, match

HAN = [chr(0x4E00 + n) for n in range(3000)]
LABELS = ["positive", "negative", "neutral"]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[20_000, 100_000])
    options.add_argument("--unrelated", action="store_true", help="match two other corpora")
    options.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        measure(chosen.one, chosen.unrelated)
        return
    print("| utterances | matched | added | texts | labels | CPU s | peak MB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    more = ["--unrelated"] * chosen.unrelated
    for size in chosen.sizes:
        own = [sys.executable, "-m", "benchmarks.matching", "--one", str(size), *more]
        subprocess.run(own, check=True)


def measure(size: int, unrelated: bool) -> None:
    after = corpus(size, 1)
    before = corpus(size, 2) if unrelated else earlier(after)
    begun = time.process_time()
    found = match(before, after)
    spent = time.process_time() - begun
    pairs = [(before[old], after[new]) for new, old in found.pairs.items()]
    texts, labels = (
        sum(getattr(a, n) != getattr(b, n) for a, b in pairs) for n in ("text", "gold")
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    counts = [len(after), len(pairs), len(after) - len(pairs), texts, labels]
    print(f"| {' | '.join(f'{n:,}' for n in counts)} | {spent:.1f} | {peak} |")


def corpus(size: int, seed: int) -> list[Row]:
    chance, rows, dialogue = random.Random(seed), [], 0
    while len(rows) < size:
        dialogue += 1
        for turn in range(1, chance.randint(3, 12) + 1):
            text = "".join(chance.choices(HAN, k=chance.randint(3, 15)))
            if chance.random() < 0.2:
                text = chance.choice(["嗯。", "好。", "是。", "对。"])
            name, split = f"C_{dialogue}", ["train", "train", "valid"][dialogue % 3]
            gold = {"sentiment": chance.choice(LABELS)}
            speaker = f"S{chance.randint(1, 50)}"
            rows.append(Row(f"{name}_U_{turn}", name, split, speaker, text, (None, None), gold))
    return rows


def earlier(rows: list[Row]) -> list[Row]:
    chance = random.Random(3)
    left = sorted(chance.sample(range(len(rows)), len(rows) - 1304))
    kept = {place: rows[place] for place in left}
    for place in chance.sample(left, 4):
        new = LABELS[LABELS.index(rows[place].gold["sentiment"]) - 1]
        kept[place] = replace(kept[place], gold={"sentiment": new})
    for place in chance.sample([place for place in left if len(rows[place].text) > 3], 60):
        text = rows[place].text
        kept[place] = replace(kept[place], text=f"{text[:1]}甲{text[2:]}")
    dialogues: dict[str, list[Row]] = {}
    for row in kept.values():
        dialogues.setdefault(row.dialogue, []).append(row)
    shuffled = chance.sample(list(dialogues.values()), len(dialogues))
    return [
        replace(
            row, id=f"C_{n}_U_{turn}", dialogue=f"C_{n}", split="test" if n < 240 else row.split
        )
        for n, spoken in enumerate(shuffled)
        for turn, row in enumerate(spoken, 1)
    ]


if __name__ == "__main__":
    main()
