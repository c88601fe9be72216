"""The contested items of a round in the order in which somebody decides them, narrowed by task,
annotator and disagreement; how many are left, and how long that takes at the person's pace.
"""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from urllib.parse import urlencode

from django.db.models import Count, Q

from annotation.annotator_names import Names
from annotation.models import Adjudication, Item, Round

LEVELS = (0.25, 0.5, 0.75)  # of disagreement, to narrow by
ORDERS = {  # by what items are put in order, the least one last so that it is total
    "hardest": ("-disagreement", "utterance_id", "task"),
    "dialogue": ("utterance__dialogue__source_id", "utterance__dialogue__number",
                 "utterance__number", "task"),
}  # fmt: skip
LONGEST_GAP = 300  # seconds between two decisions; what takes longer was a break
PACE_OF = 30  # decisions


@dataclass(frozen=True)
class Queue:
    """What an address asks for."""

    round: Round
    names: Names
    task: str = ""
    person: str = ""  # as `names` calls them in addresses
    level: str = ""
    order: str = "hardest"

    @classmethod
    def of(cls, round, names, asked):
        """The queue of what `asked` says (the query of an address, or fields of a form)."""
        task, order = asked.get("task", ""), asked.get("order", "")
        person, level = asked.get("person", ""), asked.get("level", "")
        return cls(
            round,
            names,
            task if task in round.scheme.keys else "",
            person if names.find(person) else "",
            level if level in map(str, LEVELS) else "",
            order if order in ORDERS else "hardest",
        )

    @property
    def query(self):
        """The filters as the query of an address."""
        said = {"task": self.task, "person": self.person, "level": self.level}
        if self.order != "hardest":
            said["order"] = self.order
        return urlencode({name: value for name, value in said.items() if value})

    def at(self, **more):
        """The query of the address of an item, with the filters."""
        return "?" + "&".join(filter(None, [self.query, urlencode(more)]))

    def _narrowed(self, **state):
        """Items in a state that the filters leave."""
        rows = self.round.items.filter(**state)
        if self.task:
            rows = rows.filter(task=self.task)
        if self.level:
            rows = rows.filter(disagreement__gte=float(self.level))
        if self.person:
            rows = rows.filter(**{f"answers__p{self.names.find(self.person)}__isnull": False})
        return rows

    def waiting(self):
        return self._narrowed(open=True).order_by(*ORDERS[self.order])

    def counts(self):
        """How many are left, of how many that are or were contested."""
        left = self.waiting().count()
        return left, left + self._narrowed(kind=Item.Kind.CONTESTED, open=False).count()

    def after(self, item):
        """The first one that waits after `item`, from the front again at the end; None if none
        does. `item` may be decided already.
        """
        if item is None:
            return self.waiting().first()
        rows = self.waiting().exclude(pk=item.pk)
        later = rows.filter(self._from(item, "lte", "gte")).filter(self._beyond(item))
        return later.first() or rows.first()

    def before(self, item):
        """The one that waits before `item`, None for the first."""
        names = [self._other(name) for name in ORDERS[self.order]]
        rows = self.waiting().exclude(pk=item.pk).exclude(self._beyond(item))
        return rows.filter(self._from(item, "gte", "lte")).order_by(*names).first()

    @staticmethod
    def _other(name):
        return name.removeprefix("-") if name.startswith("-") else f"-{name}"

    def _from(self, item, falling, rising):
        """Which rows an index has to be read from, by the first column of the order alone."""
        name = ORDERS[self.order][0]
        column = name.removeprefix("-")
        lookup = falling if name.startswith("-") else rising
        return Q(**{f"{column}__{lookup}": self._value(item, column)})

    @staticmethod
    def _value(item, column):
        for part in column.split("__"):
            item = getattr(item, part)
        return item

    def _beyond(self, item):
        """That a row stands after `item` in the order."""
        found, equal = Q(), Q()
        for name in ORDERS[self.order]:
            column = name.removeprefix("-")
            value = self._value(item, column)
            found |= equal & Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
            equal &= Q(**{column: value})
        return found

    def tasks(self):
        """Each task with the number of items that wait, whatever the filter of tasks."""
        rows = self.round.items.filter(open=True).order_by().values_list("task")
        waiting = dict(rows.annotate(Count("pk")))
        return [(task, waiting.get(task.key, 0)) for task in self.round.scheme.tasks]


def seconds_each(person, round):
    """How long the person takes for one decision, by their last ones; None without some."""
    rows = Adjudication.objects.filter(round=round, person=person).order_by("-pk")
    times = list(rows.values_list("at", flat=True)[:PACE_OF])
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(times)]
    gaps = [gap for gap in gaps if 0 < gap <= LONGEST_GAP]
    return median(gaps) if len(gaps) >= 3 else None
