"""Texts that fit their columns, on every database alike."""

from django.db import models

from core.errors import UserError, gettext_noop
from core.input_checks import shortened

TOO_LONG = gettext_noop("“%(text)s” is too long: “%(name)s” has at most %(most)d characters.")


def fitting(text, name, most):
    """What somebody wrote, without space around it. Raises UserError for more than `most`
    characters: `name` is what the field is called.
    """
    found = text.strip()
    if len(found) > most:
        raise UserError(TOO_LONG, text=shortened(found), name=name, most=most)
    return found


def check_lengths(row):
    """Raises UserError for a text of `row` that is longer than its column, which SQLite would keep
    and PostgreSQL refuse.
    """
    texts = [field for field in row._meta.concrete_fields if isinstance(field, models.CharField)]
    for field in texts:
        value, most = field.value_from_object(row), field.max_length
        if isinstance(value, str) and most and len(value) > most:
            raise UserError(TOO_LONG, text=shortened(value), name=field.name, most=most)
