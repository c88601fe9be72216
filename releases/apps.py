"""The releases app."""

from django.apps import AppConfig

from core.page_slots import fill


class ReleasesConfig(AppConfig):
    name = "releases"

    def ready(self):
        # models are not loaded before this
        from people.event_words import register
        from releases.event_words import NOUNS, SENTENCES

        register(NOUNS, SENTENCES)
        fill("navigation", "releases/_navigation.html", order=40)
        fill("round_actions", "releases/_round_actions.html")
