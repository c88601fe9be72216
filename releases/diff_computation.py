"""The diff of two releases as work for a worker: its summary and the file with every change."""

import json

from django.db import transaction

from core import shared_folders
from releases import diff as release_diff


def compute(diff):
    """Compute a claimed Diff. Raises Stopped if it was stopped."""
    with diff.heartbeat_thread():
        roots = diff.one.directory_with_media, diff.other.directory_with_media
    result = release_diff.diff_releases(*roots, diff.report_progress, diff.match or diff.Match.ID)
    diff.path.parent.mkdir(parents=True, exist_ok=True)
    draft = diff.path.with_suffix(f".{diff.attempt}")
    with draft.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(change, ensure_ascii=False) + "\n" for change in result.changes)
    draft.replace(diff.path)
    shared_folders.publish(diff.path, at=diff.path)
    diff.result = result.summary
    with transaction.atomic():
        diff.save(update_fields=["result"])
        diff.finish()
