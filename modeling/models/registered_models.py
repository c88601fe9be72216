"""Finished runs with a name and a card: what a corpus calls its models."""

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy

from core.errors import UserError, gettext_noop
from corpus.models import Corpus
from jobs.models import JobStatus
from modeling.models.runs import TrainingRun
from people.models import Event


class ModelQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(run__release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "run__release__corpus", "registered_by"
        )

    def current(self, corpus):
        """The newest of a corpus, or None."""
        return self.filter(run__release__corpus=corpus).first()


class RegisteredModel(models.Model):
    """A run under a name, with what it is for and where it fails. The newest is the current one."""

    run = models.OneToOneField(TrainingRun, models.PROTECT, related_name="registered")
    name = models.CharField(gettext_lazy("name"), max_length=100)
    use = models.TextField(gettext_lazy("intended use"))
    limits = models.TextField(gettext_lazy("limitations"))
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    registered_at = models.DateTimeField(auto_now_add=True)

    objects = ModelQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    @property
    def corpus_id(self):
        return self.run.corpus_id

    @classmethod
    @transaction.atomic
    def register(cls, person, run, name, use, limits):
        """Raises UserError unless the run has ended well, or if it is registered already."""
        if run.status != JobStatus.DONE:
            raise UserError(gettext_noop("Only a run that has ended well can be registered."))
        if cls.objects.filter(run=run).exists():
            raise UserError(gettext_noop("This run is registered already."))
        made = cls.objects.create(run=run, name=name, use=use, limits=limits, registered_by=person)
        Event.record(person, "register", made, run=run.pk, name=name)
        return made
