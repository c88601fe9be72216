"""The people app; its parts of pages that other apps leave a place for."""

from django.apps import AppConfig

from core.page_slots import fill


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self):
        fill("account_links", "people/_account_links.html", order=10)
        fill("account_tabs", "people/_account_tabs_security.html", order=30)
