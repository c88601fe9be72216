"""The people app; its parts of pages that other apps leave a place for."""

from django.apps import AppConfig

from core.page_slots import fill


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self):
        # models are not loaded before this
        from people import event_words

        event_words.register(event_words.NOUNS, event_words.SENTENCES)
        fill("installation_tabs", "people/_installation_audit_log_tab.html", order=40)
        fill("account_links", "people/_account_links.html", order=10)
