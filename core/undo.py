"""Messages about something that can be undone: the toast has the button."""

from django.contrib import messages

MARK = "undo:"


def undoable(request, words, address):
    """Say that something was done; `address` undoes it when it is posted to."""
    messages.success(request, words, extra_tags=f"{MARK}{address}")


def undo_address(message):
    """Where a message is undone; "" where it cannot be."""
    tags = message.extra_tags or ""
    return tags.removeprefix(MARK) if tags.startswith(MARK) else ""
