"""Two releases beside each other: what is new, gone, moved, and labelled otherwise."""

import json
from itertools import islice

from django.db import transaction
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from annotation.scheme import Scheme
from core.fragments import live_part
from core.parameters import number
from corpus.models import Dialogue, Utterance
from corpus.page_context import context
from people.models import Event
from releases.models import Diff, Release
from releases.permissions import diff_of, guard_given

SIZE = 50
KINDS = {
    "added": _("utterances added"),
    "dropped": _("utterances removed"),
    "text": _("text changed"),
    "times": _("times changed"),
    "speaker": _("speaker changed"),
    "moved": _("utterances in another split"),
    "dialogue": _("in another dialogue"),
    "dialogue_added": _("dialogues added"),
    "dialogue_dropped": _("dialogues removed"),
    "dialogue_moved": _("dialogues in another split"),
    "content": _("matched by content"),
    "ambiguous": _("ambiguous matches"),
}

MOVES = {
    "dialogue_moved": ("moves", _("dialogues")),
    "moved": ("utterance_moves", _("utterances")),
}


@require_POST
def diff(request):
    """Have two releases compared, or go to where they are already."""
    seen = Release.objects.of(request.user).frozen()
    one = get_object_or_404(seen, pk=number(request.POST.get("one")))
    other = get_object_or_404(seen, pk=number(request.POST.get("other")))
    match = request.POST.get("match", Diff.Match.AUTO)
    if match not in Diff.Match:
        raise Http404
    for release in (one, other):
        guard_given(request, release)
    with transaction.atomic():
        asked = Diff.request(request.user, one, other, match)
    return redirect("release_diff", asked.pk)


def release_diff(request, pk):
    diff = diff_of(request, pk)
    done = diff.status == Diff.Status.DONE and diff.path.exists()
    what = request.GET.get("what", "")
    page = context(
        diff.other.corpus,
        "releases",
        diff=diff,
        done=done,
        what=what,
        ways=Diff.Match.choices,
        progress_url=reverse("diff_progress", args=[pk]),
    )
    if done:
        page |= _changes(request, diff, what)
    return render(request, "releases/diff.html", page)


def _changes(request, diff, what):
    schemes = [_scheme(diff.one), _scheme(diff.other)]
    labels = [_task(key, row, schemes) for key, row in diff.result["labels"].items()]
    start = max(0, number(request.GET.get("from")))
    chosen = _matching(diff, request.GET)
    rows = list(islice(chosen, start, start + SIZE + 1))
    more = len(rows) > SIZE
    return {
        "labels": labels,
        "utterances": diff.result["utterances"],
        "details": [
            (key, KINDS[key], n)
            for key, n in diff.result["utterances"].items()
            if key in KINDS and key not in ("added", "dropped", "moved")
        ],
        "dialogues": diff.result["dialogues"],
        "moves": _moves(diff.result),
        "matching": diff.result.get("matching"),
        "rows": _linked(diff, rows[:SIZE], schemes),
        "next": start + SIZE if more else None,
        "previous": max(0, start - SIZE) if start else None,
        "chosen": next((row for row in labels if f"label:{row['key']}" == what), None),
        "what_name": KINDS.get(what, ""),
    }  # fmt: skip


def _scheme(release):
    path = release.directory / "scheme.json"
    return Scheme.from_json(json.loads(path.read_text("utf-8"))["tasks"])


def _matching(diff, asked):
    """The changes that the address asks for: a kind, and of it what was before and is now, a
    label of a task or a split.
    """
    what, was, now = asked.get("what", ""), asked.get("was"), asked.get("now")
    task = what.removeprefix("label:")

    def value(end):
        end = end or {}
        return end.get("split") if what in MOVES else end.get("gold", {}).get(task, "")

    for change in diff.changes(what):
        if was is not None and value(change["before"]) != was:
            continue
        if now is not None and value(change["after"]) != now:
            continue
        yield change


def _moves(result):
    """(kind, what it counts, split before, split now, how many), of dialogues and utterances."""
    return [
        (kind, noun, *pair.split(" → "), n)
        for kind, (name, noun) in MOVES.items()
        for pair, n in result.get(name, {}).items()
    ]


def _task(key, row, schemes):
    task = next((s[key] for s in reversed(schemes) if key in s.keys), None)
    names = {value.key: value for s in schemes if key in s.keys for value in s[key].values}
    values = [names.get(value) for value in row["values"]]
    most = max((n for line in row["confusion"] for n in line), default=0)
    return row | {
        "key": key,
        "task": task,
        "columns": values,
        "table": [
            {
                "value": values[i],
                "key": row["values"][i],
                "cells": [
                    {"key": row["values"][j], "n": n, "same": i == j, "shade": _shade(n, most)}
                    for j, n in enumerate(line)
                ],
            }
            for i, line in enumerate(row["confusion"])
        ],
        "before": row["alpha"][0],
        "after": row["alpha"][1],
    }


def _shade(n, most):
    return 0 if not n else max(1, round(9 * n / most))


def _linked(diff, rows, schemes):
    """The changes with the utterance or dialogue of today that each is about, where it is."""
    corpora = [diff.one.corpus_id, diff.other.corpus_id]
    uids = [row["id"] for row in rows if row["id"]]
    spoken = Utterance.all_objects.filter(corpus__in=corpora, uid__in=uids).select_related(
        "dialogue"
    )
    utterances = {(u.corpus_id, u.dialogue.uid, u.uid): u for u in spoken}
    named = Dialogue.objects.filter(corpus__in=corpora, uid__in=[row["dialogue"] for row in rows])
    dialogues = {(d.corpus_id, d.uid): d for d in named}
    for row in rows:
        corpus = diff.other.corpus_id if row["after"] else diff.one.corpus_id
        row["utterance"] = utterances.get((corpus, row["dialogue"], row["id"]))
        row["at"] = dialogues.get((corpus, row["dialogue"]))
        row["labels"] = _label_changes(row, schemes)
        row["change_names"] = [KINDS[kind] for kind in row["what"] if kind in KINDS]
        row["was"] = _earlier_name(row)
    return rows


def _earlier_name(row):
    """What the utterance or dialogue was called before, where it was called otherwise."""
    names = [
        end and (end.get("id") or end.get("dialogue")) for end in (row["before"], row["after"])
    ]
    return names[0] if all(names) and names[0] != names[1] else ""


def _label_changes(row, schemes):
    changed = []
    for kind in row["what"]:
        if kind.startswith("label:"):
            key = kind.removeprefix("label:")
            ends = []
            for scheme, end in zip(schemes, ("before", "after")):
                value = row[end]["gold"].get(key)
                known = {v.key: v for v in scheme[key].values} if key in scheme.keys else {}
                ends.append(known.get(value))
            task = next(s[key] for s in reversed(schemes) if key in s.keys)
            changed.append((task, *ends))
    return changed


def diff_progress(request, pk):
    diff = diff_of(request, pk)
    url = reverse("diff_progress", args=[pk])
    return live_part(
        request, "_progress.html", diff.active, {"job": diff, "name": "diff", "url": url}
    )


def diff_json(request, pk):
    """The summary as a file."""
    diff = diff_of(request, pk)
    if diff.status != Diff.Status.DONE:
        raise Http404
    response = JsonResponse(diff.result, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = 'attachment; filename="diff.json"'
    Event.record_once(request.user, "download", diff, what="diff.json")
    return response
