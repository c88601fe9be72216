"""The diff of two releases as work for a worker: its summary and the file with every change."""

import json

from django.db import transaction

from releases import diff as release_diff


def compute(diff):
    """Compute a claimed Diff. Raises Stopped if it was stopped."""
    roots = diff.one.directory, diff.other.directory
    result = release_diff.diff_releases(*roots, diff.report_progress, diff.match or diff.Match.ID)
    diff.path.parent.mkdir(parents=True, exist_ok=True)
    draft = diff.path.with_suffix(f".{diff.attempt}")
    with draft.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(change, ensure_ascii=False) + "\n" for change in result.changes)
    draft.replace(diff.path)
    diff.result = result.summary
    with transaction.atomic():
        diff.save(update_fields=["result"])
        diff.finish()
