"""The corpus app; its search index is made after every migrate."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy

from core.page_slots import fill


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        # these import models, which are ready only now
        from corpus.deletion import losses
        from corpus.search import install

        losses |= {
            "corpus.source": gettext_lazy("sources"),
            "corpus.dialogue": gettext_lazy("dialogues"),
            "corpus.utterance": gettext_lazy("utterances"),
        }

        fill("navigation", "corpus/_navigation_corpus.html", order=20)
        fill("navigation", "corpus/_navigation_people.html", order=60)
        fill("navigation", "corpus/_navigation_settings.html", order=70)
        fill("installation_tabs", "corpus/_installation_tabs.html", order=20)
        fill("account_links", "corpus/_installation_link.html", order=20)
        post_migrate.connect(install, sender=self)
