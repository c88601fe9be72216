"""The core app; errors are reported from the first request on."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self):
        from core import error_reports  # settings are complete only now

        error_reports.start()
