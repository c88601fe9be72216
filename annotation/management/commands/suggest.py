from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotation.management.input_table import InputTable
from annotation.suggestion_batch import LONGEST_ORIGIN, SuggestionBatch
from core.errors import UserError
from core.translation import translate_error
from corpus import tabular
from corpus.models import Corpus

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
        table = InputTable(file, COLUMNS, encoding, sheet)
        table.describe(self.stdout.write)
        batch = SuggestionBatch(found, origin[:LONGEST_ORIGIN])
        for line, (utterance, task, value, share) in table.rows(ANSWER):
            try:
                batch.add(utterance, task, value, tabular.number(share))
            except UserError as error:
                table.bad[line] = translate_error(error)
        table.refuse_bad()
        if check:
            self.stdout.write(f"{len(batch)} suggestions can be stored; nothing was stored")
            return
        self.stdout.write(f"{batch.store(None)} suggestions stored")
