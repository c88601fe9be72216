"""The mapping of a labelled table: its columns, then the values of its labels."""

from dataclasses import asdict

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotation.column_mapping import (
    LEAVE_OUT,
    NEW,
    SCALES,
    USES,
    chosen_uses,
    columns_of,
    compiled,
    decided,
    groups_of,
    guessed_task,
    guessed_value,
    is_mappable,
    known_tasks,
    mapping_from_file,
    remembered,
    with_uses,
)
from annotation.import_forms import FormatForm
from annotation.templatetags.scheme import named
from annotation.views.table_imports import import_of
from core.errors import UserError, ValidationError, gettext_noop
from core.input_checks import read_json
from core.translation import translate_error
from corpus.formats.detection import MAPPED
from corpus.formats.mapped_table import FILE, Mapping
from corpus.page_context import context

LARGEST_MAPPING = 1024**2


def _readable(request, pk):
    """An import of a table that a person maps and nothing was stored of yet."""
    row = import_of(request, pk)
    return row, None if is_mappable(row) else redirect("table_import", row.pk)


def mapping(request, pk):
    """What each column is."""
    row, elsewhere = _readable(request, pk)
    if elsewhere:
        return elsewhere
    if request.method == "POST":
        try:
            return _chosen(request, row)
        except UserError as error:
            messages.error(request, translate_error(error))
    page = context(
        row.corpus,
        "corpus",
        row=row,
        columns=columns_of(row),
        uses=USES,
        whole=row.mapping.get("whole", ""),
        per_file=row.mapping.get("per_file", False),
        times=row.mapping.get("times", "auto"),
        several=len(row.report.get("files", [])) > 1,
        wholes=[
            ("", _("each row is a dialogue")),
            (FILE, _("each file is a dialogue")),
        ],
        units=[("auto", _("seconds")), ("milliseconds", _("milliseconds"))],
        earlier=remembered(row),
        format_form=FormatForm(initial={"format": row.format_used}),
    )
    return render(request, "annotation/column_mapping.html", page)


def _chosen(request, row):
    """What was posted: a mapping that is there already, or the uses of the columns."""
    verb = request.POST.get("verb", "")
    if verb in ("remembered", "file"):
        known = _remembered(row) if verb == "remembered" else _uploaded(request)
        if known is None:
            return redirect("column_mapping", row.pk)
        row.read_by(request.user, format=MAPPED, mapping=known)
        return redirect("table_import", row.pk)
    draft = chosen_uses(row, request.POST)
    row.mapping = {
        name: value
        for name, value in row.mapping.items()
        if name in ("version", "tasks", "columns")
    } | draft
    groups = groups_of(row)
    row.save(update_fields=["mapping"])
    if groups:
        return redirect("value_mapping", row.pk)
    row.read_by(request.user, format=MAPPED, mapping=compiled(row, []))
    return redirect("table_import", row.pk)


def _remembered(row):
    known = remembered(row)
    return known and with_uses(known)


def _uploaded(request):
    file = request.FILES.get("mapping")
    if file is None or file.size > LARGEST_MAPPING:
        raise UserError(gettext_noop("Choose a mapping as it was downloaded (JSON)."))
    try:
        return mapping_from_file(read_json(file.read()))
    except ValidationError as error:
        raise UserError(
            gettext_noop("The mapping cannot be read: %(why)s"), why=str(error)[:200]
        ) from error


def values(request, pk):
    """Which task each group of columns is, and what its values mean."""
    row, elsewhere = _readable(request, pk)
    if elsewhere:
        return elsewhere
    if not row.mapping.get("uses"):
        return redirect("column_mapping", row.pk)
    groups, tasks = groups_of(row), known_tasks(row.corpus)
    if request.method == "POST":
        decisions = [_decision(request.POST, place, group) for place, group in enumerate(groups)]
        if request.POST.get("verb") != "update":
            try:
                whole = compiled(row, decisions)
                row.read_by(request.user, format=MAPPED, mapping=whole)
                return redirect("table_import", row.pk)
            except UserError as error:
                messages.error(request, translate_error(error))
    else:
        decisions = [decided(row, group) or _guess(group, tasks) for group in groups]
    shown = [
        _shown(place, group, decision, tasks)
        for place, (group, decision) in enumerate(zip(groups, decisions, strict=True))
    ]
    page = context(
        row.corpus,
        "corpus",
        row=row,
        groups=shown,
        tasks=[(key, named(task)) for key, task in tasks.items()],
        scales=SCALES,
    )
    return render(request, "annotation/value_mapping.html", page)


def _decision(data, place, group):
    return {
        "task": data.get(f"task-{place}", ""),
        "key": data.get(f"key-{place}", ""),
        "scale": data.get(f"scale-{place}", "nominal"),
        "values": {
            raw: data.get(f"value-{place}-{number}", "")
            for number, (raw, _n) in enumerate(group.values)
        },
    }


def _guess(group, tasks):
    key = guessed_task(group, tasks)
    task = tasks.get(key)
    given = [raw for raw, _n in group.values]
    numbers = all(raw.lstrip("+-").replace(".", "", 1).isdecimal() for raw in given)
    if group.kind == "counts":
        values_ = dict.fromkeys(given, "")
    else:
        values_ = {raw: guessed_value(raw, task) for raw in given}
    return {
        "task": key,
        "key": group.name,
        "scale": "ordinal" if numbers else "nominal",
        "values": values_,
    }


def _shown(place, group, decision, tasks):
    task = tasks.get(decision["task"])
    options = []
    if task:
        options = [(value.key, named(value)) for value in task.values]
    rows = []
    for number, (raw, count) in enumerate(group.values):
        chosen = decision["values"].get(raw, "")
        if task and chosen and chosen not in task.keys and chosen not in (LEAVE_OUT, NEW):
            chosen = guessed_value(raw, task)
        if not task and (chosen in (NEW, LEAVE_OUT)):
            chosen = raw if chosen == NEW else ""
        rows.append({"number": number, "raw": raw, "count": count, "chosen": chosen})
    return asdict(group) | {
        "place": place,
        "rows": rows,
        "options": options,
        "existing": decision["task"] if task else "",
        "key": decision["key"],
        "scale": decision["scale"],
    }


def mapping_file(request, pk):
    """The mapping as JSON, for another import or the command."""
    row = import_of(request, pk)
    if "version" not in row.mapping:
        raise Http404
    whole = Mapping.from_json(row.mapping).to_json()
    response = JsonResponse(whole, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="mapping-{row.pk}.json"'
    return response
