"""The queue of a round: its places, who takes part, and giving the next dialogue.

Rows are locked in one order, participant, assignment, place, so that nobody waits for each other.
"""

import hashlib

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models.assignments import LEFT, Assignment, why_not
from annotation.models.rounds import Round, resting
from core.errors import UserError, gettext_noop
from core.statements import Prepared, insert, true_if
from corpus.models import Dialogue, Membership
from people.models import Event

WINDOW = 32  # places looked at to find the next one; a shuffled order picks among them
GIVEN = [
    *("round_id", "dialogue_id", "person_id", "state", "until", "gold", "attention", "given_at")
]


class PlaceQuerySet(models.QuerySet):
    def give_back(self):
        """Count one person less, and offer the places before fresh ones."""
        ordered = self.order_by("pk").select_for_update()
        return Place.objects.filter(pk__in=[place.pk for place in ordered]).update(
            given=F("given") - 1, open=true_if(Q(gold=False, withdrawn=False)), returned=True
        )


class Place(models.Model):
    """A dialogue in a round: how many people have it, and whether another may have it."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="places")
    dialogue = models.ForeignKey(Dialogue, models.PROTECT, related_name="places")
    position = models.PositiveIntegerField()
    given = models.PositiveIntegerField(default=0)
    open = models.BooleanField(default=True)
    returned = models.BooleanField(default=False)
    gold = models.BooleanField(default=False)
    withdrawn = models.BooleanField(default=False)
    extra = models.PositiveIntegerField(default=0, db_default=0)  # people beyond the overlap

    objects = PlaceQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["round", "dialogue"], name="one_place_a_dialogue")
        ]
        indexes = [
            models.Index(fields=["round", "position"], condition=Q(open=True), name="open_places"),
            models.Index(
                fields=["round", "position"],
                condition=Q(open=True, returned=True),
                name="returned_places",
            ),
            models.Index(fields=["round", "position"], condition=Q(gold=True), name="gold_places"),
        ]

    def __str__(self):
        return f"{self.dialogue} · {self.round}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @transaction.atomic
    def withdraw(self, person, reason):
        """Take the dialogue out of the round; judgements stay on record and do not count."""
        from annotation.agreement.item_counts import count_dialogues, lock

        lock(self.round)
        if Withdrawal.objects.filter(place=self).exists():
            return
        work = Assignment.objects.filter(round=self.round_id, dialogue=self.dialogue_id)
        work = work.exclude(state__in=["skipped", "freed"])
        work.lock_and_set("withdrawn")
        Withdrawal.objects.create(place=self, person=person, reason=reason)
        Place.objects.filter(pk=self.pk).update(withdrawn=True, open=False, given=0)
        work.exclude(state="withdrawn").lock_and_set("withdrawn")  # given out at this moment
        count_dialogues(self.round, [self.dialogue_id])
        Event.record(person, "withdraw", self, dialogue=self.dialogue.uid, reason=reason)

    @transaction.atomic
    def reinstate(self, person):
        """Undo a withdrawal: hand-ins count again, unfinished work goes on where it was."""
        from annotation.agreement.item_counts import count_dialogues, lock

        lock(self.round)
        if not Withdrawal.objects.filter(place=self).delete()[0]:
            return
        work = Assignment.objects.filter(
            round=self.round_id, dialogue=self.dialogue_id, state="withdrawn"
        )
        handed_in = work.filter(submission__isnull=False).lock_and_set("submitted")
        work.filter(submission=None).lock_and_set("freed")
        full = not self.round.for_all and handed_in >= self.round.overlap + self.extra
        Place.objects.filter(pk=self.pk).update(
            withdrawn=False, open=not self.gold and not full, given=handed_in, returned=True
        )
        count_dialogues(self.round, [self.dialogue_id])
        Event.record(person, "reinstate", self, dialogue=self.dialogue.uid)

    @transaction.atomic
    def ask_one_more(self):
        """Offer the dialogue to one person more than the round asks for. Raises UserError."""
        if not self.round.is_open or self.withdrawn or self.round.published:
            raise UserError(
                gettext_noop(
                    "The round is closed or the dialogue is withdrawn, so it cannot be annotated."
                )
            )
        Place.objects.filter(pk=self.pk).update(extra=F("extra") + 1, open=True, returned=True)


class Withdrawal(models.Model):
    """That a dialogue was taken out of a round, said by whom, when and why."""

    place = models.OneToOneField(Place, models.CASCADE, related_name="withdrawal")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.place}: {self.reason}"


class ParticipantQuerySet(models.QuerySet):
    def of(self, person):
        """The rounds that the person takes part in, in corpora they still belong to."""
        return self.filter(
            person=person, left_at=None, round__corpus__memberships__person=person
        ).select_related("round__corpus", "round__scheme_version", "round__closure")

    def at_work(self):
        """With `resting`, whether the round is paused; of rounds that are not closed."""
        return self.filter(round__closure=None).annotate(resting=resting())


class Participant(models.Model):
    """Somebody who judges in a round, up to a quota of dialogues.

    `reached`: every place before this position that is open and was not returned they had.
    `unblinded`: a lead or an adjudicator who sees the others' answers meanwhile (blinding.py).
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="participants")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="participations"
    )
    quota = models.PositiveIntegerField(null=True, blank=True)
    reached = models.PositiveIntegerField(default=0)
    admitted_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True)
    halted_at = models.DateTimeField(null=True)
    unblinded = models.BooleanField(default=False, db_default=False)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "person"], name="one_participant_a_person")
        ]

    def __str__(self):
        return f"{self.person} · {self.round}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    def own(self):
        return Assignment.objects.filter(round=self.round_id, person=self.person_id)

    @property
    def has_quota(self):
        if self.quota is None:
            return True
        return self.own().filter(state__in=["held", "submitted"], gold=False).count() < self.quota

    def take(self):
        """The assignment to work on: the one held already, or the next; None if nothing waits.

        Raises UserError if the person may not have one now, DoesNotExist if the row is gone.
        """
        return Participant.take_in(self.round_id, self.person_id)

    @classmethod
    @transaction.atomic
    def take_in(cls, round, person):
        """`take` by the ids of round and person, in as few statements as it can be."""
        row = TAKER.first(round, person, timezone.now())
        if row is None:
            raise cls.DoesNotExist
        (pk, quota, reached), hindrances, waits = row[:3], row[3:8], row[8:10]
        me = cls(pk=pk, round_id=round, person_id=person, quota=quota, reached=reached)
        me.round = Round(**dict(zip(TAKEN_OF_ROUND, row[10:])))
        me._guard(*hindrances)
        return me._take(*waits)

    def _take(self, silent, returned):
        if silent:
            returned = self.round.free_silent() or returned
        # a statement of its own: what TAKER saw may be from before it got the lock
        for pk, dialogue, state, gold, endless in UNFINISHED.rows(self.round_id, self.person_id):
            mine = Assignment(
                pk=pk,
                round=self.round,
                dialogue_id=dialogue,
                person_id=self.person_id,
                state=state,
                gold=gold,
                until=None if endless else timezone.now(),
            )
            if mine.hold():
                return mine
        return self._gold_assignment() or (
            self._fresh_assignment(returned) if self.has_quota else None
        )

    def _guard(self, is_open, resting, left, halted, member):
        if why := why_not(is_open, resting):
            raise UserError(why)
        if left or not member:
            raise UserError(LEFT)
        if halted:
            raise UserError(
                gettext_noop("The lead has blocked you in this round. Please contact the lead.")
            )
        if self.round.qualification_id and not self.is_qualified():
            raise UserError(gettext_noop("This round opens after you pass its test."))

    def is_qualified(self):
        return Qualification.objects.filter(
            round=self.round.qualification_id, person=self.person_id, passed=True
        ).exists()

    def _fresh_assignment(self, returned):
        while True:
            found = crowded = None
            if returned:
                found, crowded = self._first_free(RETURNED.rows(self.round_id, self.person_id))
            if found is None:
                found, ahead = self._first_free(self._ahead())
                crowded = crowded or ahead
            if found or not crowded:
                return found
            Place.objects.select_for_update().get(pk=crowded)  # wait until that one is changed

    def _ahead(self):
        """Places that nobody has given back, in the round's order, after those this person had."""
        shuffled = self.round.order == Round.Order.SHUFFLED
        ahead = (WINDOW_AHEAD if shuffled else AHEAD).rows(
            self.round_id, self.person_id, self.reached
        )
        if ahead and ahead[0][2] > self.reached + WINDOW:  # so as not to look there again
            self.reached = ahead[0][2] - 1
            Participant.objects.filter(pk=self.pk).update(reached=self.reached)
        if shuffled:
            ahead.sort(key=lambda place: self._lot(place[0]))
        return ahead

    def peek(self):
        """The dialogue that would be given next if nobody else takes it, or None."""
        if self.round.gold_percent or not self.has_quota:
            return None
        places = RETURNED.rows(self.round_id, self.person_id) or self._ahead()
        return Dialogue.objects.get(pk=places[0][1]) if places else None

    def _first_free(self, places):
        """An assignment to one of the places, or else one that others are changing just now."""
        for pk, dialogue, _position in places:
            if TAKE.run(pk, self.round.places_for - 1):
                return self._give(dialogue), None
        return None, places[0][0] if places else None

    def _give(self, dialogue, **fields):
        given = Assignment(
            round=self.round, dialogue_id=dialogue, person_id=self.person_id, **fields
        )
        if "until" not in fields:
            given.until = self.round.lease()
        given.attention = self._check_of_attention()
        given.pk = insert(Assignment, [{name: getattr(given, name) for name in GIVEN}])[0]
        given.is_new = True
        return given

    def _check_of_attention(self):
        """Once in so many dialogues, an answer that is asked for in plain words."""
        every = self.round.attention_every
        if not every:
            return {}
        number = self.own().count()
        if number // every == (number + 1) // every:
            return {}
        tasks = [task for task in self.round.scheme.tasks if not task.is_correlation]
        task = tasks[self._lot(f"task {number}") % len(tasks)]
        return {"task": task.key, "value": task.keys[self._lot(f"v {number}") % len(task.keys)]}

    def _gold_assignment(self):
        """Now and then a dialogue with known answers, which looks like any other."""
        if not self.round.gold_percent:
            return None
        so_far = self.own().count()
        if self._lot(f"gold {so_far}") % 100 >= self.round.gold_percent:
            return None
        had = Exists(self.own().filter(dialogue=OuterRef("dialogue")))
        waiting = Place.objects.filter(~had, round=self.round_id, gold=True, withdrawn=False)
        places = list(waiting.order_by("position").values_list("pk", "dialogue")[:WINDOW])
        if not places:
            return None
        _pk, dialogue = min(places, key=lambda place: self._lot(place[0]))
        return self._give(dialogue, gold=True)

    def _lot(self, thing):
        """A number that is drawn once for this person and thing."""
        drawn = hashlib.blake2b(f"{self.pk} {self.round.seed} {thing}".encode(), digest_size=6)
        return int.from_bytes(drawn.digest())

    @transaction.atomic
    def assign(self, person, place):
        """Give this person a certain dialogue, to keep until it is handed in.

        Raises UserError if it is full or they had it.
        """
        Participant.objects.select_for_update().get(pk=self.pk)
        mine = self.own().filter(dialogue=place.dialogue_id).first()
        if mine and mine.state in ("held", "submitted", "withdrawn"):
            raise UserError(gettext_noop("%(name)s already has this dialogue."), name=self.person)
        if not TAKE.run(place.pk, self.round.places_for - 1):
            raise UserError(gettext_noop("This dialogue already has all its annotators."))
        if mine is None:
            mine = self._give(place.dialogue_id, until=None)
        else:
            mine.put_to_work(until=None)
        Event.record(person, "assign", mine, person=self.person.username)
        return mine

    @transaction.atomic
    def halt(self, person):
        """Give this person no more dialogues until `let_on`."""
        Participant.objects.filter(pk=self.pk).update(halted_at=timezone.now())
        Event.record(person, "halt", self)

    @transaction.atomic
    def unblind(self, person):
        """From now on they may see the others' answers; there is no way back.

        Raises UserError for annotators, and where the round is closed or they have left it.
        """
        Participant.objects.select_for_update().get(pk=self.pk)
        self.refresh_from_db()
        self.round.check_openly(self.person)
        if self.left_at or not self.round.is_open:
            raise UserError(gettext_noop("They are already unblinded in this round."))
        if not self.unblinded:
            self.open_eyes(person)

    def open_eyes(self, person):
        """Write down that they see, or could see, the others' answers while they annotate."""
        Participant.objects.filter(pk=self.pk).update(unblinded=True)
        self.unblinded = True
        Event.record(person, "unblind", self, person=self.person.username)

    @transaction.atomic
    def let_on(self, person):
        Participant.objects.filter(pk=self.pk).update(halted_at=None)
        Event.record(person, "let on", self)


class Qualification(models.Model):
    """How somebody did in a qualification test; `person` by whom it was decided, None: by marks."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="qualifications")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="qualifications"
    )
    passed = models.BooleanField()
    scores = models.JSONField(default=dict)  # task -> [right, asked]
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.person} · {self.round}"


TAKEN_OF_ROUND = [
    *("id", "corpus_id", "kind", "overlap", "view", "order", "lease_minutes", "gold_percent"),
    *("attention_every", "seed", "qualification_id", "scheme_version_id", "confidence"),
    *("cannot_tell",),
]


TAKER = Prepared(
    lambda round, person, at: (
        Participant.objects.filter(round=round, person=person)
        .order_by()
        .values_list(
            *("id", "quota", "reached"),
            true_if(Q(round__closure__isnull=True)),
            resting(),
            true_if(Q(left_at__isnull=False)),
            true_if(Q(halted_at__isnull=False)),
            Exists(Membership.objects.filter(corpus=OuterRef("round__corpus"), person=person)),
            Exists(Assignment.objects.filter(round=round, state="held", until__lt=at)),
            Exists(Place.objects.filter(round=round, open=True, returned=True)),
            *(f"round__{name}" for name in TAKEN_OF_ROUND),
        )
    ),
    lock=Participant,
)
UNFINISHED = Prepared(
    lambda round, person: (
        Assignment.objects.filter(round=round, person=person, state__in=["held", "freed"])
        .order_by("-state", "pk")
        .values_list("pk", "dialogue", "state", "gold", true_if(Q(until__isnull=True)))
    )
)


def _waiting(round, person, **more):
    had = Assignment.objects.filter(round=round, person=person, dialogue=OuterRef("dialogue"))
    # not NOT EXISTS: PostgreSQL would join all of the person's work instead of looking 8 times
    places = Place.objects.alias(had=Subquery(had.order_by().values("pk")[:1]))
    places = places.filter(had__isnull=True, round=round, open=True, **more)
    return places.order_by("position").values_list("pk", "dialogue", "position")


RETURNED = Prepared(lambda round, person: _waiting(round, person, returned=True)[:WINDOW])
AHEAD = Prepared(lambda round, person, reached: _waiting(round, person, position__gt=reached)[:8])
WINDOW_AHEAD = Prepared(
    lambda round, person, reached: _waiting(round, person, position__gt=reached)[:WINDOW]
)
TAKE = Prepared(  # one more person on a place, unless it is full or somebody is just changing it
    lambda place, most: (
        Place.objects.filter(
            pk__in=Place.objects.filter(pk=place, open=True)
            .select_for_update(skip_locked=True)
            .values("pk")
        ),
        {"given": F("given") + 1, "open": true_if(Q(given__lt=F("extra") + most))},
    )
)
