"""Plain: which utterance of one release is which of another, also where ids were given anew.

Ids say it where the texts agree with them. Elsewhere (CMMA's second version gave the ids of its
first to other lines) it is what was said, by whom and where: whole dialogues of the same texts
first, then dialogues that share rare texts, aligned line by line, so that a dialogue may be cut,
joined, lengthened or corrected; then single lines of the same text and speaker.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from heapq import nlargest
from operator import itemgetter
from typing import Any

from core.normalization import normalized, search_key

HOW = ("auto", "id", "content")
AGREEING = 0.5  # share of ids in both releases with like texts above which ids are believed
ALIKE = 0.3  # likeness of two texts from which on one may be the other, corrected
COMMON = 50  # dialogues; a text that stands in more of them says nothing about which it is
LEAST = 0.25  # share of the rare pairs of characters that corrected dialogues have in common
CANDIDATES = 8  # dialogues that one is compared with line by line
LARGEST = 250_000  # pairs of lines up to which two dialogues are aligned by all of them
Beat = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Row:
    """An utterance of a release; times in seconds, `gold` task -> value."""

    id: str
    dialogue: str
    split: str
    speaker: str | None
    text: str
    times: tuple[float | None, float | None]
    gold: dict[str, str]


@dataclass
class Matching:
    """Place of a row in the later release -> place of its like in the earlier one.

    `by` says for each what it was found by, "id" or "content"; `ambiguous` are those for which
    another row would have done as well. `common` ids are in both releases, `agreeing` of them have
    like texts; `trusted` says whether they were believed.
    """

    pairs: dict[int, int] = field(default_factory=dict)
    by: dict[int, str] = field(default_factory=dict)
    ambiguous: set[int] = field(default_factory=set)
    common: int = 0
    agreeing: int = 0
    trusted: bool = False

    def counts(self) -> dict[str, Any]:
        """The numbers of it, as they stand in the summary of a comparison."""
        found = Counter(self.by.values())
        return {
            "id": found["id"],
            "content": found["content"],
            "ambiguous": len(self.ambiguous),
            "ids": {
                "common": self.common,
                "agreeing": self.agreeing,
                "trusted": self.trusted,
            },
        }


def match(
    before: Sequence[Row],
    after: Sequence[Row],
    how: str = "auto",
    beat: Beat = lambda share: None,
) -> Matching:
    """Match the rows of two releases by "id", by "content", or by what holds ("auto").

    Every row has at most one like. Raises ValueError for another `how`.
    """
    if how not in HOW:
        raise ValueError(f"{how!r} is none of {', '.join(HOW)}")
    matcher = _Matcher(_Side(before), _Side(after))
    if how != "content":
        matcher.by_id(believe=how == "id")
    beat(0.3)
    if how != "id":
        matcher.by_content(beat)
    return matcher.result


@lru_cache(maxsize=10_000)
def _letters(key: str) -> frozenset[str]:
    """The characters of a text and their pairs."""
    return frozenset([*key, *map("".join, zip(key, key[1:]))])


class _Side:
    """The rows of one release with what they are compared by."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.dialogues: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            self.dialogues.setdefault(row.dialogue, []).append(place)
        names = {row.speaker for row in rows}
        self.names = {name: normalized(name or "") for name in names}

    @cached_property
    def keys(self) -> list[str]:
        """The texts as they are compared."""
        return [search_key(row.text) for row in self.rows]

    @cached_property
    def frequencies(self) -> Counter[str]:
        return Counter(self.keys)

    def by_texts(self, done: Container[int]) -> dict[tuple[str, ...], list[str]]:
        """Texts of a dialogue -> the dialogues of these texts, of whose rows none is done."""
        free = (
            name
            for name, places in self.dialogues.items()
            if not any(place in done for place in places)
        )
        return _grouped(free, lambda name: tuple(self.keys[p] for p in self.dialogues[name]))

    def speaker(self, place: int) -> str:
        return self.names[self.rows[place].speaker]

    def evidence(self, place: int) -> list[Hashable]:
        """What a row is known by besides its text, the stronger first."""
        row = self.rows[place]
        gold = tuple(sorted(row.gold.items()))
        return [self.speaker(place), row.times, gold, row.split]


class _Matcher:
    def __init__(self, before: _Side, after: _Side) -> None:
        self.before, self.after, self.result = before, after, Matching()
        self.taken: set[int] = set()
        self.ids: dict[int, int] = {}  # place after -> place before of the same id
        self.doubted: list[tuple[int, int]] = []  # of the same id in dialogues of other texts
        self.same_speakers = bool({*before.names.values()} & {*after.names.values()} - {""})

    # by id

    def by_id(self, believe: bool) -> None:
        """Match rows of the same id: all (`believe`), or where the texts agree with it."""
        self.ids = _same_ids(self.before.rows, self.after.rows)
        self.result.common = len(self.ids)
        likeness = {new: self._likeness(old, new) for new, old in self.ids.items()}
        self.result.agreeing = sum(like >= ALIKE for like in likeness.values())
        if believe:
            self.result.trusted = True
            self._accept((old, new) for new, old in self.ids.items())
            return
        share = self.result.agreeing / max(len(self.ids), 1)
        self.result.trusted = share >= AGREEING
        if not self.result.trusted:
            self.ids = {}
            return
        groups = defaultdict(list)
        for new, old in self.ids.items():
            named = self.before.rows[old].dialogue, self.after.rows[new].dialogue
            groups[named].append((old, new))
        unlike = []
        for named, pairs in groups.items():
            if all(likeness[new] == 1.0 for _old, new in pairs):
                self._accept(pairs)
            elif sum(likeness[new] >= ALIKE for _old, new in pairs) >= AGREEING * len(pairs):
                unlike.append(named)
            else:
                self.doubted += pairs
        for named in unlike:  # a line that was put in may have moved the ids of those behind it
            self._accept(self._aligned(*self._left(*named)))

    # by content

    def by_content(self, beat: Beat) -> None:
        """Match what is left by text, speaker and place."""
        self._whole_dialogues(sure=True)
        beat(0.4)
        self._linked(self._by_shared_texts(), beat, 0.6)
        self._linked(self._by_letters(), beat, 0.8)
        least = min(len(self.before.rows), len(self.after.rows))
        if not self.ids and len(self.taken) >= AGREEING * least:
            self._whole_dialogues(sure=False)  # so nearly all of it is the same corpus
        self._single_rows(certain=bool(self.ids) or len(self.taken) < AGREEING * least)
        self._accept(
            (old, new)
            for old, new in self.doubted
            if self._free(old, new) and self._same_place(old, new)
        )

    def _whole_dialogues(self, sure: bool) -> None:
        """Dialogues of the same texts in the same order: likest in speakers, times, gold, split.

        Those that say little, such as “嗯。好。”, are `sure` only if gold says so as well.
        """
        there = self.before.by_texts(self.taken)
        for texts, named in self.after.by_texts(self.result.pairs.keys()).items():
            others = there.get(texts, [])
            if not others:
                continue
            pairs = _best_pairs(
                [(name, self._evidence(self.before, name)) for name in others],
                [(name, self._evidence(self.after, name)) for name in named],
            )
            unsure = len(others) > 1 or len(named) > 1
            for one, other, alike, only in pairs:
                places = [*zip(self.before.dialogues[one], self.after.dialogues[other])]
                gold = alike >= 3 and not self.ids
                if not sure or gold or self._convincing(places, len(places)):
                    self._accept(places, ambiguous=unsure and not only)

    def _evidence(self, side: _Side, dialogue: str) -> list[Hashable]:
        rows = zip(*(side.evidence(place) for place in side.dialogues[dialogue]))
        return [*rows, dialogue]

    def _by_shared_texts(self) -> Iterable[tuple[str, str]]:
        """Dialogues of both with rare texts, or rare neighbours, in common."""

        def features(side: _Side, places: list[int]) -> set[Hashable]:
            keys = [side.keys[place] for place in places]
            known = [(side.keys[place], *side.evidence(place)[:3]) for place in places]
            return {*keys, *zip(keys, keys[1:]), *known, *zip(known, known[1:])}

        return self._candidates(features)

    def _by_letters(self) -> Iterable[tuple[str, str]]:
        """Dialogues of both with rare pairs of characters in common."""

        def features(side: _Side, places: list[int]) -> set[Hashable]:
            found = (_letters(side.keys[place]) for place in places)
            return {pair for letters in found for pair in letters if len(pair) > 1}

        return self._candidates(features, LEAST)

    def _candidates(
        self, features: Callable[[_Side, list[int]], set[Hashable]], least: float = 0.0
    ) -> list[tuple[str, str]]:
        """For each dialogue some of the other release with rare features in common, and at least
        a share of all rare ones of the one with fewer.
        """
        index: dict[Hashable, list[str]] = defaultdict(list)
        sizes: dict[str, int] = {}
        for name, places in self.before.dialogues.items():
            if left := [place for place in places if place not in self.taken]:
                found = features(self.before, left)
                sizes[name] = len(found)
                for feature in found:
                    if len(index[feature]) <= COMMON:
                        index[feature].append(name)
        candidates = []
        for name, places in self.after.dialogues.items():
            left = [place for place in places if place not in self.result.pairs]
            shared = [index.get(feature, []) for feature in features(self.after, left)]
            rare = [others for others in shared if len(others) <= COMMON]
            counts = Counter(other for others in rare for other in others)
            scores: dict[str, float] = defaultdict(float)
            for others in rare:
                for other in others:
                    if counts[other] >= least * min(len(rare), sizes[other]):
                        scores[other] += 1 / len(others)
            best = nlargest(CANDIDATES, scores.items(), key=itemgetter(1))
            candidates += [(other, name) for other, _score in best]
        return candidates

    def _linked(self, candidates: Iterable[tuple[str, str]], beat: Beat, share: float) -> None:
        """Align dialogues that seem to be the same, wholly or in part, and take what convinces,
        the best alignments first.
        """
        scores = {(one, other): self._alignment(one, other) for one, other in candidates}
        for one, other in sorted(scores, key=lambda named: -scores[named]):
            old, new = self._left(one, other)
            if old and new:
                pairs = self._aligned(old, new)
                whole = len(pairs) == len(self.before.dialogues[one])
                whole = whole and len(pairs) == len(self.after.dialogues[other])
                whole = whole and not self.ids
                if whole or self._convincing(pairs, min(len(old), len(new))):
                    self._accept(pairs)
                    self._doubt(old, new, pairs)
                    self._accept(self._out_of_order(*self._left(one, other)))
        beat(share)

    def _alignment(self, one: str, other: str) -> float:
        """The score of what is left of two dialogues, aligned."""
        return sum(self._score(*pair) for pair in self._aligned(*self._left(one, other)))

    def _doubt(self, old: list[int], new: list[int], pairs: list[tuple[int, int]]) -> None:
        """Say of which pairs a line of the same text was left over on one of the two sides."""
        were = Counter(self.before.keys[place] for place in old)
        are = Counter(self.after.keys[place] for place in new)
        for one, other in pairs:
            key = self.after.keys[other]
            if self.before.keys[one] == key and were[key] != are[key]:
                self.result.ambiguous.add(other)

    def _convincing(self, pairs: list[tuple[int, int]], most: int) -> bool:
        weight = sum(
            self._likeness(old, new) * self._information(new) for old, new in pairs
        )  # one long text that stands nowhere else, or several that do here and there
        return weight >= 0.8 or (weight >= 0.3 and len(pairs) >= max(2, most / 2))

    def _information(self, place: int) -> float:
        key = self.after.keys[place]
        times = max(self.before.frequencies[key], self.after.frequencies[key])
        return min(1.0, len(key) / 5) / times

    def _out_of_order(self, old: list[int], new: list[int]) -> list[tuple[int, int]]:
        """Lines of two dialogues with the same text and speaker at another place."""
        there = _grouped(old, lambda place: (self.before.keys[place], self.before.speaker(place)))
        pairs = []
        for place in new:
            key = self.after.keys[place], self.after.speaker(place)
            if there.get(key):
                pairs.append((there[key].pop(0), place))
        return pairs

    def _single_rows(self, certain: bool) -> None:
        """Lines that are left, of the same text and speaker, in their order.

        `certain` leaves those out that say little or stand in several places: where ids hold, a
        line whose id is gone is gone; where little else is the same, “嗯。” is just said by many.
        """
        there = self._by_text_and_speaker(self.before, self.taken)
        here = self._by_text_and_speaker(self.after, self.result.pairs.keys())
        for key, places in here.items():
            others = there.get(key, [])
            if not others or not key[0]:
                continue
            unsure = len(others) > 1 or len(places) > 1 or len(key[0]) < 4
            if certain and unsure:
                continue
            pairs = _best_pairs(
                [(place, self.before.evidence(place)) for place in others],
                [(place, self.after.evidence(place)) for place in places],
            )
            for one, other, _alike, only in pairs:
                self._accept([(one, other)], ambiguous=unsure and not only)

    # two dialogues, line by line

    def _aligned(self, old: list[int], new: list[int]) -> list[tuple[int, int]]:
        """Pairs of lines in order, of the greatest score together."""
        pairs: list[tuple[int, int]] = []
        while old and new and self._identical(old[0], new[0]):
            pairs.append((old[0], new[0]))
            old, new = old[1:], new[1:]
        tail = []
        while old and new and self._identical(old[-1], new[-1]):
            tail.append((old[-1], new[-1]))
            old, new = old[:-1], new[:-1]
        if len(old) * len(new) <= LARGEST:
            pairs += self._by_score(old, new)
        else:
            pairs += self._by_blocks(old, new)
        return pairs + tail[::-1]

    def _by_blocks(self, old: list[int], new: list[int]) -> list[tuple[int, int]]:
        """The same for very long dialogues: first what stands there word by word, then between."""
        keys = [self.before.keys[p] for p in old], [self.after.keys[p] for p in new]
        pairs: list[tuple[int, int]] = []
        a = b = 0
        for block in SequenceMatcher(None, *keys).get_matching_blocks():
            if (block.a - a) * (block.b - b) <= LARGEST:
                pairs += self._by_score(old[a : block.a], new[b : block.b])
            a, b = block.a + block.size, block.b + block.size
            pairs += zip(old[block.a : a], new[block.b : b])
        return pairs

    def _by_score(self, old: list[int], new: list[int]) -> list[tuple[int, int]]:
        """Needleman and Wunsch (1970) without a cost for gaps."""
        best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
        for a in range(len(old) - 1, -1, -1):
            for b in range(len(new) - 1, -1, -1):
                here = self._score(old[a], new[b])
                together = here + best[a + 1][b + 1] if here else 0.0
                best[a][b] = max(best[a + 1][b], best[a][b + 1], together)
        pairs: list[tuple[int, int]] = []
        a = b = 0
        while a < len(old) and b < len(new):
            here = self._score(old[a], new[b])
            if here and best[a][b] == here + best[a + 1][b + 1]:
                pairs.append((old[a], new[b]))
                a, b = a + 1, b + 1
            elif best[a][b] == best[a + 1][b]:
                a += 1
            else:
                b += 1
        return pairs

    def _score(self, old: int, new: int) -> float:
        """How well one line goes with another, 0 if it cannot be it."""
        one, other = self.before.rows[old], self.after.rows[new]
        speaker = self.before.speaker(old) == self.after.speaker(new)
        times = None not in one.times and one.times == other.times
        same_id = self.ids.get(new) == old
        likeness = self._likeness(old, new)
        if likeness < ALIKE:
            short = len(self.before.keys[old]) <= 2 >= len(self.after.keys[new])
            if not (same_id or (speaker and (times or short))):
                return 0.0
            likeness = 0.0
        score = 2.0 * likeness + 0.4 * speaker + 0.3 * times + 0.3 * same_id
        return score + 0.02 * (one.gold == other.gold) + 0.01

    def _likeness(self, old: int, new: int) -> float:
        """1 for texts that are compared as the same, else what share of their characters and
        pairs of characters they have in common (Dice), below 1.
        """
        if self.before.keys[old] == self.after.keys[new]:
            return 1.0
        one, other = _letters(self.before.keys[old]), _letters(self.after.keys[new])
        return 1.8 * len(one & other) / max(len(one) + len(other), 1)

    def _identical(self, old: int, new: int) -> bool:
        one, other = self.before.rows[old], self.after.rows[new]
        return (
            self.before.keys[old] == self.after.keys[new]
            and self.before.speaker(old) == self.after.speaker(new)
            and one.times == other.times
            and one.gold == other.gold
        )

    def _same_place(self, old: int, new: int) -> bool:
        one, other = self.before.rows[old], self.after.rows[new]
        same = None not in one.times and one.times == other.times
        return same and self.before.speaker(old) == self.after.speaker(new)

    def _by_text_and_speaker(
        self, side: _Side, done: Container[int]
    ) -> dict[tuple[str, str], list[int]]:
        """Places that are not done, by what is said there by whom; by nobody where the releases
        have no speaker in common, as where names became pseudonyms.
        """
        places = (place for place in range(len(side.rows)) if place not in done)
        return _grouped(
            places,
            lambda place: (side.keys[place], side.speaker(place) if self.same_speakers else ""),
        )

    def _left(self, one: str, other: str) -> tuple[list[int], list[int]]:
        old = [place for place in self.before.dialogues[one] if place not in self.taken]
        new = [p for p in self.after.dialogues[other] if p not in self.result.pairs]
        return old, new

    def _free(self, old: int, new: int) -> bool:
        return old not in self.taken and new not in self.result.pairs

    def _accept(self, pairs: Iterable[tuple[int, int]], ambiguous: bool = False) -> None:
        for old, new in pairs:
            self.taken.add(old)
            self.result.pairs[new] = old
            self.result.by[new] = "id" if self.ids.get(new) == old else "content"
            if ambiguous:
                self.result.ambiguous.add(new)


def _same_ids(before: Sequence[Row], after: Sequence[Row]) -> dict[int, int]:
    """Place after -> place before of the same dialogue and id, else of an id that is there once."""
    exact = {(row.dialogue, row.id): place for place, row in enumerate(before)}
    pairs = {}
    for place, row in enumerate(after):
        if (row.dialogue, row.id) in exact:
            pairs[place] = exact[row.dialogue, row.id]
    taken = {*pairs.values()}
    left = [p for p in range(len(before)) if p not in taken]
    once = _once(before, left)
    for uid, place in _once(after, [p for p in range(len(after)) if p not in pairs]).items():
        if uid in once:
            pairs[place] = once[uid]
    return pairs


def _once(rows: Sequence[Row], places: list[int]) -> dict[str, int]:
    counts = Counter(rows[place].id for place in places)
    return {rows[place].id: place for place in places if counts[rows[place].id] == 1}


def _grouped(things: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups


def _best_pairs(
    old: list[tuple[Any, list[Hashable]]], new: list[tuple[Any, list[Hashable]]]
) -> list[tuple[Any, Any, int, bool]]:
    """Pairs of `old` and `new`, those first that have the most in common of their evidence.

    With each pair: how many pieces of evidence, from the first on, are alike; and whether the
    first two, speakers and times, are those of no other. Where nothing tells them apart they come
    in their order. It takes a pass for every piece.
    """
    sure = [
        {key for key, group in _grouped(side, _first(2)).items() if len(group) == 1}
        for side in (old, new)
    ]
    pairs: list[tuple[Any, Any, int, bool]] = []
    for pieces in range(len(old[0][1]), -1, -1):
        there = {key: group[::-1] for key, group in _grouped(old, _first(pieces)).items()}
        left = []
        for each in new:
            if there.get(_first(pieces)(each)):
                other = there[_first(pieces)(each)].pop()
                key = _first(2)(each)
                pairs.append((other[0], each[0], pieces, pieces > 1 and key in sure[0] & sure[1]))
            else:
                left.append(each)
        old, new = [one for group in there.values() for one in group[::-1]], left
        if not new or not old:
            break
    return pairs


def _first(pieces: int) -> Callable[[tuple[Any, list[Hashable]]], Hashable]:
    return lambda each: tuple(each[1][:pieces])
