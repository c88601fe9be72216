from collections import Counter

from django.core.management.base import BaseCommand, CommandError

from corpus.clip_faults import clips_to_recut
from corpus.integrity import KINDS, check
from corpus.models import ClipRecut, Corpus, IntegrityCheck
from jobs.models import JobStatus


class Command(BaseCommand):
    help = (
        "Look for missing, orphaned and changed files, and for impossible times and words; with"
        " --deep also for clips whose picture or sound is not where the source has it."
    )

    def add_arguments(self, parser):
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--deep", action="store_true", help="measure each clip by its source")
        parser.add_argument(
            "--recut", action="store_true", help="cut the clips that are wrong again; rows stay"
        )

    def handle(self, corpus, deep, recut, **options):
        target = Corpus.objects.filter(name=corpus).first()
        if target is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        if deep:
            self._run(IntegrityCheck.request(None, target, now=True))
        if recut:
            self._recut(target)
        counts: Counter[str] = Counter()
        for fault in check(target):
            counts[fault.kind] += 1
            self.stdout.write(f"{fault.place}: {KINDS[fault.kind]} {fault.detail}".rstrip())
        if counts:
            summary = ", ".join(f"{KINDS[kind]} {n}" for kind, n in sorted(counts.items()))
            raise CommandError(f"{counts.total()} faults: {summary}")
        self.stdout.write("OK: no fault found")

    def _recut(self, corpus):
        dialogues, impossible = clips_to_recut(corpus)
        for name, why in impossible:
            self.stdout.write(f"{name}: is not cut again. {why}")
        if not dialogues:
            self.stdout.write("no clip is cut again")
            return
        chosen = [dialogue.pk for dialogue in dialogues]
        job = self._run(ClipRecut.request(None, corpus, now=True, dialogues=chosen))
        for name, why in job.reasons:
            self.stdout.write(f"{name}: is not cut again. {why}")
        self.stdout.write(f"{job.recut_count} of {len(chosen)} clips were cut again")

    def _run(self, job):
        """Do the job here and now. Raises CommandError where it fails or another one does it."""
        before = job.attempt
        job.run()
        job.refresh_from_db()
        if job.attempt == before or job.status == JobStatus.RUNNING:
            raise CommandError("A worker is doing this just now; look at the page of the corpus.")
        if job.status != JobStatus.DONE:
            raise CommandError(job.failure_text or "It was stopped.")
        return job
