"""The people app; its parts of pages that other apps leave a place for."""

from django.apps import AppConfig

from core.page_slots import fill


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self):
        from jobs import models as jobs  # models are not loaded before this
        from people.notifications import tell_requester

        jobs.ended.append(tell_requester)
        fill("account_links", "people/_account_links.html", order=10)
        fill("account_tabs", "people/_tab_profile.html", order=10)
        fill("account_tabs", "people/_tab_tokens.html", order=50)
        fill("account_tabs", "people/_tab_shortcuts.html", order=60)
        fill("account_tabs", "people/_tab_notifications.html", order=70)
        fill("account_tabs", "people/_tab_deletion.html", order=90)
