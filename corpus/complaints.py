"""Plain: errors whose sentence can be said in another language later.

A worker or a plain core does not know the language of the person who will read the sentence, so
it keeps the English template and the values apart; `corpus.jobs.sentence` says it.
"""

from typing import Any


def gettext_noop(words: str) -> str:
    """Mark a template for translation; it stays as it is."""
    return words


class Complaint(ValueError):
    """A sentence for a person: a template with named placeholders, and their values."""

    def __init__(self, template: str, **values: Any) -> None:
        self.template = str(template)
        self.values = values
        super().__init__(in_english(self.template, values))

    def to_json(self) -> dict[str, Any]:
        """Template and values, as they are kept until somebody reads them."""
        return {"template": self.template, "values": self.values}


def in_english(template: str, values: dict[str, Any]) -> str:
    """The sentence as it is written; a value may be another complaint, as `to_json` gives it."""
    told = {
        name: in_english(**value) if isinstance(value, dict) and "template" in value else value
        for name, value in values.items()
    }
    return template % told if told else template
