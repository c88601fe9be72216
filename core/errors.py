"""Plain: errors for people, whose message can be rendered in another language later.

A worker or a plain module does not know the language of the person who will read the message, so
it keeps the English template and the values apart; `core.translation` renders them.
"""

from typing import Any


def gettext_noop(words: str) -> str:
    """Mark a template for translation; it stays as it is."""
    return words


class UserError(ValueError):
    """What a person did or asked for cannot be done: a message template with its values."""

    def __init__(self, template: str, **values: Any) -> None:
        self.template = str(template)
        self.values = values
        super().__init__(in_english(self.template, values))

    def to_json(self) -> dict[str, Any]:
        """Template and values, as they are kept until somebody reads the message."""
        return {"template": self.template, "values": self.values}


class ValidationError(UserError):
    """Input that cannot be read; says what was wrong and what is expected."""


def in_english(template: str, values: dict[str, Any]) -> str:
    """The message in English; a value may be another error, as `to_json` gives it."""
    rendered = {
        name: in_english(**value) if isinstance(value, dict) and "template" in value else value
        for name, value in values.items()
    }
    return template % rendered if rendered else template
