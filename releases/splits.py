"""Plain: dialogues into train, valid and test; whole dialogues only, seeded."""

import hashlib
from collections.abc import Mapping

SPLITS = ("train", "valid", "test")
RATIOS = (0.7, 0.15, 0.15)


class SplitError(ValueError):
    """A split that cannot be made."""


def split(
    sizes: Mapping[str, int],
    fixed: Mapping[str, str],
    seed: int,
    ratios: tuple[float, float, float] = RATIOS,
) -> dict[str, str]:
    """Dialogue -> split, for dialogues with their numbers of utterances.

    Where any dialogue has an official split (`fixed`), the official ones are carried over and the
    others join train, so that published figures stay comparable. Otherwise dialogues are drawn in
    an order that depends on the seed and their name alone, until the splits have their share of
    utterances; three or more dialogues leave no split empty. Raises SplitError for bad ratios or
    an unknown split.
    """
    if abs(sum(ratios) - 1) > 1e-9 or min(ratios) < 0:
        raise SplitError(f"The shares {ratios} must be at least 0 and add up to 1.")
    unknown = set(fixed.values()) - set(SPLITS)
    if unknown:
        raise SplitError(f"Unknown split {min(unknown)!r}; expected {', '.join(SPLITS)}.")
    if any(dialogue in fixed for dialogue in sizes):
        return {dialogue: fixed.get(dialogue, "train") for dialogue in sizes}
    return _drawn(sizes, seed, dict(zip(SPLITS, ratios, strict=True)))


def _drawn(sizes: Mapping[str, int], seed: int, share: Mapping[str, float]) -> dict[str, str]:
    order = sorted(sizes, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    total = sum(sizes.values())
    wanted = [name for name in ("test", "valid") if share[name] > 0]
    drawn = dict.fromkeys(sizes, "train")
    for index, name in enumerate(wanted):
        filled = 0
        reserved = len(wanted) - index  # one dialogue for each split still to come, and for train
        while len(order) > reserved and (not filled or filled < share[name] * total):
            candidate = order[0]
            overshoot = filled + sizes[candidate] - share[name] * total
            if filled and overshoot > share[name] * total - filled:
                break
            filled += sizes[candidate]
            drawn[order.pop(0)] = name
    return drawn
