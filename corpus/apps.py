"""The corpus app; its search index is made after every migrate."""

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate

from core.page_slots import fill


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        # These import models, which are ready only now.
        from corpus.claimed_roles import apply_roles, check_claimed_roles
        from corpus.event_words import NOUNS, SENTENCES
        from corpus.search import install
        from people.event_words import register
        from people.sign_in.openid_connect import on_roles

        check_claimed_roles(settings.OIDC_ROLES)
        on_roles(apply_roles)
        register(NOUNS, SENTENCES)

        fill("navigation", "corpus/_navigation_corpus.html", order=20)
        fill("navigation", "corpus/_navigation_people.html", order=60)
        fill("installation_people_head", "corpus/_people_head.html")
        fill("installation_people_row", "corpus/_people_row.html")
        fill("installation_person", "corpus/_person_corpora.html")
        post_migrate.connect(install, sender=self)
