"""The corpus app; its search index is made after every migrate."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from core.page_slots import fill


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        # these import models, which are ready only now
        from corpus.event_words import NOUNS, SENTENCES
        from corpus.search import install
        from people.event_words import register

        register(NOUNS, SENTENCES)

        fill("navigation", "corpus/_navigation_corpus.html", order=20)
        fill("navigation", "corpus/_navigation_people.html", order=60)
        post_migrate.connect(install, sender=self)
