"""Plain: the time of one entry shared among what several people say in it."""

from collections.abc import Sequence


def shares(span: tuple[float, float], texts: Sequence[str]) -> list[tuple[float, float]]:
    """Consecutive spans (seconds) that part `span` by the length of the texts, to the millisecond.

    A text without a letter counts as one of one letter.
    """
    start, end = span
    if len(texts) == 1:
        return [span]
    weights = [max(sum(map(str.isalnum, text)), 1) for text in texts]
    whole, ends, done = sum(weights), [], 0
    for weight in weights[:-1]:
        done += weight
        ends.append(start + (end - start) * done / whole)
    exact = [start, *ends, end]
    rounded = [start, *(round(time, 3) for time in ends), end]
    marks = rounded if all(a < b for a, b in zip(rounded, rounded[1:], strict=False)) else exact
    return list(zip(marks, marks[1:], strict=False))
