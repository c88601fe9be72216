"""Messages of errors in the language of whoever reads them now."""

from django.utils.translation import gettext


def translate_error(error):
    """The message of a UserError in the reader's language."""
    return translate(error.template, error.values)


def translate(template, values):
    """A message that was kept as template and values, in the reader's language.

    A value may be another error, as `to_json` gives it.
    """
    words = gettext(template)
    rendered = {
        name: translate(**value) if isinstance(value, dict) and "template" in value else value
        for name, value in values.items()
    }
    return words % rendered if rendered else words
