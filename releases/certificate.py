"""The certificate of a frozen release as pages and comparisons show it."""

import json
from pathlib import Path
from typing import Any

from annotation.agreement.bootstrap import MIN_CLUSTERS


def agreement_rows(root: Path) -> list[dict[str, Any]]:
    """A row a task with alpha and its interval; none of an interval that an earlier version
    computed from fewer dialogues than one needs.
    """
    rows: list[dict[str, Any]] = json.loads((root / "agreement.json").read_text("utf-8"))["tasks"]
    if dialogues_of(json.loads((root / "manifest.json").read_text("utf-8"))) < MIN_CLUSTERS:
        return [{**row, "low": None, "high": None} for row in rows]
    return rows


def dialogues_of(manifest: dict[str, Any]) -> int:
    """How many dialogues a release has, by split or, as once written, in one number."""
    counted = manifest["dialogues"]
    return int(sum(counted.values()) if isinstance(counted, dict) else counted)
