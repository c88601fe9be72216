"""Freezing a release: its directory is written as a draft, then moved to its place."""

import hashlib
import shutil

from django.db import transaction

from core import shared_folders
from corpus.webhooks.announcement import announce
from releases import archive, snapshot
from releases.models import MemberAccess
from releases.models.releases import FROZEN


def freeze(release):
    """Write the directory of a claimed release and keep its digests with the row.

    Raises UserError if there is nothing to release, or for errors of the integrity check that
    nobody decided about; SplitError if it cannot be split as asked; StoreAway; Stopped if it was
    stopped.
    """
    folder = release.folder
    above = folder.parent
    above.mkdir(parents=True, exist_ok=True)
    for left in above.glob(f".{release.version}.draft-*"):  # by a worker that was killed
        shutil.rmtree(left)
    draft = above / f".{release.version}.draft-{release.attempt}"
    try:
        with release.heartbeat_thread():
            manifest = snapshot.write(release, draft, release.report_progress)
            index = archive.index(draft)
            attempt = f"release-{release.pk}", release.attempt
            shared_folders.patiently(lambda: shared_folders.publish(folder, attempt, at=draft))
        data = (draft / "manifest.json").read_bytes()
        release.digest = hashlib.sha256(data).hexdigest()
        release.contents = manifest["contents"]
        files = manifest.pop("files")
        total = sum(entry["bytes"] for entry in files) + len(data)
        release.summary = manifest | {"files": len(files) + 1, "bytes": total}
        with transaction.atomic():
            release.save(update_fields=["digest", "contents", "summary"])
            release.finish()  # first: whoever was overtaken by another worker moves nothing
            announce(FROZEN, release)
            archive.keep(index, folder)
            kept = archive.index_path(folder)
            shared_folders.publish(kept, at=kept)
            shutil.rmtree(folder, ignore_errors=True)  # by a worker killed right here
            draft.replace(folder)
            if release.corpus.members_read_releases:
                MemberAccess.allow(release.created_by, release)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
