"""Where the command line keeps which server it talks to, and the token."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from shengqing.errors import ShengqingError

URL, TOKEN = "SHENGQING_URL", "SHENGQING_TOKEN"


class Credentials(NamedTuple):
    url: str
    token: str


def credentials_file() -> Path:
    """In the directory that the desktop standard names for settings."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "shengqing" / "credentials.json"


def save_credentials(found: Credentials) -> Path:
    """Keep them, readable by their owner alone."""
    path = credentials_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(found._asdict(), file)
    partial.replace(path)
    return path


def load_credentials() -> Credentials:
    """Those of the environment (SHENGQING_URL, SHENGQING_TOKEN), or those that were kept.

    Raises ShengqingError where there are none.
    """
    if os.environ.get(URL) and os.environ.get(TOKEN):
        return Credentials(os.environ[URL], os.environ[TOKEN])
    try:
        return Credentials(**json.loads(credentials_file().read_text("utf-8")))
    except FileNotFoundError as error:
        words = f"Not signed in: run “shengqing login URL”, or set {URL} and {TOKEN}."
        raise ShengqingError(words) from error
    except (ValueError, TypeError) as error:
        words = f"{credentials_file()} is damaged: run “shengqing login URL” again."
        raise ShengqingError(words) from error


def forget_credentials() -> bool:
    """Delete what was kept; whether there was something."""
    path = credentials_file()
    there = path.exists()
    path.unlink(missing_ok=True)
    return there
