"""The annotation app; it tells the corpus what rounds withhold."""

from django.apps import AppConfig

from core.page_slots import fill


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self):
        # models are not loaded before this
        from annotation import event_words
        from annotation.blinding import withheld_details, withheld_dialogues, withholding_rounds
        from annotation.figures import figures
        from core import metrics
        from corpus import visibility
        from people.event_words import register

        register(event_words.NOUNS, event_words.SENTENCES)
        metrics.collect.append(figures)

        visibility.withheld_by.append(withheld_dialogues)
        visibility.because.append(withholding_rounds)
        visibility.details_withheld_by.append(withheld_details)
        fill("navigation", "annotation/_navigation_tasks.html", order=10)
        fill("navigation", "annotation/_navigation_rounds.html", order=30)
        fill("home_links", "annotation/_tasks_link.html")
        fill("forbidden_links", "annotation/_tasks_link.html")
        fill("utterance_search_url", "annotation/_utterance_search_url.html")
        fill("republication_url", "annotation/_republication_url.html")
