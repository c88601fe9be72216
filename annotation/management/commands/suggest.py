import csv
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotation.models import SchemeVersion, Suggestion
from annotation.scheme import SchemeError
from corpus.models import Corpus, Utterance

COLUMNS = ["utterance", "task", "value", "probability"]


class Command(BaseCommand):
    help = (
        "Store what a machine would answer, from a CSV with the columns utterance, task, value,"
        " probability. All of the file or none of it."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--origin", required=True, help="which machine, with its version")

    def handle(self, file, corpus, origin, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        schemes = [version.scheme for version in found.schemes.all()]
        schemes = schemes or [SchemeVersion.of(found).scheme]
        known = dict(Utterance.objects.filter(corpus=found).values_list("uid", "pk"))
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if rows.fieldnames is None or set(COLUMNS) - set(rows.fieldnames):
                raise CommandError(f"{file}, line 1: expected the columns {', '.join(COLUMNS)}.")
            made = [
                self._row(f"{file}, line {rows.line_num}", row, known, schemes, origin)
                for row in rows
            ]
        Suggestion.objects.bulk_create(made, batch_size=2000)
        self.stdout.write(f"{len(made)} suggestions stored")

    def _row(self, place, row, known, schemes, origin):
        if row["utterance"] not in known:
            raise CommandError(f"{place}: no utterance {row['utterance']!r}. Nothing was stored.")
        if not any(self._fits(scheme, row) for scheme in schemes):
            raise CommandError(
                f"{place}: {row['value']!r} is no answer to {row['task']!r} in any scheme of the"
                " corpus. Nothing was stored."
            )
        try:
            probability = float(row["probability"])
        except ValueError:
            probability = -1.0
        if not 0 <= probability <= 1:
            raise CommandError(
                f"{place}: expected a probability from 0 to 1, not {row['probability']!r}."
                " Nothing was stored."
            )
        return Suggestion(
            utterance_id=known[row["utterance"]],
            task=row["task"],
            value=row["value"],
            probability=probability,
            origin=origin[:120],
        )

    def _fits(self, scheme, row):
        try:
            scheme.check(row["task"], row["value"])
        except SchemeError:
            return False
        return True
