"""The gold layer of answers at hand, by the rules and rulings of this moment.

`gold_of` reads what is kept of each item, which may lag behind hand-ins and a new rule; here it is
made from the answers themselves, so that gold, votes and answers cannot tell different things.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

from annotation.consensus import Majority
from annotation.models import Adjudication
from annotation.models.gold import Gold, gold_of_items
from annotation.models.items import Settled

MOST_KNOWN = 50_000  # combinations of answers whose outcome is remembered
Answers = Mapping[int, Mapping[int, str]]  # round id -> person id -> value; some in each round


class Settling:
    """What answers to questions come to in some rounds, whose `rules` are read once.

    `undecided` counts, by task, what is contested in a round and ruled by nobody.
    """

    def __init__(self, rounds):
        self.rounds = [round.pk for round in rounds]
        self.rules = {round.pk: round.rules() for round in rounds}
        self.undecided = Counter()
        self._known = {}

    def rulings(self, utterances):
        """(utterance id, task) -> round id -> the Adjudication that is the newest."""
        found = defaultdict(dict)
        rows = Adjudication.objects.filter(round__in=self.rounds, utterance__in=utterances)
        for row in rows.order_by("pk"):
            found[row.utterance_id, row.task][row.round_id] = row
        return found

    def gold(self, task: str, answers: Answers, rulings: Mapping[int, Adjudication]) -> Gold:
        """What the answers to one question come to."""
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
            self.undecided[task] += undecided
        return found

    def _key(self, task, round, given):
        """Equal for answers that are settled alike: by majority it does not matter whose they are,
        unless the same people may have answered in another round.
        """
        alone = len(self.rounds) == 1 and isinstance(self.rules[round][task], Majority)
        return (round, *sorted(given.values() if alone else given.items()))

    def _settle(self, task, answers, rulings):
        items = [
            self._item(task, round, answers[round], rulings.get(round)) for round in sorted(answers)
        ]
        undecided = sum(not (item.value or item.verdict) for item in items)
        return gold_of_items(items), undecided

    def _item(self, task, round, given, ruling):
        found = self.rules[round][task].settle(given)
        item = Settled(0, task, given, found.kind, found.value or "", found.soft, "", "", 0.0)
        if ruling is not None and not ruling.outlived_by(item):
            item.verdict, item.ruling = ruling.verdict, ruling.value
        return item
