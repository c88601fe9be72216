"""Files on their way here, in pieces that can be sent again (the tus protocol, version 1.0)."""

import base64
import datetime
import fcntl
import hashlib
import io
import os
import secrets
import shutil

from django.conf import settings
from django.db import models
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from core import pieces, shared_folders
from core.errors import UserError, gettext_noop
from core.full_disk import NOT_SAVED, FullDisk, is_full_disk
from core.shared_folders import in_store
from core.storage import SPARE_DISK
from corpus.models.corpora import Corpus

KEPT_FOR = datetime.timedelta(days=7)


class WrongOffset(UserError):
    """A piece that does not go where the file ends by now."""


class WrongDigest(UserError):
    """A piece that is not what was sent."""


class Upload(models.Model):
    """A file that arrives piece by piece; how far it is, is how much of it is there."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="uploads")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return self.name

    @classmethod
    def begin(cls, person, corpus, name, size):
        """An empty file that will have `size` bytes. Raises UserError if it is too large, for this
        machine or for what the corpus may store.
        """
        for stale in cls.objects.filter(at__lt=timezone.now() - KEPT_FOR):
            stale.discard()
        if not 0 < size <= settings.UPLOAD_MAX_BYTES:
            raise UserError(
                gettext_noop("The file has %(size)s; at most %(limit)s are allowed."),
                size=filesizeformat(size),
                limit=filesizeformat(settings.UPLOAD_MAX_BYTES),
            )
        corpus.guard_storage(size)
        folder = settings.WORK_DIR / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < size + SPARE_DISK:
            raise UserError(
                gettext_noop("The disk has %(free)s left, too little for a file of %(size)s."),
                free=filesizeformat(free),
                size=filesizeformat(size),
            )
        upload = cls.objects.create(corpus=corpus, person=person, name=name[-255:], size=size)
        if not in_store():
            upload.place.touch()
        return upload

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, path) of what has arrived of the uploads to a corpus, by its id."""
        for upload in cls.objects.filter(corpus=corpus):
            yield "uploads", upload.place

    @property
    def place(self):
        """Where the file grows, or, with an object store, is put together."""
        return settings.WORK_DIR / "uploads" / self.token

    @property
    def path(self):
        """What has arrived, as a file of this host. Raises StoreAway."""
        if in_store():
            pieces.assemble(self.place)
        return self.place

    @property
    def offset(self):
        """Bytes that have arrived."""
        if in_store():
            return pieces.size(self.place)
        return self.place.stat().st_size if self.place.exists() else 0

    @property
    def is_complete(self):
        return self.offset == self.size

    def append(self, offset, piece, digest=""):
        """Add bytes at `offset`; `digest` is "sha256 BASE64" of them, as tus has it.

        Raises WrongOffset if the file does not end there, WrongDigest for other bytes.
        """
        algorithm, _space, expected = digest.partition(" ")
        if digest and algorithm != "sha256":
            raise UserError(gettext_noop("Digests are sha256."))
        if digest and base64.b64encode(hashlib.sha256(piece).digest()).decode() != expected:
            raise WrongDigest(gettext_noop("A piece was damaged on its way; it is sent again."))
        if in_store():
            self._guard_offset(self.offset, offset, piece)
            pieces.append(self.place, offset, piece)
            return offset + len(piece)
        with self.place.open("r+b", buffering=0) as raw, io.BufferedWriter(raw) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, os.SEEK_END)
            self._guard_offset(end, offset, piece)
            try:
                file.write(piece)
                file.flush()
            except OSError as error:
                if not is_full_disk(error):
                    raise
                file.truncate(end)
                raise FullDisk(NOT_SAVED) from error
        return offset + len(piece)

    def _guard_offset(self, end, offset, piece):
        if end != offset or end + len(piece) > self.size:
            raise WrongOffset(
                gettext_noop("The file has %(end)d bytes by now, not %(offset)d."),
                end=end,
                offset=offset,
            )

    def discard(self):
        """Forget the upload and what has arrived of it."""
        shared_folders.remove(self.place)
        self.delete()
