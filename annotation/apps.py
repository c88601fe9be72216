"""The annotation app; it tells the corpus what rounds withhold."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self):
        # models are not loaded before this
        from annotation.blinding import withheld_details, withheld_dialogues, withholding_rounds
        from corpus import visibility

        visibility.withheld_by.append(withheld_dialogues)
        visibility.because.append(withholding_rounds)
        visibility.details_withheld_by.append(withheld_details)
