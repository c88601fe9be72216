"""Events found by filters and words, said in sentences, page by page or as a file.

Whoever shows them says which details are withheld from the reader (`withhold`): such an event has
neither details nor the name of its thing, and is in no result of a search for words, however it
was found, so that searching tells nothing of it either.
"""

import datetime
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.csv_export import csv_lines
from core.data_table import Column, DataTable, TablePage
from core.date_input import DateInput
from core.filter_form import FilterForm
from core.pagination import at_most
from people import event_words
from people.audit_log import Event
from people.models import Person

SIZE = 100  # events of a page
MOST_THINGS = 500  # whose names a search looks up, a noun
SYSTEM = "system"
Withhold = Callable[[Sequence[Event]], dict[int, str]]  # event id -> why its details are withheld


class EventFilter(FilterForm):
    """Which of `events`: every field narrows."""

    aside = ("order",)
    q = forms.CharField(label=_("search"), required=False, max_length=200, strip=True)
    person = forms.ChoiceField(label=_("user"), required=False)
    kind = forms.ChoiceField(label=_("kind of action"), required=False)
    noun = forms.ChoiceField(label=_("thing"), required=False)
    since = forms.DateField(label=_("from date"), required=False)
    until = forms.DateField(label=_("to date"), required=False)
    order = forms.ChoiceField(
        label=_("order"),
        required=False,
        choices=[("", _("newest first")), ("oldest", _("oldest first"))],
    )

    def __init__(self, data, events: QuerySet[Event], withhold: Withhold = lambda events: {}):
        super().__init__(data)
        self.events, self.withhold = events, withhold
        mine = Exists(events.order_by().filter(person=OuterRef("pk")))
        people = Person.objects.filter(mine).order_by("username")
        self._choices("person", [(SYSTEM, _("The system")), *((p.pk, str(p)) for p in people)])
        self._choices("kind", event_words.Kind.choices)
        named = sorted({(noun, str(known.label)) for noun, known in event_words.nouns.items()})
        by_label: dict[str, list[str]] = {}
        for noun, label in named:
            by_label.setdefault(label, []).append(noun)
        nouns = [("|".join(nouns), label) for label, nouns in sorted(by_label.items())]
        self._choices("noun", nouns)
        self.fields["q"].widget.attrs["placeholder"] = _("Search people, things, details")
        for name in ("since", "until"):
            self.fields[name].widget = DateInput()

    def _choices(self, name, found):
        field = cast(forms.ChoiceField, self.fields[name])
        field.choices = [("", _("all")), *found]

    @property
    def words(self) -> str:
        return self.cleaned_data.get("q", "") if self.is_valid() else ""

    @property
    def oldest_first(self) -> bool:
        return self.is_valid() and self.cleaned_data["order"] == "oldest"

    def found(self) -> QuerySet[Event]:
        """The events, oldest or newest first; all of them where the filter cannot be read."""
        rows = self.events.select_related("person")
        order = "pk" if self.oldest_first else "-pk"
        if not self.is_valid():
            return rows.none().order_by(order)
        for name, narrow in (
            ("person", self._by_person),
            ("kind", self._by_kind),
            ("noun", lambda rows, value: rows.filter(noun__in=value.split("|"))),
            ("since", lambda rows, value: rows.filter(at__gte=_midnight(value))),
            ("until", lambda rows, value: rows.filter(at__lt=_midnight(value, 1))),
            ("q", self._by_words),
        ):
            if value := self.cleaned_data[name]:
                rows = narrow(rows, value)
        return rows.order_by(order)

    def _by_person(self, rows, value):
        return rows.filter(person=None if value == SYSTEM else value)

    def _by_kind(self, rows, value):
        mine = Q()
        for each in _actions(rows):
            if event_words.sentence_of(*each).kind == value:
                mine |= Q(verb=each[0], noun=each[1])
        return rows.filter(mine) if mine else rows.none()

    def _by_words(self, rows, words):
        """By the person, the details, the words of the sentence and the name of the thing."""
        written = json.dumps(words)[1:-1] if connection.vendor == "sqlite" else words
        rows = rows.annotate(details=Cast("detail", TextField()))
        mine = Q(person__name__icontains=words) | Q(person__username__icontains=words)
        mine |= Q(details__icontains=written)
        for verb, noun in _actions(self.events):
            said = str(event_words.sentence_of(verb, noun).words)
            if words.lower() in f"{said} {event_words.label_of(noun)} {verb}".lower():
                mine |= Q(verb=verb, noun=noun)
        for noun, pks in event_words.things_called(words).items():
            mine |= Q(noun=noun, noun_id__in=pks)
        return rows.filter(mine)

    def batches(self, rows: QuerySet[Event], size: int) -> Iterator[list[tuple[Event, str]]]:
        """Events with why their details are withheld, "" where they are not, in the order of
        `rows`; found by words, what is withheld is left out.
        """
        edge, by = None, "pk__gt" if rows.query.order_by == ("pk",) else "pk__lt"
        while True:
            events = list((rows if edge is None else rows.filter(**{by: edge}))[:size])
            if events:
                edge = events[-1].pk
                why = self.withhold(events)
                pairs = [(event, why.get(event.pk, "")) for event in events]
                yield [pair for pair in pairs if not (self.words and pair[1])]
            if len(events) < size:
                return


def _actions(events: QuerySet[Event]) -> list[tuple[str, str]]:
    """What was done to what kind of thing, each once."""
    return list(events.order_by().values_list("verb", "noun").distinct())


def _midnight(day: datetime.date, later: int = 0) -> datetime.datetime:
    """The beginning of a day where the reader is."""
    day += datetime.timedelta(days=later)
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


@dataclass(frozen=True)
class Row:
    """An event as the page shows it."""

    event: Event
    sentence: SafeString
    details: list[tuple[str, str]]
    withheld: str = ""
    icon: str = ""

    @property
    def day(self) -> datetime.date:
        return timezone.localtime(self.event.at).date()


EVENTS = DataTable("events", [Column("event", _("event"), fixed=True)], size=SIZE)
MOST_FOUND = 1000  # events found by words that a page counts


@dataclass(frozen=True)
class Found:
    """An event, and why its details are withheld."""

    event: Event
    why: str

    @property
    def pk(self) -> int:
        return self.event.pk


def page_of_events(request, form: EventFilter) -> TablePage:
    """The page of what the filter finds that the address asks for; its rows are Rows."""

    def fetch(edge, forwards, size):
        rows = form.found()
        newest_first = not form.oldest_first
        if not forwards:
            rows = rows.order_by("pk" if newest_first else "-pk")
        if edge:
            back = newest_first == forwards
            rows = rows.filter(**{"pk__lt" if back else "pk__gt": edge})
        return list(itertools.islice(_found(form, rows), size))

    def count():
        if not form.words:
            return at_most(form.found(), 10_000)
        found = sum(1 for _event in itertools.islice(_found(form, form.found()), MOST_FOUND + 1))
        return min(found, MOST_FOUND), found > MOST_FOUND

    page = EVENTS.page(request, [], form, fetch=fetch, count_rows=count)
    page.prepare = lambda found: said([(each.event, each.why) for each in found], page.address)
    return page


def _found(form: EventFilter, rows: QuerySet[Event]) -> Iterator[Found]:
    pairs = itertools.chain.from_iterable(form.batches(rows, SIZE + 1))
    return itertools.starmap(Found, pairs)


def said(
    pairs: Sequence[tuple[Event, str]], address: Callable[..., str] = lambda **asked: ""
) -> list[Row]:
    """Events with why their details are withheld -> rows of the page, whose names of people lead
    to what these did.
    """
    nameless = {event.pk for event, why in pairs if why}
    things = event_words.things_of((event for event, _why in pairs), nameless)
    rows = []
    for event, why in pairs:
        detail = {} if why else event.detail
        who = address(person=event.person_id or SYSTEM)
        sentence = event_words.as_html(event, things[event.pk], detail, who)
        icon = event_words.LOOKS[event_words.sentence_of(event.verb, event.noun).kind].icon
        rows.append(Row(event, sentence, event_words.details_of(detail), why, icon=icon))
    return rows


@dataclass(frozen=True)
class Span:
    """A time that is often asked for."""

    words: Any
    url: str
    chosen: bool


def spans(page: TablePage) -> list[Span]:
    """Today, the last days, any time; as links."""
    today, asked = timezone.localdate(), page.request.GET
    days = [(_("Today"), 0), (_("7 days"), 6), (_("30 days"), 29)]
    firsts = [(words, (today - datetime.timedelta(days=back)).isoformat()) for words, back in days]
    return [
        Span(words, page.address(since=since, until=None), asked.get("since", "") == since)
        for words, since in [*firsts, (_("Any time"), "")]
    ]


COLUMNS = ["time", "user", "username", "action", "noun", "id", "thing", "sentence", "details"]


def plain_rows(pairs: Sequence[tuple[Event, str]]) -> Iterator[dict[str, Any]]:
    """Events, with why their details are withheld, as files and scripts get them."""
    nameless = {event.pk for event, why in pairs if why}
    things = event_words.things_of((event for event, _why in pairs), nameless)
    for event, why in pairs:
        thing, detail = things[event.pk], {} if why else event.detail
        yield {
            "time": timezone.localtime(event.at).isoformat(timespec="seconds"),
            "user": event_words.who_of(event),
            "username": event.person.username if event.person else "",
            "action": event.verb,
            "noun": event.noun,
            "id": event.noun_id,
            "thing": str(thing),
            "sentence": event_words.as_text(event, thing, detail),
            "details": detail,
        } | ({"withheld": why} if why else {})


def export(form: EventFilter, suffix: str, name: str) -> StreamingHttpResponse:
    """What the filter finds as a file, csv or jsonl, sent as it is read."""
    rows = itertools.chain.from_iterable(map(plain_rows, form.batches(form.found(), 500)))
    lines: Iterator[str]
    if suffix == "csv":
        lines = csv_lines([*COLUMNS, "withheld"], map(_cells, rows))
    else:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    kind = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}[suffix]
    response = StreamingHttpResponse(lines, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}.{suffix}"'
    return response


def _cells(row: dict[str, Any]) -> list[Any]:
    details = "; ".join(f"{key}: {value}" for key, value in event_words.details_of(row["details"]))
    return [*(row[column] for column in COLUMNS[:-1]), details, row.get("withheld", "")]
