"""The demo app: what it shows in pages of other apps."""

from django.apps import AppConfig

from core.page_slots import fill


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self):
        fill("sign_in_notes", "demo/_sign_ins.html")
        fill("getting_started_corpus", "demo/_load_button.html")
        fill("installation_tabs", "demo/_installation_tab.html", order=60)
