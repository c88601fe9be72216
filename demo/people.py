"""Who signs in to the demo corpus; the password is made when the demo is loaded."""

import secrets

from django.conf import settings

PEOPLE = {
    "lead": ("林岚", "lead"),
    "anno1": ("陈墨", "annotator"),
    "anno2": ("吴桐", "annotator"),
    "anno3": ("赵昕", "annotator"),
    "judge": ("顾言", "adjudicator"),
}


def password() -> str:
    """One password for all demo accounts of this installation, kept in DATA_DIR."""
    path = settings.DATA_DIR / "demo_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"demo-{secrets.randbelow(900_000) + 100_000}")
    return path.read_text()
