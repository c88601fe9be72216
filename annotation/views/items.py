"""The items behind every number, and deciding the contested ones."""

from datetime import UTC
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import CharField, Count, F, FloatField, Max, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.http import Http404
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from annotation.agreement import item_counts
from annotation.agreement.breakdown import LENGTHS as EDGES
from annotation.annotator_names import names_for
from annotation.models import Assignment, Item, Judgement, Report, Submission
from annotation.rounds import choose_consensus
from annotation.templatetags.scheme import named
from annotation.views import agreement_charts
from annotation.views.access import results_of
from annotation.views.agreement import LENGTHS, bring_up
from core.data_table import Column, DataTable
from core.filter_form import Chip, FilterForm
from core.normalization import search_key
from core.pagination import counts_at_once
from core.parameters import number
from core.templatetags.moments import exact_time
from corpus.models import Source, Speaker
from corpus.page_context import context, export_of
from corpus.permissions import LEAD

BINS = 10  # of disagreements above 0, of equal width; items without any are a bin of their own
KINDS = {
    "open": _("contested, not adjudicated"),
    "contested": _("contested"),
    "differ": _("disagreement"),
    "majority": _("majority"),
    "weighted": _("weighted majority"),
    "dawid_skene": _("most probable (Dawid-Skene)"),
    "unanimous": _("unanimous"),
    "single": _("single annotation"),
    "adjudicated": _("adjudicated"),
    "ambiguous": _("ambiguous"),
    "again": _("another annotation requested"),
}


ITEMS = DataTable(
    "items",
    [
        Column("utterance", _("utterance"), sort="utterance__dialogue__uid", fixed=True,
               value=lambda row: row["utterance"].uid),
        Column("text", _("text"), hidden=True, value=lambda row: row["utterance"].text),
        Column("speaker", _("speaker"), sort="utterance__speaker__name", hidden=True,
               value=lambda row: row["utterance"].speaker),
        Column("source", _("source"), hidden=True,
               value=lambda row: row["utterance"].dialogue.source),
        Column("answers", _("answers"),
               value=lambda row: [f"{name}: {named(value)}" for name, value in row["answers"]]),
        Column("disagreement", _("disagreement"), sort="disagreement", numeric=True, falling=True,
               value=lambda row: row["item"].disagreement),
        Column("gold", _("gold label"),
               value=lambda row: named(row["gold"]) if row["gold"] else None),
        Column("how", _("how"), sort="kind", value=lambda row: row["how"]),
        Column("clip", _("clip"), exported=False),
    ],
    sort="-disagreement",
    size=25,
    unique="utterance_id",
)  # fmt: skip


class ItemFilter(FilterForm):
    """Which items of a task."""

    q = forms.CharField(label=_("text"), required=False, max_length=200, strip=True)
    kind = forms.ChoiceField(
        label=_("items"), required=False, choices=[("", _("all")), *KINDS.items()]
    )

    def by_q(self, rows, value):
        return rows.filter(utterance__search__contains=search_key(value))

    def by_kind(self, rows, value):
        return of_kind(rows, value)


def items(request, pk):
    """Items of one task, those people differ on most first, narrowed by what the address says."""
    found = results_of(request, pk)
    bring_up(found)
    scheme = found.scheme
    key = request.GET.get("task") or scheme.keys[0]
    if key not in scheme.keys:
        raise Http404
    task, form = scheme[key], ItemFilter(request.GET)
    names = names_for(found, found.corpus.my_role)
    rows, filters = _narrowed(request, found, task, found.items.filter(task=key), names)
    rows = form.filtered(rows)
    chart = _disagreement_chart(request, rows)
    place = number(request.GET.get("disagreement"), BINS + 1)
    if place <= BINS:
        rows = rows.filter(_in_bin(place))
        filters.append((_("disagreement"), _bin_name(place), ("disagreement",)))
    rows = rows.select_related("utterance__dialogue__source", "utterance__speaker")
    table = ITEMS.page(
        request, rows, form, prepare=lambda page: filled(found, page, names), aside=["task"],
        export=export_of(request, found.corpus), file=f"items-{found.pk}-{key}",
    )  # fmt: skip
    table.chips = [
        *table.chips,
        *(
            Chip(str(label), str(value), table.address(**dict.fromkeys(parameters)))
            for label, value, parameters in filters
        ),
    ]
    shown = context(
        found.corpus,
        "rounds",
        round=found,
        task=task,
        chart=chart,
        tasks=[(each, table.address(task=each.key)) for each in scheme.tasks]
        if not filters
        else [],
    )
    return table.render("annotation/items.html", shown)


ANSWER = _("at least one answer")


def _in_bin(place):
    """Items that two people or more answered, whose disagreement is in a bin: above its lower end,
    up to its upper one; 0 are those without disagreement.
    """
    if not place:
        return Q(size__gt=1, disagreement=0)
    low = Q(disagreement__gt=(place - 1) / BINS)
    return Q(size__gt=1) & low & Q(disagreement__lte=place / BINS)


def _bin_name(place):
    return f"{(place - 1) / BINS:.1f}–{place / BINS:.1f}" if place else "0"


def _disagreement_chart(request, rows):
    """How far people differ on the items that the other filters leave."""
    rows = rows.order_by()
    counts = counts_at_once({n: rows.filter(_in_bin(n)) for n in range(BINS + 1)})
    others = request.GET.copy()
    for name in ("disagreement", "cursor", "format", "keep"):
        others.pop(name, None)
    return agreement_charts.disagreement(
        f"?{others.urlencode()}", [(_bin_name(n), str(n), count) for n, count in counts.items()]
    )


def of_kind(rows, kind):
    if kind == "open":
        return rows.filter(open=True)
    if kind == "differ":
        return rows.filter(disagreement__gt=0)
    if kind == "adjudicated":
        return rows.filter(verdict="value")
    if kind in ("ambiguous", "again"):
        return rows.filter(verdict=kind)
    return rows.filter(kind=kind) if kind in Item.Kind.values else rows


def _narrowed(request, round, task, rows, names):
    """The rows that the filters of an address leave, and of each its name, its value in words and
    its parameters.
    """
    asked = request.GET
    filters: list[tuple[Any, Any, tuple[str, ...]]] = []
    values = {value.key: value for value in task.values}
    a, b = names.find(asked.get("a")), names.find(asked.get("b"))
    lead = round.corpus.my_role == LEAD  # findings name people
    if a and b:
        first, second = (Cast(KT(f"answers__p{who}"), CharField()) for who in (a, b))
        rows = rows.annotate(first=first, second=second)
        rows = rows.filter(first__isnull=False, second__isnull=False)
        va, vb = values.get(asked.get("va", "")), values.get(asked.get("vb", ""))
        if va and vb:
            rows = rows.filter(first=va.key, second=vb.key)
        if asked.get("apart"):
            rows = rows.exclude(first=F("second"))
        pair = [
            f"{names[who]}: {named(value)}" if va and vb else names[who]
            for who, value in ((a, va), (b, vb))
        ]
        filters.append((_("annotators"), " – ".join(pair), ("a", "b", "va", "vb", "apart")))
    if (value := values.get(asked.get("value", ""))) is not None:
        rows = rows.filter(_said(round, task, value))
        filters.append((ANSWER, named(value), ("value",)))
        if (other := values.get(asked.get("other", ""))) is not None:
            rows = rows.filter(Q(size__gt=1) if other is value else _said(round, task, other))
            filters.append((ANSWER, named(other), ("other",)))
    rows, more = _of_group(asked, round, rows)
    filters += more
    asked_flag = number(asked.get("flag") or asked.get("oddity"))  # as addresses had it before
    if lead and (flag := round.quality_flags.filter(pk=asked_flag).first()):
        rows = rows.filter(utterance__in=flag.rows)
        words = f"{flag.get_kind_display()} · {flag.person}"
        filters.append((_("quality flag"), words, ("flag", "oddity")))
    if asked.get("parents") == "agree":
        filters.append((_("agreement on the parent tasks"), "", ("parents",)))
        rows = rows.filter(utterance__in=_parents_agree(round, task))
    if task.is_correlation:
        rows, more = _by_parents(asked, round, task, rows)
        filters += more
    return rows, filters


def _by_parents(asked, round, task, rows):
    """Of a correlation the items whose author gave both parents these values."""
    source, target = (round.scheme[parent] for parent in task.parents)
    chosen = [
        (parent, value)
        for parent, name in ((source, "source_value"), (target, "target_value"))
        for value in parent.values
        if value.key == asked.get(name)
    ]
    if not chosen:
        return rows, []
    given = Assignment.objects.filter(round=round, gold=False, state="submitted")
    answers = Judgement.objects.filter(assignment__in=given).answering(
        {task.key: task.keys} | {parent.key: [value.key] for parent, value in chosen}
    )
    names = {source.key: "source_value", target.key: "target_value"}
    words = [(named(parent), named(value), (names[parent.key],)) for parent, value in chosen]
    return rows.filter(utterance__in=answers), words


def _said(round, task, value):
    """That somebody answers `value`."""
    found = Q(pk__in=[])
    for who in item_counts.totals(round).given(task):
        found |= Q(**{f"answers__p{who}": value.key})
    return found


def _parents_agree(round, task):
    """Utterances on whose parent tasks nobody differs."""
    alike = Item.objects.filter(round=round, task__in=task.parents, disagreement=0, size__gt=1)
    both = alike.order_by().values("utterance").annotate(n=Count("pk"))
    return both.filter(n=len(task.parents)).values("utterance")


def _of_group(asked, round, rows):
    filters: list[tuple[Any, Any, tuple[str, ...]]] = []
    if source := number(asked.get("source")):
        rows = rows.filter(utterance__dialogue__source=source)
        chosen = Source.objects.filter(pk=source, corpus=round.corpus).first()
        filters.append((_("source"), chosen or "–", ("source",)))
    if speaker := number(asked.get("speaker")):
        rows = rows.filter(utterance__speaker=speaker)
        speaking = Speaker.objects.filter(pk=speaker, corpus=round.corpus).first()
        filters.append((_("speaker"), speaking or "–", ("speaker",)))
    place = number(asked.get("length"), len(LENGTHS))
    if place < len(LENGTHS):
        seconds = Cast(F("utterance__end") - F("utterance__start"), FloatField())
        rows = rows.annotate(seconds=seconds).filter(seconds__gt=0)
        if place:
            rows = rows.filter(seconds__gte=EDGES[place - 1])
        if place < len(EDGES):
            rows = rows.filter(seconds__lt=EDGES[place])
        filters.append((_("utterance length"), LENGTHS[place], ("length",)))
    span = [_moment(asked.get(name, "")) for name in ("from", "to")]
    if all(span):
        submissions = Submission.objects.filter(
            assignment__round=round, assignment__state="submitted"
        ).order_by()
        done = submissions.values("assignment__dialogue").annotate(last=Max("at"))
        done = done.filter(last__gte=span[0], last__lte=span[1])
        rows = rows.filter(utterance__dialogue__in=done.values("assignment__dialogue"))
        words = " – ".join(exact_time(at) for at in span)
        filters.append((_("submitted"), words, ("from", "to")))
    return rows, filters


def _moment(text):
    """The time that an address gives, None for what is none."""
    try:
        found = parse_datetime(text)
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):  # no date, or one that UTC has not
        return None


def filled(round, rows, names):
    """Items with their answers as values, and who gave them as `names` calls them."""
    found = []
    for item in rows:
        values = {value.key: value for value in round.scheme[item.task].values}
        soft = [(values[key], share) for key, share in item.soft.items() if share >= 0.005]
        given = item.given
        found.append(
            {
                "item": item,
                "utterance": item.utterance,
                "answers": [(names[who], values[given[who]]) for who in names.in_order(given)],
                "soft": sorted(soft, key=lambda pair: -pair[1]),
                "gold": values.get(item.gold),
                "how": KINDS[item.provenance],
            }
        )
    return found


@require_POST
def consensus(request, pk):
    """Choose what makes the gold of a round."""
    found = results_of(request, pk, LEAD)
    chosen = request.POST.get("consensus", "")
    if chosen not in found.Consensus.values:
        raise Http404
    needed = chosen != found.Consensus.MAJORITY
    computes = needed and Report.of(found, Report.Kind.RELIABILITY) is None
    if not choose_consensus(found, request.user, chosen):
        messages.info(request, _("The gold labels are being recomputed. This takes some minutes."))
    if computes:
        messages.info(request, _("The annotator models are being computed."))
    return redirect("quality", pk)
