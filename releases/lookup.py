"""The release that somebody names on a command line."""

from pathlib import Path

from django.core.management.base import CommandError

from releases.models import Release


def frozen_release(version, corpus):
    """The frozen release of a version of a corpus. Raises CommandError if there is none."""
    matching = Release.objects.frozen().filter(corpus__name=corpus, version=version)
    release = matching.select_related("corpus").first()
    if release is None:
        raise CommandError(f"{corpus!r} has no frozen release {version}.")
    return release


def release_directory(named):
    """The directory of `CORPUS@VERSION`, or of a path. Raises CommandError if there is none."""
    path = Path(named)
    if (path / "manifest.json").is_file():
        return path
    corpus, at, version = named.rpartition("@")
    if not at:
        raise CommandError(f"{named!r} is no release directory; expected one, or CORPUS@VERSION.")
    return frozen_release(version, corpus).directory_with_media
