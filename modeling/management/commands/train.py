import json

from django.core.management.base import BaseCommand, CommandError

from corpus.jobs import JobStatus, Refused
from modeling.models import Recipes, TrainingRun
from releases.models import Release


class Command(BaseCommand):
    help = "Train a recipe on a frozen release, here and now."

    def add_arguments(self, parser):
        parser.add_argument("version")
        parser.add_argument("--corpus", required=True)
        parser.add_argument("--recipe", default=Recipes.HARD_SMALL, choices=Recipes.values)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", action="store_true")

    def handle(self, version, corpus, recipe, seed, json, **options):
        release = Release.objects.filter(corpus__name=corpus, version=version).first()
        if release is None:
            raise CommandError(f"{corpus!r} has no release {version}.")
        try:
            run = TrainingRun.request(None, release, recipe, seed)
        except Refused as error:
            raise CommandError(str(error)) from error
        run.train()
        if run.status != JobStatus.DONE:
            raise CommandError(run.failure_text or run.get_status_display())
        self.stdout.write(_as_json(run.results) if json else _table(run))


def _as_json(results):
    return json.dumps(results)


def _table(run):
    lines = [f"run {run.pk}, {run.results['seconds']} s, evaluated on {run.results['split']}"]
    lines.append(
        f"{'task':<20} {'accuracy':>8} {'majority':>8} {'macro-F1':>8} {'majority':>8}    n"
    )
    for task, found in run.results["tasks"].items():
        if found is None:
            lines.append(f"{task:<20} no labels to learn from or to compare with")
            continue
        lines.append(
            f"{task:<20} {found['accuracy']:>8.3f} {found['majority_accuracy']:>8.3f}"
            f" {found['macro_f1']:>8.3f} {found['majority_macro_f1']:>8.3f} {found['n']:>4}"
        )
    return "\n".join(lines)
