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
from corpus.models import Dialogue, Utterance
from corpus.scope import context, live_part, number, with_role
from releases.models import Diff, Release

SIZE = 50
KINDS = {
    "added": _("utterances added"),
    "dropped": _("utterances dropped"),
    "text": _("words changed"),
    "times": _("times changed"),
    "speaker": _("speaker changed"),
    "dialogue": _("in another dialogue"),
    "dialogue_added": _("dialogues added"),
    "dialogue_dropped": _("dialogues dropped"),
    "dialogue_moved": _("dialogues in another split"),
}


@require_POST
def diff(request):
    """Have two releases compared, or go to where they are already."""
    seen = Release.objects.of(request.user).frozen()
    one = get_object_or_404(seen, pk=number(request.POST.get("one")))
    other = get_object_or_404(seen, pk=number(request.POST.get("other")))
    with transaction.atomic():
        found = Diff.request(request.user, one, other)
    return redirect("release_diff", found.pk)


def _diff_of(request, pk):
    found = get_object_or_404(Diff.objects.of(request.user), pk=pk)
    with_role(request, found.other.corpus)
    return found


def release_diff(request, pk):
    found = _diff_of(request, pk)
    done = found.status == Diff.Status.DONE and found.path.exists()
    what = request.GET.get("what", "")
    page = context(
        found.other.corpus,
        "releases",
        diff=found,
        done=done,
        what=what,
        kinds=KINDS,
        progress_url=reverse("diff_progress", args=[pk]),
    )
    if done:
        page |= _told(request, found, what)
    return render(request, "releases/diff.html", page)


def _told(request, found, what):
    schemes = [_scheme(found.one), _scheme(found.other)]
    labels = [_task(key, row, schemes) for key, row in found.result["labels"].items()]
    start = max(0, number(request.GET.get("from")))
    chosen = _matching(found, request.GET)
    rows = list(islice(chosen, start, start + SIZE + 1))
    more = len(rows) > SIZE
    return {
        "labels": labels,
        "utterances": [(key, KINDS[key], n) for key, n in found.result["utterances"].items()
                       if key in KINDS],
        "dialogues": found.result["dialogues"],
        "rows": _linked(found, rows[:SIZE], schemes),
        "next": start + SIZE if more else None,
        "previous": max(0, start - SIZE) if start else None,
        "chosen": next((row for row in labels if f"label:{row['key']}" == what), None),
        "what_said": KINDS.get(what, ""),
    }  # fmt: skip


def _scheme(release):
    path = release.directory / "scheme.json"
    return Scheme.from_json(json.loads(path.read_text("utf-8"))["tasks"])


def _matching(found, asked):
    """The changes that the address asks for: a kind, and of a task a cell of its confusion."""
    what, was, now = asked.get("what", ""), asked.get("was"), asked.get("now")
    task = what.removeprefix("label:")
    for change in found.changes(what):
        if was is not None or now is not None:
            ends = [
                (change[end] or {}).get("gold", {}).get(task, "") for end in ("before", "after")
            ]
            if (was is not None and ends[0] != was) or (now is not None and ends[1] != now):
                continue
        yield change


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
                    {"key": row["values"][j], "n": n, "same": i == j, "heat": _heat(n, most)}
                    for j, n in enumerate(line)
                ],
            }
            for i, line in enumerate(row["confusion"])
        ],
        "before": row["alpha"][0],
        "after": row["alpha"][1],
    }


def _heat(n, most):
    return 0 if not n else max(1, round(9 * n / most))


def _linked(found, rows, schemes):
    """The changes with the utterance or dialogue of today that each is about, where it is."""
    corpora = [found.one.corpus_id, found.other.corpus_id]
    uids = [row["id"] for row in rows if row["id"]]
    spoken = Utterance.whole.filter(corpus__in=corpora, uid__in=uids).select_related("dialogue")
    utterances = {(u.corpus_id, u.dialogue.uid, u.uid): u for u in spoken}
    named = Dialogue.objects.filter(corpus__in=corpora, uid__in=[row["dialogue"] for row in rows])
    dialogues = {(d.corpus_id, d.uid): d for d in named}
    for row in rows:
        corpus = found.other.corpus_id if row["after"] else found.one.corpus_id
        row["utterance"] = utterances.get((corpus, row["dialogue"], row["id"]))
        row["at"] = dialogues.get((corpus, row["dialogue"]))
        row["labels"] = _label_changes(row, schemes)
        row["said"] = [KINDS[kind] for kind in row["what"] if kind in KINDS]
    return rows


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
    found = _diff_of(request, pk)
    url = reverse("diff_progress", args=[pk])
    return live_part(request, "_progress.html", found, {"job": found, "name": "diff", "url": url})


def diff_json(request, pk):
    """The summary as a file."""
    found = _diff_of(request, pk)
    if found.status != Diff.Status.DONE:
        raise Http404
    response = JsonResponse(found.result, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = 'attachment; filename="diff.json"'
    return response
