"""Which values of a test release are none of the release that is trained on, and what they mean
there, chosen one by one.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class ForeignValue:
    """A value of the test release's scheme that the other scheme does not have."""

    field: str  # of the form
    task: str
    task_name: str
    value: str
    value_name: str
    known: tuple[tuple[str, str], ...]  # the values that it may be, each with its name


def foreign_values(release, test_release):
    """The ForeignValues of the tasks that both releases have, in the order of the scheme."""
    own = {task["key"]: task for task in _tasks(release)}
    prefix = f"label-{release.pk}-{test_release.pk}"  # a choice for other releases counts no longer
    found = []
    for place, task in enumerate(_tasks(test_release)):
        if task["key"] not in own:
            continue
        known = tuple((v["key"], _name(v)) for v in own[task["key"]]["values"])
        keys = {key for key, _name_of in known}
        found += [
            ForeignValue(
                f"{prefix}-{place}-{n}", task["key"], _name(task), v["key"], _name(v), known
            )
            for n, v in enumerate(task["values"])
            if v["key"] not in keys
        ]
    return found


def _tasks(release):
    path = Path(release.directory) / "scheme.json"
    return json.loads(path.read_text("utf-8"))["tasks"]


def _name(row):
    names = row.get("names") or {}
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return names.get(language) or names.get("en") or row["key"]


class LabelsForm(forms.Form):
    """What each ForeignValue counts as; one that counts as nothing is not scored."""

    def __init__(self, *args, foreign, **kwargs):
        super().__init__(*args, **kwargs)
        self.foreign = foreign
        for each in foreign:
            self.fields[each.field] = forms.ChoiceField(
                label=each.value_name, required=False,
                choices=[("", _("nothing: not scored")), *each.known],
            )  # fmt: skip

    @property
    def groups(self):
        """(name of the task, its fields) in order."""
        found: dict[str, list[forms.BoundField]] = {}
        for each in self.foreign:
            found.setdefault(each.task_name, []).append(self[each.field])
        return list(found.items())

    def labels(self):
        """Task -> value of the test release -> value of the other one, as a file has it."""
        found: dict[str, dict[str, str]] = {}
        for each in self.foreign:
            if meant := self.cleaned_data[each.field]:
                found.setdefault(each.task, {})[each.value] = meant
        return found
