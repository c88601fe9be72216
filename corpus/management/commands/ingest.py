from io import BytesIO
from pathlib import Path

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError

from corpus.ingest import digest
from corpus.jobs import JobStatus
from corpus.models import Corpus, Source
from corpus.pairing import pair


class Command(BaseCommand):
    help = (
        "Cut an episode and its transcript into dialogues with clips, here and now; or a folder of"
        " them, matched by name. A folder can be run again: what is done is not done twice."
    )

    def add_arguments(self, parser):
        parser.add_argument("media", type=Path, help="a file or a folder")
        parser.add_argument("transcript", type=Path, nargs="?", help="without it, speech is heard")
        parser.add_argument("--corpus", required=True, help="name of the corpus")
        parser.add_argument("--title", help="default: the file's name")
        parser.add_argument("--gap", type=float, default=4.0, help="seconds that part dialogues")
        parser.add_argument("--encoding", default="", help="of the transcript; default: found")
        parser.add_argument("--publish", action="store_true", help="publish what was cut")

    def handle(self, media, transcript, corpus, title, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        if media.is_dir():
            return self._folder(found, media, options)
        for path in filter(None, (media, transcript)):
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        title = title or media.stem[:80]
        if found.sources.filter(title=title).exists():
            raise CommandError(f"{corpus!r} has a source called {title!r} already; give --title.")
        failure = self._one(found, title, media, transcript, options)
        if failure:
            raise CommandError(failure)

    def _folder(self, corpus, folder, options):
        pairs, left = pair(path for path in folder.rglob("*") if path.is_file())
        if not pairs:
            raise CommandError(f"{folder} holds no video or audio.")
        failures = []
        for media, transcript in pairs:
            title = media.relative_to(folder).with_suffix("").as_posix()[:80]
            done = corpus.sources.filter(status=JobStatus.DONE)
            twin = done.filter(title=title).first() or done.filter(sha256=digest(media)).first()
            if twin:
                self.stdout.write(f"{title}: is here already as {twin.title!r}")
                continue
            failure = self._one(corpus, title, media, transcript, options)
            if failure:
                failures.append(failure)
                self.stderr.write(failure)
        for transcript in left:
            self.stderr.write(f"{transcript.relative_to(folder)}: no episode of this name")
        if failures:
            raise CommandError(f"{len(failures)} of {len(pairs)} episodes were not ingested")

    def _unfinished(self, corpus, title, media, transcript):
        """What a crash or a failure left of this very episode, to be gone on with; or None.

        Of another episode of the same title, what is left is taken away.
        """
        left = corpus.sources.filter(title=title).exclude(status=JobStatus.DONE).first()
        if left is None:
            return None
        words = transcript.read_bytes() if transcript else b""
        with left.transcript.open("rb") if left.transcript else BytesIO() as file:
            same = file.read() == words and left.sha256 == digest(media)
        if not same or left.status == JobStatus.DRAFT:
            left.delete()
            return None
        left.stop()
        left.requeue()
        return left

    def _new(self, corpus, title, media, transcript, options):
        source = Source(
            corpus=corpus, title=title, gap=options["gap"], encoding=options["encoding"]
        )
        source.sha256 = digest(media)
        with media.open("rb") as file:
            source.media.save(media.name, File(file), save=False)
        if transcript:
            with transcript.open("rb") as file:
                source.transcript.save(transcript.name, File(file), save=False)
        source.save()
        return source

    def _one(self, corpus, title, media, transcript, options):
        """Ingest one episode; the sentence that says why not, or None."""
        source = self._unfinished(corpus, title, media, transcript) or self._new(
            corpus, title, media, transcript, options
        )
        if source.looked is None:
            source.look()
        source.ingest()
        if source.status != JobStatus.DONE:
            return f"{media.name}: {source.failure_text}"
        if options["publish"]:
            source.publish(None)
        self.stdout.write(
            f"{title}: {source.counts['dialogues']} dialogues,"
            f" {source.counts['utterances']} utterances, {source.counts['seconds']} s"
        )
        return None
