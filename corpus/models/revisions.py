"""The revisions of a dialogue: everything that was edited, each step of it undoable.

The revisions are a tree: an edit hangs on the revision it was made from, so that undoing and then
doing something else loses nothing. `head` is the one being edited. Of a dialogue that annotators
do not see yet, the utterances follow every edit; once it is published they stay as they are until
the revision itself is published (`publish_revision`).
"""

import re
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max

from core.errors import UserError, gettext_noop
from corpus.models.speakers import Speaker
from corpus.models.utterances import Utterance
from corpus.turns import Turn, changes, numbered, parse, renewed, same_for_annotators
from people.models import Event


class Conflict(UserError):
    """An edit of something that somebody else has changed meanwhile."""


class Revised(models.Model):
    """Mixed into Dialogue: its turns as a document with a history."""

    head = models.PositiveIntegerField(default=0, editable=False)
    published_revision = models.PositiveIntegerField(default=0, editable=False)

    # What Dialogue has.
    uid: Any
    corpus_id: Any
    source: Any
    utterances: Any
    revisions: Any
    is_published: Any
    duration: Any
    clip: Any
    objects: Any

    class Meta:
        abstract = True

    @property
    def has_draft(self):
        """True if it was edited since it was published."""
        return self.head != self.published_revision

    def turns(self):
        """The turns being edited, in order."""
        if self.head != self.published_revision:
            return self.revisions.get(number=self.head).read()
        return [utterance.turn for utterance in self.utterances.all()]

    @transaction.atomic
    def edit(self, person, base, rows, client_id=None):
        """Replace the turns by `rows` (JSON) as a new revision; the same `client_id` does it once.

        Raises TurnsError for turns that cannot be, Conflict if `base` is not the head any more.
        """
        locked = self._locked()
        known = self.revisions.filter(client_id=client_id).first() if client_id else None
        if known:
            return known
        locked._guard(base)
        before = locked.turns()
        clip = locked.duration if locked.clip else None
        turns = parse(rows, clip)
        locked._check(turns)
        if not self.revisions.exists():
            Revision.begin(locked, before)
        reached = self.revisions.aggregate(last=Max("last"), top=Max("number"))
        turns, last = numbered(turns, self.uid, reached["last"])
        if before == turns:
            return self.revisions.get(number=base)
        done, number = changes(before, turns), reached["top"] + 1
        revision = Revision.objects.create(
            dialogue_id=self.pk,
            number=number,
            parent=base,
            turns=[turn.to_json() for turn in turns],
            last=last,
            summary=done,
            client_id=client_id,
            person=person,
        )
        Event.record(person, "edit", self, revision=number, **done)
        self._move(locked, number, turns)
        return revision

    @transaction.atomic
    def undo(self, person, base):
        """Go back to what the head was made from. Raises UserError at the first revision."""
        locked = self._locked()
        locked._guard(base)
        head = self.revisions.filter(number=base).first()
        if head is None or head.parent is None:
            raise UserError(gettext_noop("There is nothing to undo."))
        return self._go(person, "undo", locked, head.parent)

    @transaction.atomic
    def redo(self, person, base):
        """Go forward to what was last made from the head. Raises UserError if nothing was."""
        locked = self._locked()
        locked._guard(base)
        following = self.revisions.filter(parent=base).order_by("number").last()
        if following is None:
            raise UserError(gettext_noop("There is nothing to redo."))
        return self._go(person, "redo", locked, following.number)

    @transaction.atomic
    def restore(self, person, base, number):
        """Go to any revision. Raises UserError if there is none of that number."""
        locked = self._locked()
        locked._guard(base)
        if not self.revisions.filter(number=number).exists():
            raise UserError(gettext_noop("There is no revision %(number)d."), number=number)
        return self._go(person, "restore", locked, number)

    def can_undo(self):
        return self.revisions.filter(number=self.head, parent__isnull=False).exists()

    def can_redo(self):
        return self.revisions.filter(parent=self.head).exists()

    @transaction.atomic
    def publish_revision(self, person, keep=()):
        """Make the head what annotators see; the uids of utterances that need new answers.

        Utterances that changed for a judge get a new row, except those whose uid is in `keep`;
        their old row is retired with its judgements.
        """
        locked = self._locked()
        if not locked.has_draft:
            return []
        revision = self.revisions.get(number=locked.head)
        rows = {row.uid: row for row in self._rows()}
        used_uids, anew, turns = self._uids(), [], []
        for turn in revision.read():
            row = rows.get(turn.uid)
            if row and turn.uid not in keep and not same_for_annotators(row.turn, turn):
                turn = Turn(**{**turn.to_json(), "uid": renewed(turn.uid, used_uids)})
                used_uids.add(turn.uid)
            if turn.uid not in rows:
                anew.append(turn.uid)
            turns.append(turn)
        revision.turns = [turn.to_json() for turn in turns]
        revision.save(update_fields=["turns"])
        locked._materialise(turns)
        locked.published_revision = locked.head
        locked.save(update_fields=["published_revision"])
        self.refresh_from_db()
        Event.record(person, "republish", self, revision=locked.head, anew=len(anew))
        return anew

    def _locked(self):
        return type(self).objects.select_for_update().get(pk=self.pk)

    def _guard(self, base):
        if base != self.head:
            latest = self.revisions.filter(number=self.head).select_related("person").first()
            raise Conflict(
                gettext_noop("%(person)s has changed this dialogue meanwhile. Reload the page."),
                person=str(latest.person) if latest and latest.person else "?",
            )

    def _check(self, turns):
        """Raises UserError if a turn names an utterance or a speaker that is not of this corpus."""
        named = {turn.speaker for turn in turns if turn.speaker is not None}
        speakers = Speaker.objects.filter(corpus_id=self.corpus_id, pk__in=named)
        if len(named) != speakers.count():
            raise UserError(gettext_noop("A speaker is not known in this corpus. Reload the page."))
        unknown = {turn.uid for turn in turns if turn.uid}
        unknown -= set(self._rows().values_list("uid", flat=True))
        if unknown and unknown - self._uids():  # older revisions are read only where rows lack one
            raise UserError(gettext_noop("An utterance is not known here. Reload the page."))

    def _uids(self):
        """Every uid that was ever given here."""
        written = (turn["uid"] for revision in self.revisions.all() for turn in revision.turns)
        return {*self._rows().values_list("uid", flat=True), *written}

    def _rows(self):
        return Utterance.all_objects.filter(dialogue_id=self.pk)

    def _go(self, person, verb, locked, number):
        revision = self.revisions.get(number=number)
        Event.record(person, verb, self, revision=number)
        self._move(locked, number, revision.read())
        return revision

    def _move(self, locked, number, turns):
        locked.head = number
        if not locked.is_published:
            locked._materialise(turns)
            locked.published_revision = number
        locked.save(update_fields=["head", "published_revision"])
        self.refresh_from_db()

    def _materialise(self, turns):
        """Make the utterances be `turns`."""
        rows = {row.uid: row for row in self._rows()}
        standing = self._rows().filter(retired=False).update(retired=True)
        made, kept = [], []
        for number, turn in enumerate(turns, 1):
            row = rows.pop(turn.uid, None)
            fields = turn.to_json() | {"number": number, "retired": False}
            fields["speaker_id"] = fields.pop("speaker")
            if row is None:
                made.append(Utterance(dialogue_id=self.pk, corpus_id=self.corpus_id, **fields))
                continue
            for name, value in fields.items():
                setattr(row, name, value)
            kept.append(row)
        names = [*fields] if turns else []
        Utterance.all_objects.bulk_update(kept, [n for n in names if n != "uid"], batch_size=200)
        Utterance.all_objects.bulk_create(made)
        self.source.recount(utterances=len(turns) - standing)


class Revision(models.Model):
    """The turns of a dialogue after one edit, who made it and what it changed."""

    dialogue = models.ForeignKey("corpus.Dialogue", models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    parent = models.PositiveIntegerField(null=True)
    turns = models.JSONField()
    last = models.PositiveIntegerField()  # the highest number that a new turn was named by
    summary = models.JSONField(default=dict)
    client_id = models.UUIDField(null=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["dialogue_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["dialogue", "number"], name="one_revision_a_number"),
            models.UniqueConstraint(fields=["dialogue", "client_id"], name="one_revision_an_edit"),
        ]

    def __str__(self):
        return f"{self.dialogue_id} r{self.number}"

    @classmethod
    def begin(cls, dialogue, turns):
        """The dialogue as it came in, which the first edit hangs on."""
        counted = (re.search(r"(\d+)\D*$", turn.uid) for turn in turns)
        numbers = [int(found[1]) for found in counted if found and len(found[1]) < 7]
        return cls.objects.create(
            dialogue=dialogue,
            number=0,
            turns=[turn.to_json() for turn in turns],
            last=max([len(turns), *numbers]),
        )

    def read(self):
        """The turns; speakers that were merged since are replaced by the merged one."""
        turns = [Turn(**row) for row in self.turns]
        named = {turn.speaker for turn in turns if turn.speaker is not None}
        merged = Speaker.all_objects.filter(pk__in=named, merged_into__isnull=False)
        current: dict[int | None, int] = {speaker.pk: speaker.current.pk for speaker in merged}
        if not current:
            return turns
        return [replace(turn, speaker=current.get(turn.speaker, turn.speaker)) for turn in turns]
