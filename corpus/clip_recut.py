"""Clips that were cut wrongly are cut again from their sources; their rows stay as they are.

A source's clips are replaced together: the new files are cut, compared with the source and stored
beside the old ones, then the rows point to them, then the old ones are deleted. Whatever was cut
when a worker died is taken up by the next one.
"""

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from core import storage
from core.errors import UserError, gettext_noop
from corpus.clip_faults import (
    BUSY,
    MISSING,
    ClipFault,
    checked_since,
    files_of,
    repairable_faults,
    why_not_recut,
)
from corpus.clip_format import VERSION
from corpus.import_plan import Cut
from corpus.ingest import (
    clip_fields,
    compared_with_source,
    cutter,
    delete_unused_files,
    prepare_folder,
    store_files,
    work_folder,
    write_files,
)
from corpus.media_process import MediaProcess
from corpus.models import ClipRecut, Dialogue, ImportProblem, Source
from corpus.problems import Problem
from jobs.models import JobStatus
from people.models import Event

CHANGED = gettext_noop("The dialogue was changed meanwhile. Check again.")


def recut_clips(job: ClipRecut) -> None:
    """Cut the clips of the job's dialogues again, source by source; done ones are not done twice.

    What cannot be cut again is kept in `job.skipped`, by dialogue, with why.
    """
    rows = job.corpus.dialogues.filter(pk__in=job.dialogues).exclude(clip="")
    ordered = rows.select_related("source").order_by("source_id", "start")
    groups: dict[Source, list[Dialogue]] = defaultdict(list)
    for dialogue in list(ordered):
        if not _is_done(dialogue, job):
            groups[dialogue.source].append(dialogue)
    job.skipped = []
    for number, (source, dialogues) in enumerate(groups.items()):
        part = _SourceRecut(job, source, number / len(groups), 1 / len(groups))
        part.recut(dialogues)
    done = list(job.corpus.dialogues.filter(pk__in=job.dialogues))
    with transaction.atomic():
        ClipRecut.objects.filter(pk=job.pk, attempt=job.attempt).update(
            recut_count=sum(_is_done(dialogue, job) for dialogue in done), skipped=job.skipped
        )
        job.finish()


def _is_done(dialogue: Dialogue, job: ClipRecut) -> bool:
    """True if the clip was cut by this code after the job was asked for."""
    return (
        dialogue.cutter_version == VERSION
        and checked_since(dialogue, job.requested_at)
        and not repairable_faults(dialogue)
        and all(default_storage.exists(name) for name in files_of(dialogue))
    )


class _SourceRecut:
    """One source of a job."""

    def __init__(self, job: ClipRecut, source: Source, begin: float, share: float) -> None:
        self.job, self.source = job, source
        self.begin, self.share = begin, share

    def report_progress(self, share: float) -> None:
        self.job.report_progress(self.begin + self.share * min(share, 1.0))

    def skip(self, dialogues: list[Dialogue], template: str, values: dict[str, Any]) -> None:
        """Keep why these are left as they are."""
        self.job.skipped += [
            {"dialogue": row.uid, "template": template, "values": values} for row in dialogues
        ]

    def recut(self, dialogues: list[Dialogue]) -> None:
        why_not = why_not_recut(self.source)
        if why_not:
            self.skip(dialogues, *why_not)
            return
        delete_unused_files(self.source)
        root = work_folder(self.source, "recut")
        cuts = {row.pk: Cut([], row.start or 0.0, row.end or 0.0) for row in dialogues}
        try:
            with storage.local(str(self.source.media)) as path:
                self.source.probe_media(path)
                folder = prepare_folder(
                    root, self.job.attempt, self.source.probed, list(cuts.values())
                )
                with cutter(self.source, path, folder, list(cuts.values())) as media:
                    made = self._new_clips(media, path, folder, dialogues, cuts)
        except UserError as error:
            self.skip(dialogues, error.template, error.values)
            return
        good = [(row, part) for row, part in made if part.check and not part.check.faults]
        for row, part in made:
            if part.check and part.check.faults:
                fault = part.check.faults[0]
                self.skip([row], fault.template, fault.values)
        for _row, part in good:
            store_files(part, folder)
        self._switch_files(good)
        shutil.rmtree(root.parent, ignore_errors=True)
        delete_unused_files(self.source)

    def _new_clips(
        self,
        media: MediaProcess,
        path: Path,
        folder: Path,
        dialogues: list[Dialogue],
        cuts: dict[int, Cut],
    ) -> list[tuple[Dialogue, Cut]]:
        """The new clips, measured; where one cannot be cut the others still are, one by one."""
        tag = f"r{self.job.attempt}"

        def cut(rows: list[Dialogue]) -> list[tuple[Dialogue, Cut]]:
            parts = [cuts[row.pk] for row in rows]
            made = write_files(
                media, self.source, path, parts, folder, self.report_progress, tag, exact=True
            )
            return list(zip(rows, made, strict=True))

        try:
            made = cut(dialogues)
        except UserError:  # it does not say which: find out
            made = []
            for row in dialogues:
                try:
                    made += cut([row])
                except UserError as error:
                    self.skip([row], error.template, error.values)
        new = [part for _row, part in made]
        checked = compared_with_source(media, self.source, path, new, folder, self.report_progress)
        return [(row, part) for (row, _part), part in zip(made, checked, strict=True)]

    @transaction.atomic
    def _switch_files(self, made: list[tuple[Dialogue, Cut]]) -> None:
        """Let the rows point to the new files, all of the source or none."""
        locked = Source.objects.select_for_update().get(pk=self.source.pk)
        if locked.status != JobStatus.DONE:
            self.skip([row for row, _part in made], BUSY, {"source": locked.title})
            return
        self.job.report_progress()
        changed, problems = [], []
        for row, part in made:
            fields = clip_fields(self.source, part)
            names = [fields[name] for name in ("clip", "poster", "audio", "peaks") if fields[name]]
            same = Dialogue.objects.filter(pk=row.pk, start=row.start, end=row.end, clip=row.clip)
            there = all(default_storage.exists(name) for name in names)
            if not there or not same.update(**fields):
                self.skip([row], CHANGED, {})
                continue
            changed.append(row)
            before = repairable_faults(row) or [ClipFault("missing", MISSING, {})]
            problems += [
                Problem(0, "clip", row.uid, "repaired", fault.template, fault.values)
                for fault in before
            ]
        if changed:
            ImportProblem.objects.store(self.source, problems)
            Event.record(
                self.job.person,
                "recut clips",
                self.source,
                title=self.source.title,
                dialogues=[row.uid for row in changed],
                why=sorted({fault.kind for row in changed for fault in repairable_faults(row)})
                or ["missing"],
            )
