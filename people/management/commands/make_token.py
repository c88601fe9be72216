"""Make a personal access token for a script, and print it."""

import datetime

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.command_options import name as name_of
from core.command_options import whole
from people.access_tokens import DEFAULT_DAYS, Scope
from people.models import AccessToken, Person


class Command(BaseCommand):
    help = "Print a new access token of a person for the HTTP API; it cannot be shown again."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument(
            "--name", type=name_of(80), default="command line", help="what it is for"
        )
        parser.add_argument(
            "--scopes",
            nargs="+",
            choices=Scope.values,
            default=[Scope.READ, Scope.ANNOTATE],
            help="what it may do",
        )
        parser.add_argument(
            "--days",
            type=whole(0, 36_500),
            default=DEFAULT_DAYS,
            help="how long it works; 0: for ever",
        )

    def handle(self, username, name, scopes, days, **_options):
        person = Person.objects.filter(username=username, is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active account “{username}”.")
        expires_at = timezone.now() + datetime.timedelta(days=days) if days else None
        self.stdout.write(AccessToken.create(person, name, scopes, expires_at)[1])
