from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotation.importing import import_published
from corpus.formats import FORMATS, FormatError
from corpus.jobs import Refused
from corpus.models import Corpus
from people.models import Person

SHOWN = 20


class Command(BaseCommand):
    help = "Import the tables of a published corpus: all files or none."

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--format", required=True, choices=FORMATS)
        parser.add_argument("--corpus", required=True, help="name; made if it does not exist")
        parser.add_argument("--lead", help="username of a new corpus' lead")
        parser.add_argument("--report", type=Path, help="write every finding to this CSV")

    def handle(self, files, corpus, lead, report, **options):
        for path in files:
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        try:
            with transaction.atomic():
                found = self._corpus(corpus, lead)
                sources = import_published(found, options["format"], files)
        except (FormatError, Refused) as error:
            raise CommandError(f"{error} Nothing was imported.") from error
        for source in sources:
            self._say(source)
        if report:
            write_report(report, sources)
            self.stdout.write(f"every finding: {report}")

    def _corpus(self, name, lead):
        found = Corpus.objects.filter(name=name).first()
        if found:
            return found
        if not lead:
            return Corpus.objects.create(name=name)
        person = Person.objects.filter(username=lead).first()
        if person is None:
            raise Refused(f"There is no person called {lead!r}.")
        return Corpus.found(person, name=name)

    def _say(self, source):
        counts = source.counts
        self.stdout.write(
            f"{source.title}: {counts['dialogues']} dialogues, {counts['utterances']} labelled"
            f" utterances, {counts['labels']} labels; {counts['unlabelled']} rows without a label"
            " left out"
        )
        if counts["ignored"]:
            self.stdout.write(f"  columns not imported: {', '.join(counts['ignored'])}")
        cells = source.findings.exclude(column="")
        for finding in cells[:SHOWN]:
            self.stdout.write(
                f"  {source.title}, line {finding.line}, {finding.column}:"
                f" {finding.outcome} {finding.value!r}: {finding.why}"
            )
        more = cells.count() - SHOWN
        if more > 0:
            self.stdout.write(f"  and {more} more cells")


def write_report(path, sources):
    """Every finding of the sources as CSV: file, line, column, value, outcome, reason."""
    import csv

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "line", "column", "value", "outcome", "reason"])
        for source in sources:
            for f in source.findings.all().iterator():
                table.writerow([source.title, f.line, f.column, f.value, f.outcome, f.why])
