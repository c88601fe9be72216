"""The people app; its parts of pages that other apps leave a place for."""

from django.apps import AppConfig
from django.conf import settings

from core.page_slots import fill


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self):
        # these import models, which are ready only now
        from core.places import register
        from jobs import models as jobs
        from people import account_deletion, event_words
        from people.notifications import tell_requester
        from people.places import PLACES
        from people.sign_in.account_removal import last_administrator, remove_sign_ins
        from people.sign_in.openid_connect import check_roles

        register(*PLACES)
        event_words.register(event_words.NOUNS, event_words.SENTENCES)
        fill("installation_tabs", "people/_installation_audit_log_tab.html", order=40)
        check_roles(settings.OIDC_ROLES)
        jobs.ended.append(tell_requester)
        account_deletion.guards.append(last_administrator)
        account_deletion.removers.append(remove_sign_ins)
        fill("account_links", "people/_account_links.html", order=10)
        fill("account_tabs", "people/_tab_profile.html", order=10)
        fill("account_tabs", "people/_tab_tokens.html", order=50)
        fill("account_tabs", "people/_tab_shortcuts.html", order=60)
        fill("account_tabs", "people/_tab_notifications.html", order=70)
        fill("account_tabs", "people/_tab_deletion.html", order=90)
        fill("account_tabs", "people/_tabs_security.html", order=30)
        fill("installation_tabs", "people/_tab_installation_people.html", order=10)
