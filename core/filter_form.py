"""Forms in addresses that narrow a list, and what of them is filled in."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import formats
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Chip:
    """A filter that is in force: its name, its value, and the address without it."""

    label: str
    value: str
    url: str


class FilterForm(forms.Form):
    """A form in an address: what is not filled in filters nothing, nonsense finds an error.

    `by_NAME(rows, value)` of a subclass narrows the rows by the field NAME.
    """

    use_required_attribute = False
    search = "q"  # the field that stands first, as what is typed is looked for at once
    unset: tuple[Any, ...] = ()  # values of choices by which nothing is narrowed, besides ""
    aside: tuple[str, ...] = ()  # fields that narrow nothing

    def __init__(self, data, **kwargs):
        super().__init__(data, label_suffix="", **kwargs)
        if self.search in self.fields:
            widget = self.fields[self.search].widget
            if isinstance(widget, forms.TextInput):
                widget.input_type = "search"
                words = _("Search by %(what)s") % {"what": self.fields[self.search].label}
                widget.attrs.setdefault("placeholder", words)

    def filtered(self, rows):
        """`rows` with every filter that is filled in; none where the form is not valid."""
        if not self.is_valid():
            return rows.none()
        for name, value in self.cleaned_data.items():
            if self._is_set(value):
                rows = getattr(self, f"by_{name}")(rows, value)
        return rows

    def _is_set(self, value):
        return value not in (None, "", False, [], *self.unset)

    @property
    def search_field(self):
        return self[self.search] if self.search in self.fields else None

    @property
    def other_fields(self):
        return [field for field in self if field.name != self.search and not field.is_hidden]

    @property
    def set_fields(self):
        """Bound fields that narrow the list."""
        fields = [field for field in self if field.name not in self.aside]
        if not self.is_valid():
            return [field for field in fields if field.data or field.errors]
        return [field for field in fields if self._is_set(self.cleaned_data.get(field.name))]

    def chips(self, address):
        """What is filled in; `address(**without)` gives an address with changed parameters."""
        return [
            Chip(str(field.label), self.shown_value(field), address(**{field.html_name: None}))
            for field in self.set_fields
        ]

    def shown_value(self, field):
        """The value of a field as people read it: the words of a choice, a date as dates are."""
        if isinstance(field.field, forms.BooleanField):
            return ""
        given = str(field.value() or "")
        choices = getattr(field.field.widget, "choices", None)
        if choices is not None:
            return next(
                (str(words) for value, words in _flat(choices) if str(value) == given), given
            )
        cleaned = self.cleaned_data.get(field.name) if self.is_valid() else None
        if isinstance(field.field, forms.DateField) and cleaned:
            return formats.date_format(cleaned)
        return given


def _flat(choices):
    """Choices without their groups."""
    for value, words in choices:
        if isinstance(words, (list, tuple)):
            yield from _flat(words)
        else:
            yield value, words


def without_empty(data: MultiValueDict[str, str]):
    """A query without parameters that say nothing."""
    query = data.copy()
    for name in list(query):
        given = [value for value in query.getlist(name) if value]
        if given:
            query.setlist(name, given)
        else:
            del query[name]
    return query
