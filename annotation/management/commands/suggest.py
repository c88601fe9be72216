from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotation.management.input_table import InputTable
from annotation.models import SchemeVersion, Suggestion
from annotation.scheme import SchemeError
from corpus import tabular
from corpus.models import Corpus, Utterance

COLUMNS = ("utterance", "task", "value", "probability")
ANSWER = 3  # the first columns, which say what the probability is of


class Command(BaseCommand):
    help = (
        "Store what a machine would answer, from a table (CSV, TSV, XLSX, JSONL) with the columns"
        " utterance, task, value, probability (of that value, 0 to 1), one line a question. All of"
        " the file or none of it."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--origin", required=True, help="which machine, with its version")
        InputTable.add_arguments(parser)

    def handle(self, file, corpus, origin, encoding, sheet, check, **options):
        found = Corpus.objects.filter(name=corpus).first()
        if found is None:
            raise CommandError(f"There is no corpus called {corpus!r}.")
        schemes = [version.scheme for version in found.schemes.all()]
        schemes = schemes or [SchemeVersion.of(found).scheme]
        known = dict(Utterance.objects.filter(corpus=found).values_list("uid", "pk"))
        table = InputTable(file, COLUMNS, encoding, sheet)
        table.describe(self.stdout.write)
        made, asked = [], set()
        for line, (utterance, task, value, share) in table.rows(ANSWER):
            probability = tabular.number(share)
            if utterance not in known:
                table.bad[line] = f"no utterance {utterance!r}."
            elif not any(self._fits(scheme, task, value) for scheme in schemes):
                table.bad[line] = f"{value!r} is no answer to {task!r} in any scheme of the corpus."
            elif probability is None or not 0 <= probability <= 1:
                table.bad[line] = f"expected a probability from 0 to 1, not {share!r}."
            elif (utterance, task) in asked:
                table.bad[line] = f"a second value for {task!r} of {utterance!r}."
            else:
                asked.add((utterance, task))
                answer = {"task": task, "value": value, "probability": probability}
                pk = known[utterance]
                made.append(Suggestion(utterance_id=pk, origin=origin[:120], **answer))
        table.refuse_bad()
        if check:
            self.stdout.write(f"{len(made)} suggestions can be stored; nothing was stored")
            return
        Suggestion.objects.bulk_create(made, batch_size=2000)
        self.stdout.write(f"{len(made)} suggestions stored")

    def _fits(self, scheme, task, value):
        try:
            scheme.check(task, value)
        except SchemeError:
            return False
        return True
