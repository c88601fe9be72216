"""The releases app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from core.page_slots import fill


class ReleasesConfig(AppConfig):
    name = "releases"

    def ready(self):
        # models are not loaded before this
        from annotation import import_undo, reopening
        from core import findable, places
        from corpus import archive, deletion
        from corpus.webhooks import kinds
        from people.event_words import register
        from releases.event_words import NOUNS, SENTENCES
        from releases.exports import releases_to_download
        from releases.findable import FINDERS
        from releases.kept_imports import releases_of, reviews_of
        from releases.overview import add_to_overview
        from releases.places import PLACES
        from releases.submission_readers import reading_release
        from releases.webhook_events import KINDS

        register(NOUNS, SENTENCES)
        places.register(*PLACES)
        findable.register(*FINDERS)
        kinds.register(*KINDS)
        add_to_overview()
        import_undo.kept_because += [releases_of, reviews_of]
        reopening.read_by.append(reading_release)
        archive.nouns |= {
            "releases": ("releases.Release", "corpus"),
            "links": ("releases.Share", "release__corpus"),
        }
        deletion.losses["releases.release"] = gettext_lazy("releases")
        deletion.exports.append(releases_to_download)
        fill("corpus_settings_tabs", "releases/_settings_tab.html", order=30)
        fill("round_actions", "releases/_round_actions.html")
