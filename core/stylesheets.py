"""All style sheets as one file, in the order in which templates/_stylesheets.html lists them."""

import re
from pathlib import Path

LIST = "templates/_stylesheets.html"
NAME = re.compile(r"{% static \"(css/[^\"]+)\" %}")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
INDENT = re.compile(r"\n\s*")


def stylesheet(root: Path) -> str:
    """The rules of every sheet without comments and indentation."""
    names = NAME.findall((root / LIST).read_text("utf-8"))
    whole = "\n".join((root / "static" / name).read_text("utf-8") for name in names)
    return INDENT.sub("\n", COMMENT.sub("", whole)).strip() + "\n"
