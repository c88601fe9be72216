"""The releases app."""

from django.apps import AppConfig

from core.page_slots import fill


class ReleasesConfig(AppConfig):
    name = "releases"

    def ready(self):
        fill("navigation", "releases/_navigation.html", order=40)
        fill("round_actions", "releases/_round_actions.html")
