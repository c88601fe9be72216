"""Webhooks of a corpus, and each message to one of them with what became of it."""

import datetime
import hashlib
import json
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, ValidationError, gettext_noop
from core.translation import translate
from corpus.models.corpora import Corpus, Membership
from corpus.models.token_links import new_nonce
from corpus.webhooks import kinds as event_kinds
from corpus.webhooks.receiver import LONGEST_WAIT, check_address
from corpus.webhooks.signature import new_message_id, secret_of
from jobs.models import send
from jobs.tasks import call_with_row
from people.models import Event
from people.notifications import WEBHOOK, notify

DELIVER = "corpus.webhooks.delivery.deliver_due"
OLD_SECRET_FOR = datetime.timedelta(hours=24)  # after an exchange, messages are signed by both
AT_WORK = datetime.timedelta(seconds=60)  # that an attempt may take beside WEBHOOK_TIMEOUT
AGAIN_AFTER = datetime.timedelta(seconds=30)  # the first time
AGAIN_AT_LEAST = datetime.timedelta(hours=6)  # so often a message is tried again at the end
RESTS_AT_MOST = datetime.timedelta(minutes=30)  # a receiver that answers nothing
WAITS_AT_MOST = datetime.timedelta(seconds=LONGEST_WAIT)  # a message for its next attempt
WOKEN_FOR = datetime.timedelta(minutes=1)  # a worker is asked again if none has come then
SWITCHED_OFF = gettext_noop("A webhook of the corpus “%(corpus)s” was switched off")
SWITCHED_OFF_MORE = gettext_noop(
    "The webhook to %(host)s of the corpus “%(corpus)s” was switched off. %(why)s\n\nSwitch it on"
    " again on its page when the receiver answers."
)


def over(name, most):
    """A condition: the moment in the column has passed, or lies further ahead than it is ever set,
    because the clock was set back.
    """
    now = timezone.now()
    ahead = Q(**{f"{name}__gt": now + most})
    return Q(**{name: None}) | Q(**{f"{name}__lte": now}) | ahead


def at_work():
    """How long a worker may have a webhook without renewing that."""
    return AT_WORK + datetime.timedelta(seconds=settings.WEBHOOK_TIMEOUT)


def backed_off(since, most):
    """How long to wait after a failure when the first one was at `since`: twice the time that has
    passed, so that the times of attempts grow threefold.
    """
    return min(max(2 * (timezone.now() - since), AGAIN_AFTER), most)


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def of(self, person):
        """Those of corpora that the person leads."""
        led = Corpus.objects.led_by(person).order_by().values("pk")
        return self.filter(corpus__in=led).select_related("corpus__archival", "person")

    def to_be_woken(self):
        """Those with a message that is due, at which no worker is and for which none is on the way;
        those that rest after a failure aside.
        """
        due = WebhookDelivery.objects.due().filter(webhook=OuterRef("pk"))
        return self.free().filter(over("woken_until", WOKEN_FOR), Exists(due))

    def free(self):
        """Those that no worker has and that do not rest."""
        return self.filter(over("busy_until", at_work()), over("rests_until", RESTS_AT_MOST))


class Webhook(models.Model):
    """An address that is told of events of a corpus. `person` answers for it, who saved it last:
    it is told what they may know, while they lead the corpus.

    The secret stands in no table: it follows from a nonce and the installation's secret key, as
    links of invitations do.
    """

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="webhooks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="webhooks")
    address = models.CharField(_("address"), max_length=500)
    kinds = models.CharField(_("events"), max_length=400)  # separated by spaces
    agreement_bound = models.FloatField(
        _("agreement is low below"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-1.0), MaxValueValidator(1.0)],
    )
    active = models.BooleanField(_("active"), default=True)
    nonce = models.CharField(max_length=32, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    old_nonce = models.CharField(max_length=32, blank=True, editable=False)
    old_nonce_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    failure = models.JSONField(default=dict, editable=False)  # why it was switched off by itself
    busy_until = models.DateTimeField(null=True, editable=False)  # a worker is at it
    rests_until = models.DateTimeField(null=True, editable=False)
    woken_until = models.DateTimeField(null=True, editable=False)  # a worker was asked to come

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.host

    @property
    def host(self):
        return urlsplit(self.address).hostname or ""

    @property
    def kind_names(self):
        return self.kinds.split()

    @property
    def kind_labels(self):
        return [event_kinds.label_of(name) for name in self.kind_names]

    @property
    def secret(self):
        """The secret; "" where it cannot be told again, because the secret key was changed."""
        secret = _secret_of(self.nonce)
        return secret if _hash_of(secret) == self.secret_hash else ""

    @property
    def secrets(self):
        """The secrets that messages are signed by now: for a while after an exchange the old one
        as well. Raises UserError where they cannot be told.
        """
        if not self.secret:
            raise UserError(
                gettext_noop(
                    "The secret key of the installation was changed, and with it the secrets of"
                    " webhooks. Exchange the secret."
                )
            )
        old = self.old_nonce_until and self.old_nonce_until > timezone.now()
        return [self.secret, *([_secret_of(self.old_nonce)] if old else [])]

    @property
    def failure_text(self):
        """Why it was switched off by itself, in the reader's language."""
        return translate(**self.failure) if self.failure else ""

    @property
    def is_answered_for(self):
        """Whether who answers for it still leads the corpus."""
        role = self.corpus.role_of(self.person)
        return self.person.is_active and role == Membership.Role.LEAD

    @classmethod
    @transaction.atomic
    def create(cls, person, corpus, *, address, kinds, agreement_bound=None, active=True):
        """A new webhook of the corpus with its `secret`. Raises ValidationError for an address or
        events that cannot be.
        """
        made = cls(corpus=corpus, person=person, active=active)
        made._choose(address, kinds, agreement_bound)
        made._new_secret()
        made.save()
        Event.record(person, "add webhook", made, host=made.host, kinds=made.kind_names)
        return made

    @transaction.atomic
    def set(self, person, **values):
        """Change `address`, `kinds`, `agreement_bound` or `active`; the person answers for it from
        now on. Raises ValidationError like `create`.
        """
        mine = type(self).objects.select_for_update().get(pk=self.pk)
        before = {name: getattr(mine, name) for name in ("address", "kinds", "agreement_bound")}
        chosen = {"address": mine.address, "kinds": mine.kind_names} | {
            "agreement_bound": mine.agreement_bound
        }
        mine._choose(**(chosen | {name: values[name] for name in chosen if name in values}))
        changed = [name for name, value in before.items() if value != getattr(mine, name)]
        active = values.get("active", mine.active)
        if active != mine.active:
            changed.append("active")
        mine.active, mine.person = active, person
        if active:
            mine.failing_since, mine.rests_until, mine.failure = None, None, {}
        mine.save()
        Event.record(person, "set webhook", mine, host=mine.host, changed=changed, active=active)
        self._reload()

    @transaction.atomic
    def exchange_secret(self, person):
        """Give it a new `secret`; messages are signed by both for a day."""
        mine = type(self).objects.select_for_update().get(pk=self.pk)
        if mine.secret:
            mine.old_nonce, mine.old_nonce_until = mine.nonce, timezone.now() + OLD_SECRET_FOR
        mine._new_secret()
        mine.save(update_fields=["nonce", "secret_hash", "old_nonce", "old_nonce_until"])
        Event.record(person, "exchange secret", mine, host=mine.host)
        self._reload()

    @transaction.atomic
    def delete_by(self, person):
        """Delete it with its deliveries."""
        Event.record(person, "delete webhook", self, host=self.host)
        self.delete()

    @transaction.atomic
    def ping(self, person):
        """Send it a message that says nothing; the delivery. It is tried once, at once."""
        made = self.tell(event_kinds.PING, self)
        Event.record(person, "test webhook", self, host=self.host)
        self.wake(at_once=True)
        return made

    def tell(self, kind, thing, data=None, key=None):
        """A delivery to it about a thing; None if it has one with this `key` already."""
        values = {
            "kind": kind,
            "thing_id": thing.pk,
            "data": data if data is not None else event_kinds.kinds[kind].describe(thing),
        }
        if key is None:
            return self.deliveries.create(**values)
        made, new = self.deliveries.get_or_create(key=key, defaults=values)
        return made if new else None

    def wake(self, at_once=False):
        """Have a worker send what is due; `at_once` also while it rests after a failure."""
        if at_once:
            type(self).objects.filter(pk=self.pk).update(rests_until=None)
        send(call_with_row, DELIVER, self._meta.label_lower, self.pk)

    def claim(self):
        """Take it for this worker, for one attempt; whether it could be had."""
        rows = type(self).objects.free().filter(pk=self.pk)
        if not rows.update(busy_until=timezone.now() + at_work(), woken_until=None):
            return False
        self.refresh_from_db()
        return True

    def renew(self):
        """Keep it for another attempt; False if another worker has it: this one took too long."""
        rows = type(self).objects.filter(pk=self.pk, busy_until=self.busy_until)
        if not rows.update(busy_until=timezone.now() + at_work()):
            return False
        self.refresh_from_db()  # also what was changed or switched off meanwhile
        return True

    def let_go(self, **values):
        """Leave it to other workers, with other `values` of it."""
        rows = type(self).objects.filter(pk=self.pk, busy_until=self.busy_until)
        rows.update(busy_until=None, **values)

    def rest_values(self):
        """What is to be kept of it after a failed attempt."""
        since = self.failing_since or timezone.now()
        rest = backed_off(since, RESTS_AT_MOST)
        return {"failing_since": since, "rests_until": timezone.now() + rest}

    @property
    def has_failed_too_long(self):
        days = datetime.timedelta(days=settings.WEBHOOK_DISABLE_DAYS)
        return self.failing_since is not None and self.failing_since < timezone.now() - days

    @transaction.atomic
    def switch_off(self, why):
        """Send it nothing more, because of a UserError; its leads are told by e-mail."""
        rows = type(self).objects.filter(pk=self.pk, active=True)
        if not rows.update(active=False, failure=why.to_json()):
            return
        Event.record(None, "switch off webhook", self, host=self.host)
        leads = [member.person for member in self.corpus.people(Membership.Role.LEAD)]
        page = reverse("webhook", args=[self.pk])
        notify(
            WEBHOOK, leads, SWITCHED_OFF, SWITCHED_OFF_MORE, page,
            host=self.host, corpus=self.corpus.name, why=why.to_json(),
        )  # fmt: skip

    def _reload(self):
        """Take over what was saved; the corpus stays as it was loaded for a page."""
        corpus = self.corpus
        self.refresh_from_db()
        self.corpus = corpus

    def _choose(self, address, kinds, agreement_bound):
        self.address = check_address(
            address, http=settings.WEBHOOK_HTTP, networks=settings.WEBHOOK_NETWORKS
        )
        self.kinds = " ".join(_checked_kinds(kinds))
        if event_kinds.AGREEMENT not in kinds:
            agreement_bound = None
        elif agreement_bound is None or not -1.0 <= agreement_bound <= 1.0:
            raise ValidationError(
                gettext_noop("Say below which agreement, from -1 to 1, it is to be told.")
            )
        self.agreement_bound = agreement_bound

    def _new_secret(self):
        self.nonce = new_nonce()
        self.secret_hash = _hash_of(_secret_of(self.nonce))


def _checked_kinds(names):
    """The names of kinds in their order, each once. Raises ValidationError."""
    known = [name for name, _label in event_kinds.choices()]
    for name in names:
        if name not in known:
            raise ValidationError(
                gettext_noop("There is no event “%(name)s”. Expected some of: %(names)s."),
                name=str(name)[:60],
                names=", ".join(known),
            )
    if not names:
        raise ValidationError(gettext_noop("Choose at least one event."))
    return [name for name in known if name in names]


def _secret_of(nonce):
    key = salted_hmac("corpus.models.webhooks", nonce, algorithm="sha256").digest()
    return secret_of(key)


def _hash_of(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def of(self, person):
        """Those of corpora that the person leads which they may hear of now."""
        led = Corpus.objects.led_by(person).order_by().values("pk")
        rows = self.filter(webhook__corpus__in=led).select_related("webhook__corpus__archival")
        for kind in event_kinds.kinds.values():
            if kind.withheld:
                rows = rows.exclude(kind=kind.name, thing_id__in=kind.withheld(person))
        return rows

    def due(self):
        """What is to be sent now, in that order."""
        waiting = WebhookDelivery.Status.WAITING
        rows = self.filter(over("due_at", WAITS_AT_MOST), status=waiting)
        tests = Case(When(kind=event_kinds.PING, then=0), default=1)  # somebody waits for these
        return rows.order_by(tests, "due_at", "pk")

    def old(self):
        """Those that have ended and need not stay in the log."""
        before = timezone.now() - datetime.timedelta(days=settings.WEBHOOK_KEEP_DAYS)
        return self.filter(finished_at__lt=before)


class WebhookDelivery(models.Model):
    """One message to one webhook: what it says, and how sending it has gone.

    Times: `happened_at` of the event, `asked_at` since when it is tried (again), `due_at` when it
    is tried next.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        NOT_SENT = "not_sent", _("not sent")

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=80, null=True)  # what is to be told once has one
    thing_id = models.BigIntegerField()
    message_id = models.CharField(max_length=40, unique=True, default=new_message_id)
    data = models.JSONField(default=dict)
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    happened_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.TextField(blank=True)
    seconds = models.FloatField(null=True)
    failure = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "key"], name="one_delivery_a_key")
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(status="waiting"), name="deliveries_to_be_sent"
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="deliveries_by_end",
            ),
        ]

    def __str__(self):
        return f"{self.kind} · {self.webhook}"

    @property
    def corpus_id(self):
        return self.webhook.corpus_id

    @property
    def kind_label(self):
        return event_kinds.label_of(self.kind)

    @property
    def payload(self):
        """What the message says."""
        at = self.happened_at.astimezone(datetime.UTC)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"type": self.kind, "timestamp": stamp, "data": self.data}

    @property
    def body(self):
        """The same as it is signed and sent."""
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def failure_text(self):
        """Why it was not taken or not sent, in the reader's language."""
        return translate(**self.failure) if self.failure else ""

    @property
    def is_waiting(self):
        return self.status == self.Status.WAITING

    @transaction.atomic
    def send_again(self, person):
        """Send the same message again, under the same id. Raises UserError while it waits, and for
        a webhook that is switched off.
        """
        mine = type(self).objects.select_for_update().get(pk=self.pk)
        if mine.is_waiting:
            raise UserError(gettext_noop("This message waits already to be sent."))
        if not mine.webhook.active:
            raise UserError(gettext_noop("The webhook is switched off. Switch it on first."))
        now = timezone.now()
        mine.status, mine.asked_at, mine.due_at = self.Status.WAITING, now, now
        mine.failure, mine.finished_at = {}, None
        mine.save(update_fields=["status", "asked_at", "due_at", "failure", "finished_at"])
        Event.record(person, "send again", mine, host=mine.webhook.host)
        mine.webhook.wake(at_once=True)
        self.refresh_from_db()

    def end(self, status, error=None, **values):
        """It is over, for this reason."""
        values |= {"failure": error.to_json() if error else {}, "finished_at": timezone.now()}
        self.change(status=status, **values)

    def change(self, **values):
        """Keep `values` unless it has ended or was tried by another worker meanwhile."""
        webhook, waiting = self.webhook, self.Status.WAITING
        rows = type(self).objects.filter(pk=self.pk, status=waiting, attempts=self.attempts)
        rows.update(**values)
        self.refresh_from_db()
        self.webhook = webhook  # as the worker has claimed it
