"""Which files the rows of the database name, so that a backup has both or neither."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models

from backups.areas import Area, Folder, SharedFolder, areas
from core.errors import UserError, gettext_noop
from core.shared_folders import in_store
from corpus.models import Corpus
from corpus.spreadsheets import CELLS
from jobs.models import JobStatus
from releases import archive
from releases.models import Diff, Release


@dataclass
class References:
    """What the rows of one moment name: files of the storage; folders and files elsewhere."""

    files: set[str] = field(default_factory=set)
    places: dict[str, set[str]] = field(default_factory=dict)  # area -> names of folders and files

    def names(self, area: str, name: str) -> bool:
        """Whether a row names this file, or a folder that it lies in, or what it was made of."""
        if area == "encoders":  # found by what is there, without rows
            return True
        if area == "media" and name.removesuffix(CELLS) in self.files:
            return True
        places = self.places.get(area, set())
        parts = name.split("/")
        return any("/".join(parts[: end + 1]) in places for end in range(len(parts)))


def references(here: dict[str, Area]) -> References:
    """What the rows name now."""
    found = References(places={key: set() for key in here})
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, models.FileField):
                rows: models.QuerySet[Any] = models.QuerySet(model).exclude(**{column.name: ""})
                names = rows.order_by().values_list(column.name, flat=True)
                found.files.update(filter(None, names.iterator()))
    for release in Release.objects.filter(status=JobStatus.DONE).iterator():
        _add(found, here, release.folder)
        _add(found, here, archive.index_path(release.folder))
    for diff in Diff.objects.iterator():
        _add(found, here, diff.place)
    for corpus in Corpus.objects.iterator():
        for kind, place in corpus.places():
            if kind != "releases" and isinstance(place, Path):
                _add(found, here, place)
            elif kind == "imports":
                found.places["media"].add(str(place))
    return found


def share_folders() -> int:
    """Publish for other hosts what rows name and lies on this one, and its encoders; how many
    folders and files.
    """
    if not in_store():
        raise UserError(
            gettext_noop("S3_BUCKET is not set: hosts share folders by the file system.")
        )
    here, count = areas(), 0
    names = references(here)
    for key, area in here.items():
        if isinstance(area, SharedFolder):
            named = names.places[key] if key != "encoders" else _folders_in(area.root)
            found = [each for each in named if (area.root / each).exists()]
            area.publish(found)
            count += len(found)
    return count


def _folders_in(root: Path) -> set[str]:
    if not root.is_dir():
        return set()
    return {each.name for each in root.iterdir() if each.is_dir() and each.name[0] != "."}


def _add(found: References, areas: dict[str, Area], path: Path) -> None:
    for key, area in areas.items():
        if isinstance(area, Folder) and path.is_relative_to(area.root):
            found.places[key].add(path.relative_to(area.root).as_posix())
