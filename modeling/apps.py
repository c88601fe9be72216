"""The modeling app."""

from django.apps import AppConfig

from core.page_slots import fill


class ModelingConfig(AppConfig):
    name = "modeling"

    def ready(self):
        fill("navigation", "modeling/_navigation.html", order=50)
        fill("release_actions", "modeling/_release_actions.html")
        fill("release_sections", "modeling/_release_runs.html")
