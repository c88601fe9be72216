"""The releases app."""

from django.apps import AppConfig

from core.page_slots import fill


class ReleasesConfig(AppConfig):
    name = "releases"

    def ready(self):
        # models are not loaded before this
        from annotation import import_undo
        from releases.kept_imports import releases_of, reviews_of

        import_undo.kept_because += [releases_of, reviews_of]
        fill("navigation", "releases/_navigation.html", order=40)
        fill("round_actions", "releases/_round_actions.html")
