"""What a request says in its address or form: numbers, texts; checked, or refused with 400."""

from django.core.exceptions import BadRequest

from core.column_lengths import TOO_LONG
from core.errors import ValidationError, gettext_noop
from core.input_checks import shortened, whole_number


class InvalidRequest(BadRequest):
    """A request that cannot be read, with the error that says why."""

    def __init__(self, template, **values):
        self.error = ValidationError(template, **values)
        super().__init__(str(self.error))


def invalid_request(error):
    """The same of an error that a plain reader has raised."""
    return InvalidRequest(error.template, **error.values)


def number(text, otherwise=0):
    """The whole number that an address, form or header gives; `otherwise` where it gives none.

    Raises InvalidRequest (400) for what is none: ASCII digits write numbers, at most 18 of them.
    """
    if not text or not text.strip():
        return otherwise
    found = whole_number(text.strip())
    if found is None:
        raise InvalidRequest(
            gettext_noop("“%(text)s” is not a whole number that can stand here."),
            text=shortened(text),
        )
    return found


def numbers(texts):
    """The ids that were ticked. Raises InvalidRequest for what is none."""
    return [found for found in map(number, texts) if found]


def text(data, name, most=200):
    """The text of a field, without space around it; "" where it is missing.

    Raises InvalidRequest (400) for more than `most` characters.
    """
    found = data.get(name, "").strip()
    if len(found) > most:
        raise InvalidRequest(
            TOO_LONG,
            text=shortened(found),
            name=name,
            most=most,
        )
    return found


def posted(request):
    """The form that was sent, be it empty; None where a page was only asked for."""
    return request.POST if request.method == "POST" else None
