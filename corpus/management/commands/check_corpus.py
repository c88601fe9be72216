from collections import Counter

from django.core.management.base import BaseCommand, CommandError

from corpus.integrity import KINDS, check
from corpus.models import Corpus


class Command(BaseCommand):
    help = "Look for missing, orphaned and changed files, and for impossible times and words."

    def add_arguments(self, parser):
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--deep", action="store_true", help="read every clip, too")

    def handle(self, corpus, deep, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        counts = Counter()
        for fault in check(found, deep):
            counts[fault.kind] += 1
            self.stdout.write(f"{fault.place}: {KINDS[fault.kind]} {fault.detail}".rstrip())
        if counts:
            said = ", ".join(f"{KINDS[kind]} {n}" for kind, n in sorted(counts.items()))
            raise CommandError(f"{counts.total()} faults: {said}")
        self.stdout.write("OK: no fault found")
