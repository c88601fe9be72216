import json as text

from django.core.management.base import BaseCommand, CommandError

from core.command_options import whole
from core.errors import UserError
from core.translation import translate_error
from jobs.models import JobStatus
from modeling.learner.evaluation_tables import evaluation_text as table
from modeling.learner.recipes import SEEDS
from modeling.models import Evaluation, Recipes, TrainingRun
from releases.models import Release


class Command(BaseCommand):
    help = "Train a recipe on a frozen release, here and now."

    def add_arguments(self, parser):
        parser.add_argument("version")
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--recipe", default=Recipes.HARD_SMALL, choices=Recipes.values)
        parser.add_argument("--seed", type=whole(*SEEDS), default=1)
        parser.add_argument(
            "--test",
            "--look",  # its former name
            action="store_true",
            help="then evaluate on the held-out test set, which is counted",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, version, corpus, recipe, seed, test, json, **options):
        release = Release.objects.filter(corpus__name=corpus, version=version).first()
        if release is None:
            raise CommandError(f"{corpus!r} has no release {version}.")
        try:
            run = TrainingRun.request(None, release, recipe, seed)
        except UserError as error:
            raise CommandError(translate_error(error)) from error
        _ended(run.run())
        results = run.results
        if test:
            results = _ended(Evaluation.request(None, run).run()).result
        if json:
            self.stdout.write(text.dumps(results))
        else:
            self.stdout.write(f"run {run.pk}, {run.results['seconds']} s, {table(results)}")


def _ended(job):
    if job.status != JobStatus.DONE:
        raise CommandError(job.failure_text or job.get_status_display())
    return job
