"""How long runs take, by what earlier ones took."""

from collections import defaultdict
from statistics import median

from jobs.models import JobStatus
from modeling.learner.recipes import RECIPES
from modeling.models import TrainingRun
from modeling.run_configuration import lengths_read

MOST_RUNS = 200  # the newest count


def typical_seconds(corpus):
    """Recipe -> (median seconds of its finished runs in a corpus, how many these are)."""
    finished = TrainingRun.objects.filter(
        release__corpus=corpus, status=JobStatus.DONE, started_at__isnull=False
    )
    spans = defaultdict(list)
    rows = finished.order_by("-pk").values_list("recipe", "started_at", "finished_at")
    for recipe, started, ended in rows[:MOST_RUNS]:
        if started and ended:
            spans[recipe].append((ended - started).total_seconds())
    return {recipe: (median(values), len(values)) for recipe, values in spans.items()}


def plan_data(corpus, fields, workers):
    """What the live summary of the form computes with: of each recipe its typical time and its own
    values of the `fields` that can be set, and how many workers train.
    """
    seconds = typical_seconds(corpus)

    def own(recipe):
        lengths = {field: n for field, n in lengths_read(recipe).items() if n}
        others = {k: v for k, v in recipe.to_json().items() if not k.endswith("_steps")}
        return (others | lengths).items()

    recipes = {
        name: {
            "seconds": seconds.get(name, (None, 0))[0],
            "runs": seconds.get(name, (None, 0))[1],
            "defaults": {
                field: str(value)
                for field, value in own(recipe)
                if field in fields and not isinstance(value, bool) and field not in recipe.unused
            },
        }
        for name, recipe in RECIPES.items()
    }
    return {"recipes": recipes, "workers": workers or 0}
