"""What this app adds to the overview of a corpus: its dialogues, imports, jobs, people, storage."""

from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.pagination import capped, counts_at_once, up_to
from corpus.models import Source
from corpus.overview import SIDE, Need, Panel, Stage, Step, add_needs, add_panel, add_stages
from corpus.permissions import ANNOTATOR, LEAD
from corpus.visibility import MODALITIES, withheld
from jobs.job_list import failed_jobs
from jobs.models import JobStatus

FULL = 90  # percent of the quota at which storage needs somebody


def add_to_overview():
    add_stages(10, dialogue_stages)
    add_needs(50, corpus_needs)
    add_panel(Panel(SIDE, 90, "corpus/_overview_storage.html", storage_panel))


def dialogue_stages(overview):
    corpus, counts = overview.corpus, overview.counts
    dialogues = reverse("dialogues", args=[corpus.pk])
    leads = corpus.my_role == LEAD
    if corpus.my_role != ANNOTATOR:
        yield Stage(
            icon="clapperboard",
            label=gettext_lazy("Recorded"),
            count=counts["dialogues"],
            total=counts["dialogues"],
            note=_("dialogues with %(utterances)s utterances")
            % {"utterances": localize(counts["utterances"])},
            href=dialogues,
            step=Step(gettext_lazy("Add episode"), reverse("new_source", args=[corpus.pk]))
            if leads and not counts["dialogues"]
            else None,
        )
    yield Stage(
        icon="send",
        label=gettext_lazy("Published"),
        count=counts["published"],
        total=counts["dialogues"],
        note=_("of %(n)s dialogues") % {"n": localize(counts["dialogues"])},
        href=f"{dialogues}?state=published",
        step=Step(gettext_lazy("Publish dialogues"), f"{dialogues}?state=draft")
        if leads and counts["dialogues"] and not counts["published"]
        else None,
    )


def corpus_needs(overview):
    corpus = overview.corpus
    if corpus.my_role != LEAD:
        return
    waiting = counts_at_once(
        {
            "failed": up_to(failed_jobs(corpus)),
            "faulty": up_to(faulty_clips(corpus, overview.person)),
            "drafts": corpus.sources.filter(status=Source.Status.DRAFT),
            "requests": corpus.join_requests.waiting(),
        }
    )
    failed, more = capped(waiting["failed"])
    yield Need(
        ngettext("%(n)s job has failed", "%(n)s jobs have failed", failed),
        failed,
        f"{reverse('corpus_jobs', args=[corpus.pk])}?state={JobStatus.FAILED}",
        more=more,
        urgent=True,
    )
    faulty, more = capped(waiting["faulty"])
    yield Need(
        ngettext(
            "%(n)s clip differs from its source", "%(n)s clips differ from their sources", faulty
        ),
        faulty,
        reverse("integrity", args=[corpus.pk]),
        more=more,
        urgent=True,
    )
    drafts = waiting["drafts"]
    yield Need(
        ngettext("%(n)s import to check", "%(n)s imports to check", drafts),
        drafts,
        reverse("drafts", args=[corpus.pk]),
    )
    counts = overview.counts
    if counts["published"]:  # before, publishing is the next step of the whole corpus
        unpublished = counts["dialogues"] - counts["published"]
        yield Need(
            ngettext(
                "%(n)s dialogue is not published yet",
                "%(n)s dialogues are not published yet",
                unpublished,
            ),
            unpublished,
            f"{reverse('dialogues', args=[corpus.pk])}?state=draft",
        )
    yield from _full_storage(corpus)
    requests = waiting["requests"]
    yield Need(
        ngettext("%(n)s person asks to join", "%(n)s people ask to join", requests),
        requests,
        reverse("members", args=[corpus.pk]),
    )


def _full_storage(corpus):
    stored = corpus.stored_bytes
    quota = stored and corpus.quota
    if quota and 100 * stored >= FULL * quota:
        yield Need(
            _("%(n)s %% of the storage is used"),
            round(100 * stored / quota),
            reverse("corpus_storage", args=[corpus.pk]),
            urgent=stored >= quota,
        )


def faulty_clips(corpus, person):
    """The dialogues whose clips the last comparison with their sources found wrong."""
    compared = corpus.dialogues.filter(clip_check__isnull=False).exclude(clip_check__faults=[])
    return compared.exclude(pk__in=withheld(person, *MODALITIES).order_by().values("pk"))


def storage_panel(overview):
    return {} if overview.corpus.my_role == LEAD else None
