"""Messages about something that can be undone: the toast has the button."""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

MARK = "undo:"


def undoable(request: HttpRequest, words: str, address: str) -> None:
    """Say that something was done; `address` undoes it when it is posted to."""
    messages.success(request, words, extra_tags=f"{MARK}{address}")


def undo_address(message: Message) -> str:
    """Where a message is undone; "" where it cannot be."""
    tags = message.extra_tags or ""
    return tags.removeprefix(MARK) if tags.startswith(MARK) else ""
