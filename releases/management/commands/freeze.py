from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from annotation.models import Round
from corpus.jobs import JobStatus, Refused
from corpus.models import Corpus
from releases.models import LICENCES, Release, semantic_version


class Command(BaseCommand):
    help = "Freeze a release of a corpus, here and now."

    def add_arguments(self, parser):
        parser.add_argument("version", help="such as 1.0.0")
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--rounds", nargs="*", type=int, help="numbers; default: all rounds")
        parser.add_argument("--licence", default="cc-by-nc-4.0", choices=[k for k, _ in LICENCES])
        parser.add_argument("--seed", type=int, default=1, help="of the splits")

    def handle(self, version, corpus, rounds, licence, seed, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        chosen = Round.objects.filter(corpus=found)
        if rounds:
            chosen = chosen.filter(pk__in=rounds)
        try:
            semantic_version(version)
            release = Release.request(
                None, found, version, list(chosen), licence=licence, seed=seed
            )
        except (Refused, ValidationError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        release.freeze()
        if release.status != JobStatus.DONE:
            raise CommandError(release.failure_text)
        self.stdout.write(f"{release}: {release.digest}\n{release.directory}")
