"""The gold layer: what counts for each question, from judgements and adjudications together.

`gold_of` reads what is kept of each item, which may lag behind submissions and a new rule;
`GoldResolver` makes it of the answers themselves, by the rules and rulings of this moment, so that
gold, votes and answers cannot differ.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from orjson import loads

from annotation.agreement.item_counts import catch_up_all
from annotation.consensus import Majority, settle
from annotation.models import Adjudication, Item
from annotation.models.items import PlainItem, as_text
from annotation.quality.annotator_models import rules_of
from corpus.models import Utterance

MOST_KNOWN = 50_000  # combinations of answers whose outcome is remembered
Answers = Mapping[int, Mapping[int, str]]  # round id -> person id -> value; some in each round


class Gold(NamedTuple):
    """What counts for one task of one utterance, and how it came to be.

    `value` is None where there is none; `soft` is the distribution over values.
    """

    value: str | None
    provenance: str  # adjudicated, ambiguous, or how the judgements were settled
    votes: dict[str, int]
    soft: dict[str, float]
    disagreement: float


def gold_of(rounds, dialogues=None):
    """The gold layer of one or more rounds: (utterance id, task) -> Gold.

    Everything handed in is counted first. Judgements of different rounds on one item are settled
    together, by majority; of the same person the later round's counts, and of rulings the newest.
    """
    rounds = list(rounds)
    catch_up_all(rounds)
    if dialogues is None:
        return gold_as_counted(rounds)
    spoken = Utterance.all_objects.filter(dialogue__in=dialogues)
    return gold_as_counted(rounds, list(spoken.values_list("pk", flat=True)))


def gold_as_counted(rounds, utterances=None):
    """`gold_of` what is counted already, of all utterances or of those with these ids."""
    rows = Item.objects.filter(round__in=rounds).order_by()
    if utterances is not None:
        rows = rows.filter(utterance__in=utterances)
    found = defaultdict(list)
    fields = rows.annotate(said=as_text("answers"), spread=as_text("soft")).values_list(
        "round_id", "pk", "utterance_id", "task", "said", "kind", "value", "spread", "verdict",
        "ruling", "disagreement",
    )  # fmt: skip
    for row in sorted(fields.iterator(chunk_size=5000)):
        utterance, task, said, kind, value, spread, verdict, ruling, differing = row[2:]
        item = PlainItem(
            utterance, task, loads(said), kind, value, loads(spread), verdict, ruling, differing
        )
        found[utterance, task].append(item)
    return {key: gold_of_items(items) for key, items in found.items()}


def _votes(values):
    """Value -> how many gave it, in order of the values."""
    if values.count(values[0]) == len(values):
        return {values[0]: len(values)}
    return dict(sorted(Counter(values).items()))


def gold_of_items(items):
    """What the items of one question come to together, those of later rounds last."""
    if len(items) == 1:
        (item,) = items
        votes = _votes(list(item.answers.values()))
        return Gold(item.gold, item.provenance, votes, item.soft, item.disagreement)
    hard = max(item.disagreement for item in items)
    verdict = next((item for item in reversed(items) if item.verdict), items[-1])
    given = {who: value for item in items for who, value in item.answers.items()}
    votes = _votes(list(given.values()))
    together = settle(list(given.values()))
    if verdict.verdict in ("value", "ambiguous"):
        return Gold(verdict.gold, verdict.provenance, votes, together.soft, hard)
    return Gold(together.value, together.kind, votes, together.soft, hard)


class GoldResolver:
    """What answers to questions come to in some rounds, whose `rules` are read once.

    `undecided` counts, by task, what is contested in a round and ruled by nobody.
    """

    def __init__(self, rounds):
        self.rounds = [round.pk for round in rounds]
        self.rules = {round.pk: rules_of(round) for round in rounds}
        self.undecided: Counter[str] = Counter()
        self._known: dict[tuple, tuple[Gold, int]] = {}

    def rulings(self, dialogues):
        """(utterance id, task) -> round id -> the Adjudication that is the newest, of dialogues."""
        found: dict[tuple[int, str], dict[int, Adjudication]] = defaultdict(dict)
        rows = Adjudication.objects.filter(round__in=self.rounds, utterance__dialogue__in=dialogues)
        for row in rows.order_by("pk"):
            found[row.utterance_id, row.task][row.round_id] = row
        return found

    def by_votes(self, task: str) -> bool:
        """Whether it does not matter whose the answers to a task are: by majority, unless the same
        people may have answered in another round.
        """
        return len(self.rounds) == 1 and isinstance(self.rules[self.rounds[0]][task], Majority)

    def gold(
        self, task: str, answers: Answers, rulings: Mapping[int, Adjudication], times: int = 1
    ) -> Gold:
        """What the answers to one question come to, or to so many that were answered alike."""
        if rulings:
            found, undecided = self._settle(task, answers, rulings)
        else:
            key = (task, *(self._key(task, *given) for given in answers.items()))
            if key not in self._known:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[key] = self._settle(task, answers, {})
            found, undecided = self._known[key]
        if undecided:
            self.undecided[task] += undecided * times
        return found

    def _key(self, task, round, given):
        """Equal for answers that are settled alike."""
        return (round, *sorted(given.values() if self.by_votes(task) else given.items()))

    def _settle(self, task, answers, rulings):
        items = [
            self._item(task, round, answers[round], rulings.get(round)) for round in sorted(answers)
        ]
        undecided = sum(not (item.value or item.verdict) for item in items)
        return gold_of_items(items), undecided

    def _item(self, task, round, given, ruling):
        found = self.rules[round][task].settle(given)
        item = PlainItem(0, task, given, found.kind, found.value or "", found.soft, "", "", 0.0)
        if ruling is not None and not ruling.outlived_by(item):
            item.verdict, item.ruling = ruling.verdict, ruling.value
        return item
