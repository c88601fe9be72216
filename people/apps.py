"""The people app; its parts of pages that other apps leave a place for."""

from django.apps import AppConfig
from django.conf import settings

from core.page_slots import fill


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self):
        # these import models, which are ready only now
        from people import event_words
        from people.sign_in.openid_connect import check_roles

        event_words.register(event_words.NOUNS, event_words.SENTENCES)
        fill("installation_tabs", "people/_installation_audit_log_tab.html", order=40)
        check_roles(settings.OIDC_ROLES)
        fill("account_links", "people/_account_links.html", order=10)
        fill("account_tabs", "people/_tabs_security.html", order=30)
        fill("installation_tabs", "people/_tab_installation_people.html", order=10)
