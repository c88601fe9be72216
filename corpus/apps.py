"""The corpus app; its search index is made after every migrate."""

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy

from core.page_slots import fill


class CorpusConfig(AppConfig):
    name = "corpus"

    def ready(self):
        # These import models, which are ready only now.
        from core import findable, places
        from corpus import start_page
        from corpus.account_deletion import guard_account_deletion
        from corpus.claimed_roles import apply_roles, check_claimed_roles
        from corpus.deletion import losses
        from corpus.event_words import NOUNS, SENTENCES
        from corpus.findable import FINDERS
        from corpus.installation_needs import installation_needs
        from corpus.job_access import withholds_reason
        from corpus.models.checks import note_change
        from corpus.overview_parts import add_to_overview
        from corpus.places import PLACES
        from corpus.search import install
        from corpus.shortcuts import register_shortcuts
        from corpus.webhooks import corpus_events, kinds
        from corpus.webhooks.delivery import delete_old, wake_due
        from jobs.models import ended
        from jobs.recovery import STEPS
        from people.event_words import register
        from people.notifications import withhold_reason
        from people.sign_in.openid_connect import on_roles

        check_claimed_roles(settings.OIDC_ROLES)
        on_roles(apply_roles)
        register(NOUNS, SENTENCES)
        places.register(*PLACES)
        findable.register(*FINDERS)
        fill("search", "corpus/_search.html")
        kinds.register(*corpus_events.KINDS)
        ended += [corpus_events.announce_failure, note_change]
        STEPS["woke %s webhooks with messages that were due"] = wake_due
        STEPS["deleted %s old deliveries of webhooks"] = delete_old
        losses |= {
            "corpus.source": gettext_lazy("sources"),
            "corpus.dialogue": gettext_lazy("dialogues"),
            "corpus.utterance": gettext_lazy("utterances"),
        }
        fill("side_bar", "corpus/_side_bar.html")
        fill("account_links", "corpus/_installation_link.html", order=20)
        fill("help_link", "corpus/_help_link.html")
        fill("installation_tabs", "corpus/_installation_tabs.html", order=20)
        fill("installation_people_row", "corpus/_people_row.html")
        fill("installation_person", "corpus/_person_corpora.html")
        register_shortcuts()
        add_to_overview()
        start_page.add_part(start_page.Part("corpus/_installation_needs.html", installation_needs))
        guard_account_deletion()
        withhold_reason.append(withholds_reason)
        fill("installation_tabs", "corpus/_installation_tab_jobs.html", order=40)
        post_migrate.connect(install, sender=self)
