"""The corpus app; its search index is made after every migrate."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from core.page_slots import fill


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        from corpus.search import install  # imports models, which are ready only now

        fill("navigation", "corpus/_navigation_corpus.html", order=20)
        fill("navigation", "corpus/_navigation_people.html", order=60)
        fill("navigation", "corpus/_navigation_jobs.html", order=70)
        fill("installation_tabs", "corpus/_installation_tab_jobs.html", order=40)
        post_migrate.connect(install, sender=self)
