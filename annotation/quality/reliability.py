"""Plain: annotators as instruments, through `crowd-kit`: Dawid-Skene, MACE, GLAD.

Dawid & Skene (1979) estimate how each person answers when a value is right; MACE (Hovy et al.
2013) with which probability a person judges rather than guesses; GLAD (Whitehill et al. 2009) how
able a person and how hard an item is. Nothing here knows what is right: the models compare people
with each other, and where all err alike they call it right.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

FEW = 20  # items with two judgements or more, below which nothing is fitted
GLAD_AT_MOST = 30_000  # judgements; it takes long and gives no class-wise reliability
RESTARTS, ITERATIONS = 4, 50  # of MACE
Judgement = tuple[Any, int, str]  # item, person id, value


def fitted(judgements: Sequence[Judgement], values: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """The models of one task, ready for JSON.

    {"undefined": reason} where they cannot be fitted, else "items", "priors" (value ->
    probability) and "people": person id (text) -> "weight" (MACE), "ability" (GLAD, None where it
    was not fitted), "accuracy" with "low" and "high", "judgements", "answers" (right value ->
    given value -> probability), "classes" (right value -> probability, low, high). Intervals are
    95 % Jeffreys intervals over the expected counts of the Dawid-Skene posterior.
    """
    kept = _with_company(judgements)
    people = sorted({person for _, person, _ in kept})
    if len({item for item, _, _ in kept}) < FEW or len(people) < 2:
        return {"undefined": "too_few"}
    if len({value for _, _, value in kept}) < 2:
        return {"undefined": "one_value"}
    import pandas  # slow to import, as is crowdkit
    from crowdkit.aggregation import GLAD, MACE, DawidSkene

    table = pandas.DataFrame(kept, columns=["task", "worker", "label"])
    model = DawidSkene(n_iter=200, tol=1e-6).fit(table)
    found: Any = model.probas_
    posterior = found.reindex(columns=list(values), fill_value=0.0)
    counts = _expected(table, posterior, people, list(values))
    mace = MACE(n_restarts=RESTARTS, n_iter=ITERATIONS, random_state=seed).fit(table)
    weight = dict(zip(pandas.unique(table["worker"]), mace.spamming_[:, 1], strict=True))
    ability: dict[Any, float] = {}
    if len(table) <= GLAD_AT_MOST:
        ability = GLAD(n_iter=30).fit(table).alphas_.to_dict()
    priors = posterior.mean(axis=0)
    number = table["worker"].value_counts()
    return {
        "items": len(posterior),
        "priors": {value: float(priors[value]) for value in values},
        "people": {
            str(who): {
                "weight": float(weight[who]),
                "ability": float(ability[who]) if who in ability else None,
                "judgements": int(number[who]),
                **_described(counts[place], list(values)),
            }
            for place, who in enumerate(people)
        },
    }


def _with_company(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Judgements of items that two people or more have judged, in a fixed order."""
    size: dict[Any, int] = {}
    for item, _, _ in judgements:
        size[item] = size.get(item, 0) + 1
    return sorted((row for row in judgements if size[row[0]] > 1), key=lambda r: (str(r[0]), r[1]))


def _expected(table: Any, posterior: Any, people: list[int], values: list[str]) -> Any:
    """Expected counts (people, V right, V given) under the posterior over right values."""
    person_no = {who: place for place, who in enumerate(people)}
    value_no = {value: place for place, value in enumerate(values)}
    who = table["worker"].map(person_no).to_numpy()
    given = table["label"].map(value_no).to_numpy()
    right = posterior.loc[table["task"]].to_numpy()
    counts = np.zeros((len(people), len(values), len(values)))
    flat = counts.transpose(0, 2, 1).reshape(-1, len(values))  # a row a person and given value
    np.add.at(flat, who * len(values) + given, right)
    counts = flat.reshape(len(people), len(values), len(values)).transpose(0, 2, 1)
    return counts


def _described(counts: Any, values: list[str]) -> dict[str, Any]:
    from scipy.stats import beta  # slow to import

    def ends(hits: float, of: float) -> tuple[float, float]:
        low, high = beta.ppf([0.025, 0.975], hits + 0.5, of - hits + 0.5)
        share = hits / of  # none and all are inside, as usual with Jeffreys' interval
        return min(float(low), share), max(float(high), share)

    size = len(values)
    smooth = (counts + 0.5 / size) / (counts.sum(axis=1, keepdims=True) + 0.5)
    hits, total = float(np.trace(counts)), float(counts.sum())
    low, high = ends(hits, total)
    classes = {}
    for place, value in enumerate(values):
        of = float(counts[place].sum())
        if of >= 0.5:
            share = float(counts[place, place]) / of
            classes[value] = [share, *ends(float(counts[place, place]), of)]
    return {
        "accuracy": hits / total,
        "low": low,
        "high": high,
        "answers": {
            right: {given: float(smooth[i, j]) for j, given in enumerate(values)}
            for i, right in enumerate(values)
        },
        "classes": classes,
    }
