"""The corpus app; its search index is made after every migrate."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        from corpus.search import install  # imports models, which are ready only now

        post_migrate.connect(install, sender=self)
