"""Check a release directory offline: `python verify.py [DIRECTORY] [--digest SHA-256]`.

Standard library only. Prints one line per fault and exits with 1, or prints a summary and exits
with 0. With the published digest it proves that this is the release that was published; without,
that the directory is whole and agrees with itself: the counts of the manifest, votes, soft labels
and gold, and every number of the certificate are counted again from the tables. Of the certificate
only the ends of the intervals are not: they would take the bootstrap; they must lie about their
value.
"""

import hashlib
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

LAYOUTS = (1, 2, 3)
RECOUNTED = 3  # the first layout whose certificate is computed from judgements.jsonl
BEFORE = (
    f"made before layout {RECOUNTED}, when its certificate could count answers that were submitted"
    " while its tables were written"
)
CANNOT_TELL = "cannot_tell"
CLOSE = 1e-9  # by which a number that is computed again may differ
INTERVAL = {
    "level": 0.95,
    "method": "percentile bootstrap over dialogues",
    "replicates": 1000,
    "seed": 0,
}  # whoever changes it raises the layout
ABOUT = {  # files that describe or repackage the contents; everything else is the contents
    *("README.md", "CITATION.cff", "croissant.json", "verify.py", "manifest.json"),
    *("agreement.json", "quality.json", "leakage.json", "splits.json", "rounds.json"),
    *("integrity.json",),
    *("utterances.csv",),
}


def faults(root: Path, published: str = "") -> Iterator[str]:
    """One sentence for each thing that is wrong with the release in `root`."""
    try:
        manifest = json.loads((root / "manifest.json").read_text("utf-8"))
        listed = {entry["path"]: entry for entry in manifest["files"]}
        if manifest["layout"] not in LAYOUTS:
            yield f"manifest.json: layout {manifest['layout']}, this script knows {LAYOUTS}"
            return
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"manifest.json: cannot be read ({error})"
        return
    if published and digest(root / "manifest.json") != published:
        yield "manifest.json: is not the manifest that was published"
    yield from _file_faults(root, listed)
    if manifest["layout"] > 1 and contents(manifest["files"]) != manifest.get("contents"):
        yield "manifest.json: the digest of contents is not that of the files it lists"
    try:
        yield from _row_faults(root, manifest)
    except (OSError, LookupError, ArithmeticError, ValueError, TypeError, AttributeError) as error:
        yield f"the tables cannot be read ({error!r})"


def _file_faults(root: Path, listed: dict[str, dict[str, object]]) -> Iterator[str]:
    present = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if (path.is_file() or path.is_symlink()) and "__pycache__" not in path.parts
    } - {"manifest.json"}
    for name in sorted(listed.keys() - present):
        yield f"{name}: is in the manifest but missing"
    for name in sorted(present - listed.keys()):
        yield f"{name}: is not in the manifest"
    for name in sorted(listed.keys() & present):
        path = root / name
        if path.is_symlink():
            yield f"{name}: is a link, not a file"
        elif path.stat().st_size != listed[name]["bytes"]:
            yield f"{name}: has {path.stat().st_size} bytes, expected {listed[name]['bytes']}"
        elif digest(path) != listed[name]["sha256"]:
            yield f"{name}: its SHA-256 is not the one in the manifest"


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield f"{path.name}, line {number}", json.loads(line)


def _row_faults(root: Path, manifest: dict[str, Any]) -> Iterator[str]:
    tasks = _json(root / "scheme.json")["tasks"]
    values = {task["key"]: {value["key"] for value in task["values"]} for task in tasks}
    splits = _json(root / "splits.json")
    apart = set(splits.get("apart", [])) & {"source", "speaker"}
    split_of: dict[str, str] = {}
    homes: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    votes: dict[str, int] = {}  # utterance -> hash of its votes
    listed = {entry["path"] for entry in manifest["files"]}
    totals = _Totals()
    recounted = manifest["layout"] >= RECOUNTED
    by_majority = _by_majority(root, manifest)
    for place, row in _lines(root / "utterances.jsonl"):
        if row["id"] in votes:
            yield f"{place}: the id {row['id']} stands twice"
        votes[row["id"]] = _hash(row["votes"]) if recounted else 0
        counts[row["split"]] = counts.get(row["split"], 0) + 1
        if split_of.setdefault(row["dialogue"], row["split"]) != row["split"]:
            yield f"{place}: dialogue {row['dialogue']} is in two splits"
        for thing in sorted(apart):
            name = row[thing]
            if name and homes.setdefault((thing, name), row["split"]) != row["split"]:
                yield f"{place}: {thing} {name} is in two splits"
        for task, value in row["gold"].items():
            if value not in values.get(task, ()):
                yield f"{place}: {value!r} is no value of {task}"
        if row["media"] is not None and row["media"] not in listed:
            yield f"{place}: its media {row['media']} are not in the manifest"
        if recounted:
            totals.add(row)
            yield from (f"{place}: {fault}" for fault in _gold_faults(row, values, by_majority))
    yield from _count_faults(manifest, splits, split_of, counts)
    recount = _Recount(tasks, manifest["rounds"])
    yield from _answers(root, values, votes, recount, recounted)
    judged = recount.judgements
    if judged != manifest.get("judgements", judged):
        yield f"manifest.json: counts {manifest['judgements']} judgements, the table has {judged}"
    if recounted:
        if [round["name"] for round in _json(root / "rounds.json")] != manifest["rounds"]:
            yield "rounds.json: has not the rounds of the manifest, in their order"
        totals.annotators = recount.annotators
        yield from totals.faults(manifest, splits, tasks)
        yield from _integrity_faults(root, set(split_of))
        yield from _certificate_faults(root, recount)
    else:
        yield from _older_faults(root, recount)


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _hash(votes: dict[str, Any]) -> int:
    return hash(json.dumps(votes, sort_keys=True)) if votes else 0


def _by_majority(root: Path, manifest: dict[str, Any]) -> bool:
    """Whether every item is settled by majority: rounds together always are."""
    if manifest["layout"] < RECOUNTED or len(manifest["rounds"]) > 1:
        return True
    return bool(_json(root / "rounds.json")[0]["consensus"] == "majority")


def _answers(
    root: Path,
    values: dict[str, set[str]],
    votes: dict[str, int],
    recount: "_Recount",
    recounted: bool,
) -> Iterator[str]:
    """Faults of judgements.jsonl, which is counted meanwhile, the answers to one utterance after
    the other; where votes are to be `recounted`, also of these.
    """
    known = dict(votes)
    lines = _lines(root / "judgements.jsonl")
    for utterance, group in groupby(lines, key=lambda line: line[1]["utterance"]):
        rows = list(group)
        for place, row in rows:
            if row["value"] not in values.get(row["task"], ()) and row["value"] != CANNOT_TELL:
                yield f"{place}: {row['value']!r} is no value of {row['task']}"
                return
        place = rows[0][0]
        if utterance not in votes:
            yield f"{place}: there is no utterance {utterance}"
        elif utterance not in known:
            yield f"{place}: the answers to {utterance} do not stand together"
        else:
            given, known_hash = recount.add([row for _place, row in rows]), known.pop(utterance)
            if recounted and _hash(given) != known_hash:
                yield f"{place}: the answers to {utterance} are not the votes that it has"
    for utterance, found in known.items():
        if found:
            yield f"utterances.jsonl: {utterance} has votes, and nobody judged it"


def _gold_faults(
    row: dict[str, Any], values: dict[str, set[str]], by_majority: bool
) -> Iterator[str]:
    """Where gold and soft labels of an utterance are not what its votes, or its soft labels, make
    of it.
    """
    for task in sorted({*row["votes"], *row["soft"], *row["provenance"], *row["gold"]}):
        votes, soft = row["votes"].get(task), row["soft"].get(task)
        why, gold = row["provenance"].get(task), row["gold"].get(task)
        if not votes or not soft or not why:
            yield f"{task} has no votes, no soft labels or no provenance"
            continue
        total = sum(votes.values())
        shares = {value: count / total for value, count in votes.items()}
        plain = by_majority or why in ("single", "unanimous", "majority")
        if not {*soft} <= values.get(task, set()) or abs(sum(soft.values()) - 1) > 1e-4:
            yield f"the soft labels of {task} are no distribution"
        elif plain and not _same(soft, shares):
            yield f"the soft labels of {task} are not the shares of its votes"
        elif not _is_gold(gold, why, votes, soft):
            yield f"the gold label of {task} is not what {why!r} makes of its votes"


def _is_gold(gold: str | None, why: str, votes: dict[str, int], soft: dict[str, float]) -> bool:
    """Whether a gold label may stand where its provenance is `why`."""
    first = max(soft, key=lambda value: soft[value])
    clear = soft[first] > 0.5 + 1e-12
    alone = len(votes) == 1
    return {
        "adjudicated": gold is not None,
        "ambiguous": gold is None,
        "contested": gold is None and not clear,
        "single": gold == first and alone and sum(votes.values()) == 1,
        "unanimous": gold == first and alone and sum(votes.values()) > 1,
        "majority": gold == first and clear and not alone,
        "weighted": gold == first and clear,
        "dawid_skene": gold == first and clear,
    }.get(why, False)


class _Totals:
    """What the manifest and splits.json say of the tables, counted again."""

    def __init__(self) -> None:
        self.annotators: set[str] = set()
        self.speakers: set[str] = set()
        self.sources: set[str] = set()
        self.seconds = 0.0
        self.masks: Counter[str] = Counter()
        self.spread: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, row: dict[str, Any]) -> None:
        self.sources.add(row["source"])
        if row["speaker"]:
            self.speakers.add(row["speaker"])
        if row["start"] is not None and row["end"] is not None:
            self.seconds += row["end"] - row["start"]
        for words in (row["text"], row["translation"] or ""):
            self.masks.update(part.split("〕")[0] for part in words.split("〔")[1:])
        self.spread["utterances"][row["split"]] += 1
        for task, value in row["gold"].items():
            self.spread[f"{task}={value}"][row["split"]] += 1

    def faults(
        self, manifest: dict[str, Any], splits: dict[str, Any], tasks: list[dict[str, Any]]
    ) -> Iterator[str]:
        found = {
            "annotators": len(self.annotators),
            "speakers": len(self.speakers),
            "sources": len(self.sources),
            "hours_of_speech": round(self.seconds / 3600, 3),
        }
        for name, number in found.items():
            if not _same(manifest[name], number):
                yield f"manifest.json: says {name} {manifest[name]}, the tables give {number}"
        for kind, number in manifest["masked"].items():
            if number > self.masks[kind]:
                yield f"manifest.json: says masked {kind} {number}, the texts have fewer"
        names = ("train", "valid", "test")
        spread = {
            column: {name: round(counts[name] / sum(counts.values()), 4) for name in names}
            for column, counts in self.spread.items()
        }
        if not _same(splits["spread"], spread):
            yield "splits.json: its spread is not that of the tables"


def _integrity_faults(root: Path, dialogues: set[str]) -> Iterator[str]:
    """Faults of what is said of errors that were known when the release was frozen."""
    stated = _json(root / "integrity.json")
    for row in stated["excluded"]:
        if row["dialogue"] in dialogues:
            yield f"integrity.json: {row['dialogue']} is excluded, and is in the tables"
    for row in stated["accepted"]:
        if row["dialogue"] not in dialogues:
            yield f"integrity.json: {row['dialogue']} is accepted, and is not in the tables"
        if not row["reason"].strip():
            yield f"integrity.json: {row['dialogue']} is accepted without a reason"


class _Recount:
    """The units of agreement, counted again from judgements, utterance by utterance.

    A unit is a task of an utterance; of the same annotator in several rounds the later round's
    answer counts, and "cannot tell" is no answer. A pattern is how often each value was given to a
    unit; all coefficients follow from how often each pattern occurs.
    """

    def __init__(self, tasks: list[dict[str, Any]], rounds: list[str]) -> None:
        self.tasks = {task["key"]: task for task in tasks}
        self.places = {
            task["key"]: {value["key"]: n for n, value in enumerate(task["values"])}
            for task in tasks
        }
        self.order = {name: n for n, name in enumerate(rounds)}
        self.judgements = 0
        self.annotators: set[str] = set()
        self.patterns: dict[str, Counter[tuple[int, ...]]] = defaultdict(Counter)
        self.agreed: dict[str, Counter[tuple[int, ...]]] = defaultdict(Counter)
        self.joint: dict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)

    def add(self, rows: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
        """Count all answers to one utterance; its votes, task -> value -> number."""
        self.judgements += len(rows)
        given: dict[str, dict[str, str]] = {}
        for row in sorted(rows, key=lambda row: self.order[row["round"]]):
            self.annotators.add(row["annotator"])
            if row["value"] != CANNOT_TELL:
                given.setdefault(row["task"], {})[row["annotator"]] = row["value"]
        for task, answers in given.items():
            pattern = self._pattern(task, answers)
            self.patterns[task][pattern] += 1
            if self.tasks[task].get("source"):
                self._add_parents(task, answers, given, pattern)
        return {task: dict(Counter(answers.values())) for task, answers in given.items()}

    def _pattern(self, task: str, answers: dict[str, str]) -> tuple[int, ...]:
        counts = [0] * len(self.places[task])
        for value in answers.values():
            counts[self.places[task][value]] += 1
        return tuple(counts)

    def _add_parents(
        self,
        task: str,
        answers: dict[str, str],
        given: dict[str, dict[str, str]],
        pattern: tuple[int, ...],
    ) -> None:
        """Count a correlation beside what its annotators gave its parents."""
        parents = [given.get(self.tasks[task][end], {}) for end in ("source", "target")]
        known = {who: tuple(parent.get(who) for parent in parents) for who in answers}
        for who, value in answers.items():
            source, target = known[who]
            if source is not None and target is not None:
                self.joint[task][source, target, value] += 1
        if len({*known.values()}) == 1 and None not in next(iter(known.values())):
            self.agreed[task][pattern] += 1

    def row(self, task: str) -> dict[str, Any]:
        """What the certificate has to say of a task, without intervals."""
        scale = self.tasks[task]["scale"]
        level = "ordinal" if scale == "ordinal" else "nominal"
        units = _Units(self.patterns[task], len(self.places[task]))
        alpha = units.coefficient_row(units.alpha(level))
        found = {"task": task, "level": level, **alpha, "units": units.pairable}
        found |= {"judgements": units.judgements, "agreement": units.raw("identity")}
        found["coefficients"] = {
            name: units.coefficient_row(value) for name, value in units.coefficients(level).items()
        }
        found["classes"] = {
            value: units.coefficient_row(units.class_alpha(place))
            for value, place in self.places[task].items()
        }
        if self.tasks[task].get("source"):
            agreed = _Units(self.agreed[task], len(self.places[task]))
            stated = agreed.coefficient_row(agreed.alpha(level))
            found["parents_agree"] = stated | {"units": agreed.pairable}
            found["association"] = _association(self.joint[task])
        return found


Matrix = list[list[float]]


class _Units:
    """Units of one task, as often as each pattern of `size` values occurs; coefficients as
    annotation/agreement/coefficients.py has them, with their sources. None is undefined.
    """

    def __init__(self, patterns: Counter[tuple[int, ...]], size: int) -> None:
        self.patterns, self.size = patterns, size
        self.range = range(size)
        self.paired = {p: times for p, times in patterns.items() if sum(p) > 1}
        self.pairable = sum(self.paired.values())
        self.judgements = sum(sum(p) * times for p, times in self.paired.items())
        self.coincidences = [[self._coincidence(c, k) for k in self.range] for c in self.range]
        self.marginals = [sum(row) for row in self.coincidences]

    def _coincidence(self, c: int, k: int) -> float:
        return math.fsum(
            times * p[c] * (p[k] - (c == k)) / (sum(p) - 1) for p, times in self.paired.items()
        )

    def coefficient_row(self, value: float | None) -> dict[str, Any]:
        """A value, or why there is none."""
        if value is not None:
            return {"value": value, "undefined": ""}
        used = sum(marginal > 0 for marginal in self.marginals)
        why = "no_chance" if used > 1 else "one_value"
        return {"value": None, "undefined": why if self.pairable else "no_pairs"}

    def coefficients(self, level: str) -> dict[str, float | None]:
        """Every coefficient of the certificate by its name there."""
        squares = sum(share * share for share in self._shares())
        found = {
            "raw": self.raw("identity"),
            "alpha": self.alpha(level),
            "fleiss": _beyond(self.raw("identity"), squares),
            "ac1": self._gwet("identity"),
        }
        if level != "nominal":
            found["ac2"] = self._gwet("quadratic")
            found["alpha_nominal"] = self.alpha("nominal")
            found["alpha_interval"] = self.alpha("interval")
        return found

    def alpha(self, level: str) -> float | None:
        """Krippendorff's alpha."""
        apart, pairs = self._distances(level), [(c, k) for c in self.range for k in self.range]
        observed = math.fsum(self.coincidences[c][k] * apart[c][k] for c, k in pairs)
        chance = math.fsum(self.marginals[c] * self.marginals[k] * apart[c][k] for c, k in pairs)
        return _ratio((sum(self.marginals) - 1) * observed, chance)

    def class_alpha(self, c: int) -> float | None:
        """Nominal alpha of one value against all others."""
        mine, n = self.marginals[c], sum(self.marginals)
        return _ratio((n - 1) * (mine - self.coincidences[c][c]), mine * (n - mine))

    def _distances(self, level: str) -> Matrix:
        if level == "nominal":
            return [[float(c != k) for k in self.range] for c in self.range]
        points = [float(c) for c in self.range]
        if level == "ordinal":
            points = [sum(self.marginals[:c]) + self.marginals[c] / 2 for c in self.range]
        return [[(points[c] - points[k]) ** 2 for k in self.range] for c in self.range]

    def _weights(self, kind: str) -> Matrix:
        if kind == "identity":
            return [[float(c == k) for k in self.range] for c in self.range]
        widest = max(self.size - 1, 1)
        return [[1 - ((c - k) / widest) ** 2 for k in self.range] for c in self.range]

    def raw(self, kind: str) -> float | None:
        """The mean share of (weighted) agreeing pairs of a unit."""
        weights = self._weights(kind)
        agreed = math.fsum(
            times * weights[c][k] * p[c] * (p[k] - (c == k)) / (sum(p) * (sum(p) - 1))
            for p, times in self.paired.items()
            for c in self.range
            for k in self.range
        )
        return agreed / self.pairable if self.pairable else None

    def _shares(self) -> list[float]:
        units = max(sum(self.patterns.values()), 1)
        return [
            math.fsum(times * p[c] / sum(p) for p, times in self.patterns.items()) / units
            for c in self.range
        ]

    def _gwet(self, kind: str) -> float | None:
        if self.size < 2:
            return None
        spread = sum(map(sum, self._weights(kind))) / (self.size * (self.size - 1))
        chance = spread * sum(share * (1 - share) for share in self._shares())
        return _beyond(self.raw(kind), chance)


def _beyond(agreed: float | None, chance: float) -> float | None:
    """Agreement beyond chance."""
    return None if agreed is None else _ratio(1 - agreed, 1 - chance)


def _ratio(disagreement: float, by_chance: float) -> float | None:
    return 1 - disagreement / by_chance if by_chance > 1e-12 else None


def _association(joint: Counter[tuple[str, str, str]]) -> dict[str, float | None]:
    """How much a correlation depends on its parents, as annotation/agreement/pairwise.py has it."""
    rows: Counter[tuple[str, str]] = Counter()
    columns: Counter[str] = Counter()
    for (source, target, value), times in joint.items():
        rows[source, target] += times
        columns[value] += times
    n, r, c = sum(rows.values()), len(rows), len(columns)
    if min(r, c) < 2:
        return {"v": None, "chi2": None, "freedom": 0.0, "bits": None}
    expected = {(x, y): rows[x] * columns[y] / n for x in rows for y in columns}
    chi2 = math.fsum((joint[(*x, y)] - e) ** 2 / e for (x, y), e in expected.items())
    bits = math.fsum(
        joint[(*x, y)] / n * math.log2(joint[(*x, y)] / e)
        for (x, y), e in expected.items()
        if joint[(*x, y)]
    )
    phi = max(0.0, chi2 / n - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    v = math.sqrt(phi / least) if least > 0 else None
    return {"v": v, "chi2": chi2, "freedom": float((r - 1) * (c - 1)), "bits": bits}


def _certificate_faults(root: Path, recount: _Recount) -> Iterator[str]:
    """Where the certificate is not that of judgements.jsonl."""
    stated = _json(root / "agreement.json")
    if stated["coefficient"] != "krippendorff_alpha" or stated["interval"] != INTERVAL:
        yield "agreement.json: says of its intervals what this layout does not have"
    if stated["open_findings"] != _json(root / "quality.json")["open"]:
        yield "agreement.json: counts other open findings than quality.json"
    if [row["task"] for row in stated["tasks"]] != list(recount.tasks):
        yield "agreement.json: has not the tasks of scheme.json"
        return
    for row in stated["tasks"]:
        yield from _differences(row, recount.row(row["task"]), f"{row['task']}")
        yield from _end_faults(row, f"{row['task']}")
        alpha = row["coefficients"]["alpha"]
        if [row["low"], row["high"]] != [alpha.get("low"), alpha.get("high")]:
            yield f"agreement.json: {row['task']}: two intervals of alpha"


def _differences(stated: dict[str, Any], found: dict[str, Any], where: str) -> Iterator[str]:
    """Where what is stated is not what was counted again; ends of intervals are not looked at."""
    for name in sorted({*stated, *found} - {"low", "high"}):
        if isinstance(stated.get(name), dict) and isinstance(found.get(name), dict):
            yield from _differences(stated[name], found[name], f"{where}: {name}")
        elif name not in stated or name not in found or not _same(stated[name], found[name]):
            yield (
                f"agreement.json: {where}: {name} is {stated.get(name)!r}, judgements.jsonl gives"
                f" {found.get(name)!r}"
            )


def _same(one: Any, other: Any) -> bool:
    """Equal, numbers but for rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {*one} == {*other} and all(_same(one[key], other[key]) for key in one)
    numbers = (int, float)
    if type(one) in numbers and type(other) in numbers:
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(one) is type(other) and bool(one == other)


def _end_faults(stated: dict[str, Any], where: str) -> Iterator[str]:
    """Intervals that cannot be: one end alone, ends in the wrong order or beyond 1, or an interval
    that is farther from its value than it is wide.
    """
    low, high = stated.get("low"), stated.get("high")
    value = stated.get("value", stated.get("v"))
    if (low, high) != (None, None) and not _fits(low, high, value, "v" in stated):
        yield f"agreement.json: {where}: [{low}, {high}] is no interval of {value}"
    for name, inner in stated.items():
        if isinstance(inner, dict):
            yield from _end_faults(inner, f"{where}: {name}")


def _fits(low: Any, high: Any, value: Any, biased: bool) -> bool:
    """Whether an interval may be that of a value; association is `biased`: chance alone makes more
    of it in every sample, so that its value may lie below.
    """
    if not all(type(end) in (int, float) and math.isfinite(end) for end in (low, high, value)):
        return False
    slack = high - low + CLOSE
    about = biased or low - slack <= value <= high + slack
    return bool(about and low <= high <= 1 + CLOSE and (low >= 0 or not biased))


def _older_faults(root: Path, recount: _Recount) -> Iterator[str]:
    """Units and judgements of a certificate that was not yet computed from judgements.jsonl."""
    for row in _json(root / "agreement.json")["tasks"]:
        found = recount.row(row["task"])
        for name in ("units", "judgements"):
            if row[name] != found[name]:
                yield (
                    f"agreement.json: {row['task']}: {name} is {row[name]}, judgements.jsonl gives"
                    f" {found[name]} ({BEFORE})"
                )


def note(root: Path) -> str:
    """What has to be said of a release in which nothing is wrong, "" if nothing has."""
    layout = json.loads((root / "manifest.json").read_text("utf-8"))["layout"]
    if layout >= RECOUNTED:
        return ""
    return f"{BEFORE}; its units and judgements are those of judgements.jsonl"


def _count_faults(
    manifest: dict[str, Any],
    splits: dict[str, Any],
    split_of: dict[str, str],
    counts: dict[str, int],
) -> Iterator[str]:
    if splits["dialogues"] != split_of:
        yield "splits.json: does not give the splits that utterances.jsonl has"
    if manifest["utterances"] != counts:
        yield f"manifest.json: counts {manifest['utterances']} utterances, the table has {counts}"
    dialogues: dict[str, int] = {}
    for name in split_of.values():
        dialogues[name] = dialogues.get(name, 0) + 1
    said = manifest["dialogues"]
    if said not in (dialogues, len(split_of)):
        yield f"manifest.json: counts {said} dialogues, the table has {dialogues}"


def contents(files: Iterable[dict[str, Any]]) -> str:
    """The digest of what a release holds, whatever it is called and whoever described it: SHA-256
    over path and checksum of each file of rows, scheme, guidelines and media, in order of path.
    """
    found = hashlib.sha256()
    for entry in sorted(files, key=lambda entry: str(entry["path"])):
        if entry["path"] not in ABOUT and not str(entry["path"]).startswith("data/"):
            found.update(f"{entry['path']}\0{entry['sha256']}\n".encode())
    return found.hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def main(arguments: list[str]) -> int:
    published = ""
    if "--digest" in arguments:
        at = arguments.index("--digest")
        published = (arguments[at + 1 : at + 2] or ["none given"])[0]
        del arguments[at : at + 2]
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    found = list(faults(root, published))
    for fault in found:
        print(fault)  # noqa: T201
    if not found:
        print(f"OK: every file is as published; release digest {digest(root / 'manifest.json')}")  # noqa: T201
        if said := note(root):
            print(f"Note: {said}.")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
