from pathlib import Path

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError

from corpus.jobs import JobStatus
from corpus.models import Corpus


class Command(BaseCommand):
    help = "Cut an episode and its SRT into dialogues with clips, here and now."

    def add_arguments(self, parser):
        parser.add_argument("media", type=Path)
        parser.add_argument(
            "transcript", type=Path, nargs="?", help="any kind we read; without it, one span"
        )
        parser.add_argument("--corpus", required=True, help="name of the corpus")
        parser.add_argument("--title", help="default: the file's name")
        parser.add_argument("--gap", type=float, default=4.0, help="seconds that part dialogues")
        parser.add_argument("--encoding", default="", help="of the transcript; default: found")
        parser.add_argument("--publish", action="store_true", help="publish what was cut")

    def handle(self, media, transcript, corpus, title, gap, encoding, publish, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        for path in filter(None, (media, transcript)):
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        title = title or media.stem[:80]
        if found.sources.filter(title=title).exists():
            raise CommandError(f"{corpus!r} has a source called {title!r} already; give --title.")
        source = found.sources.create(title=title, gap=gap, encoding=encoding)
        self._store(source, media, transcript)
        source.ingest()
        if source.status != JobStatus.DONE:
            raise CommandError(f"{media.name}: {source.failure_text}")
        if publish:
            source.publish(None)
        self.stdout.write(
            f"{title}: {source.counts['dialogues']} dialogues,"
            f" {source.counts['utterances']} utterances, {source.counts['seconds']} s"
        )

    def _store(self, source, media, transcript):
        with media.open("rb") as file:
            source.media.save(media.name, File(file))
        if transcript:
            with transcript.open("rb") as file:
                source.transcript.save(transcript.name, File(file))
