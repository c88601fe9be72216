"""Texts that fit their columns, on every database alike."""

import hashlib

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


def distinct_name(text: str, most: int) -> str:
    """The name of a file or of what a file names, in at most `most` characters: a longer one ends
    with eight digits of its SHA-256, so that two which begin alike stay two.
    """
    if len(text) <= most:
        return text
    return f"{text[: most - 9]}…{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def check_lengths(row):
    """Raises UserError for a text of `row` that is longer than its column, which SQLite would keep
    and PostgreSQL refuse.
    """
    texts = [field for field in row._meta.concrete_fields if isinstance(field, models.CharField)]
    for field in texts:
        value, most = field.value_from_object(row), field.max_length
        if isinstance(value, str) and most and len(value) > most:
            raise UserError(TOO_LONG, text=shortened(value), name=field.name, most=most)
