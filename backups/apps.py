"""The backups app: its part of upkeep, and of pages of other apps."""

from django.apps import AppConfig
from django.conf import settings

from core.page_slots import fill


class BackupsConfig(AppConfig):
    name = "backups"

    def ready(self):
        # These import models, which are ready only now.
        from backups.event_words import NOUNS, SENTENCES
        from backups.needs import backup_needs
        from backups.schedule import request_due, times_of_day
        from corpus import installation_needs
        from jobs.recovery import STEPS
        from people.event_words import register

        times_of_day(settings.BACKUP_AT)
        register(NOUNS, SENTENCES)
        STEPS["asked for %s backups that are due"] = request_due
        fill("installation_tabs", "backups/_installation_tab.html", order=45)
        installation_needs.others.append(backup_needs)
