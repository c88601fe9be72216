"""Texts that fit their columns, on every database alike."""

from django.db import models

from core.errors import UserError, gettext_noop
from core.input_checks import shortened


def check_lengths(row):
    """Raises UserError for a text of `row` that is longer than its column, which SQLite would keep
    and PostgreSQL refuse.
    """
    texts = [field for field in row._meta.concrete_fields if isinstance(field, models.CharField)]
    for field in texts:
        value, most = field.value_from_object(row), field.max_length
        if isinstance(value, str) and most and len(value) > most:
            too_long = gettext_noop(
                "“%(text)s” is too long: “%(name)s” has at most %(most)d characters."
            )
            raise UserError(too_long, text=shortened(value), name=field.name, most=most)
