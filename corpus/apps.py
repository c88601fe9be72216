"""The corpus app; its search index is made after every migrate."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from core.page_slots import fill


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        # these import models, which are ready only now
        from corpus.account_deletion import guard_account_deletion
        from corpus.search import install
        from corpus.shortcuts import register_shortcuts

        fill("navigation", "corpus/_navigation_corpus.html", order=20)
        fill("navigation", "corpus/_navigation_people.html", order=60)
        register_shortcuts()
        guard_account_deletion()
        post_migrate.connect(install, sender=self)
