"""The passphrase of encrypted backups, from a file or the environment, not from a command line."""

from pathlib import Path

from django.conf import settings

from core.errors import UserError, gettext_noop


def configured_passphrase() -> str:
    """That of the settings; empty where backups are not encrypted."""
    return str(settings.BACKUP_PASSPHRASE).partition("\n")[0].strip()  # as of a file


def read_passphrase(path: Path) -> str:
    """That in the first line of a file. Raises UserError."""
    try:
        words = path.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, ValueError) as error:
        raise UserError(
            gettext_noop("The file with the passphrase cannot be read: %(file)s."), file=str(path)
        ) from error
    if not words:
        raise UserError(
            gettext_noop("The file with the passphrase is empty: %(file)s."), file=str(path)
        )
    return words
