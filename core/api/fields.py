"""Which fields of a resource are sent: `?fields=id,name`."""

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.input_checks import shortened

PARAMETER = "fields"


def select_fields(serializer, query):
    """Leave the others out of a serializer, or of that of each row. Raises ValidationError."""
    if PARAMETER not in query:
        return serializer
    wanted = query[PARAMETER].split(",")
    one = getattr(serializer, "child", serializer)
    known = list(one.fields)
    for name in wanted:
        if name not in known:
            words = _("There is no field “%(name)s” here. Known: %(names)s.")
            words %= {"name": shortened(name), "names": ", ".join(known)}
            raise serializers.ValidationError({PARAMETER: [words]})
    if len(set(wanted)) < len(wanted):
        raise serializers.ValidationError({PARAMETER: [_("A field is named twice.")]})
    for name in known:
        if name not in wanted:
            one.fields.pop(name)
    return serializer
