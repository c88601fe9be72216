"""What requests to the API say: bodies of the types of JSON, and filters in addresses."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.input_checks import shortened, whole_number
from core.middleware import LARGEST_ID

KINDS: list[tuple[Any, Any, Any]] = [  # field, types of JSON that it takes, their name
    (serializers.BooleanField, (bool,), "true or false"),
    (serializers.IntegerField, (int,), "a whole number"),
    (serializers.FloatField, (int, float), "a number"),
    (serializers.CharField, (str,), "a text"),
    (serializers.ChoiceField, (str,), "a text"),
    (serializers.UUIDField, (str,), "a text"),
    (serializers.DateTimeField, (str,), "a text"),
]


class Body(serializers.Serializer):
    """The body of a request: no field that is not named here, no "1" for 1, no 1 for true."""

    def to_internal_value(self, data):
        if isinstance(data, dict):
            faults = {name: [_("There is no such field.")] for name in data.keys() - {*self.fields}}
            for name, field in self.fields.items():
                if name in data and (words := _wrong_kind(field, data[name])):
                    faults[name] = [words]
            if faults:
                raise serializers.ValidationError(dict(sorted(faults.items())))
        return super().to_internal_value(data)


def _wrong_kind(field, value):
    """What is wrong with the type of a value, "" if nothing is."""
    if value is None:
        return ""  # whether it may be is for the field to say
    within: Any = ()
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        within = value
    if isinstance(field, serializers.DictField) and isinstance(value, dict):
        within = value.values()
    if within:
        return next(filter(None, (_wrong_kind(field.child, each) for each in within)), "")
    for kind, types, words in KINDS:
        if isinstance(field, kind):
            fits = type(value) in types
            return "" if fits else _("Expected %(what)s.") % {"what": words}
    return ""


class Id(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **kwargs):
        super().__init__(min_value=1, max_value=LARGEST_ID - 1, **kwargs)


class IdParameter(Id):
    """The same in an address, where it is digits."""

    def to_internal_value(self, data):
        found = whole_number(str(data))
        if found is None:
            self.fail("invalid")
        return found


class FlagParameter(serializers.BooleanField):
    """true or false in an address."""

    default_empty_html = serializers.empty

    def to_internal_value(self, data):
        if data not in ("true", "false"):
            raise serializers.ValidationError(_("Expected %(what)s.") % {"what": "true or false"})
        return data == "true"


class Filters(serializers.Serializer):
    """What narrows a list, as parameters of the address: `by_NAME(rows, value)` of a subclass for
    what is no lookup of that name.
    """

    def filtered(self, rows):
        """The rows that are asked for."""
        self.is_valid(raise_exception=True)
        for name, value in self.validated_data.items():
            narrow = getattr(self, f"by_{name}", None)
            rows = narrow(rows, value) if narrow else rows.filter(**{name: value})
        return rows


def check_parameters(query, allowed):
    """Raises ValidationError for a parameter that the address has and the resource has not, or has
    twice.
    """
    for name in query:
        if name not in allowed:
            words = _("There is no parameter “%(name)s” here. Allowed: %(names)s.")
            names = ", ".join(sorted(allowed)) or "–"
            words %= {"name": shortened(name), "names": names}
            raise serializers.ValidationError({shortened(name): [words]})
        if len(query.getlist(name)) > 1:
            raise serializers.ValidationError({name: [_("It stands twice in the address.")]})


def check_form(form, names=None):
    """Raises ValidationError for what a form of a page refuses; `names` has of its fields what they
    are called here.
    """
    if form.is_valid():
        return
    names = {"__all__": "non_field_errors"} | (names or {})
    faults = {names.get(name, name): [*map(str, found)] for name, found in form.errors.items()}
    raise serializers.ValidationError(faults)
