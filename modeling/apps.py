"""The modeling app; its searches and scheduled runs go on beside the jobs of workers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from core.page_slots import fill


class ModelingConfig(AppConfig):
    name = "modeling"

    def ready(self):
        # here, because models can be imported once every app is ready
        from core import findable, places
        from corpus import archive, deletion
        from corpus.webhooks import kinds
        from jobs.recovery import STEPS
        from modeling.event_words import NOUNS, SENTENCES
        from modeling.findable import FINDERS
        from modeling.overview import add_to_overview
        from modeling.places import PLACES
        from modeling.scheduled_runs import repeat_due
        from modeling.search_trials import continue_searches
        from modeling.webhook_events import KINDS
        from people.event_words import register

        register(NOUNS, SENTENCES)
        add_to_overview()
        places.register(*PLACES)
        findable.register(*FINDERS)
        kinds.register(*KINDS)
        archive.nouns |= {
            "experiments": ("modeling.Experiment", "release__corpus"),
            "runs": ("modeling.TrainingRun", "release__corpus"),
            "evaluations": ("modeling.Evaluation", "training_run__release__corpus"),
            "protocols": ("modeling.Protocol", "release__corpus"),
            "models": ("modeling.RegisteredModel", "run__release__corpus"),
            "features": ("modeling.ImportedFeatures", "release__corpus"),
            "feature-imports": ("modeling.FeatureImport", "release__corpus"),
            "language-model-judges": ("modeling.LanguageModelJudge", "release__corpus"),
        }
        deletion.losses["modeling.trainingrun"] = gettext_lazy("runs")
        deletion.losses["modeling.protocol"] = gettext_lazy("protocols")
        fill("release_actions", "modeling/_release_actions.html")
        fill("installation_tabs", "modeling/_installation_tab_encoders.html", order=30)
        fill("release_sections", "modeling/_release_runs.html")
        STEPS["went on with %s"] = continue_searches
        STEPS["repeated %s on new releases"] = repeat_due
