"""What the annotators of a round are called on its pages: by name, or by letter where adjudication
is blind. Addresses name them the same way, so that no id of a person reaches whoever sees letters.
"""

from django.utils.crypto import salted_hmac

from annotation.models import Participant, Round
from corpus.models import Membership
from people.models import Person

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letters_of(round: Round, seats: list[Participant] | None = None) -> dict[int, str]:
    """A letter for each annotator of a round, the same on every page of it.

    Their order is drawn with the installation's secret key: it says nothing about accounts, names
    or who joined when, and another round has another one. `seats` are all of the round, where they
    are known.
    """
    people = {*round.assignments.order_by().values_list("person", flat=True).distinct()}
    if seats is None:
        people |= {*Participant.objects.filter(round=round).values_list("person", flat=True)}
    else:
        people |= {seat.person_id for seat in seats}
    drawn = sorted(people, key=lambda who: _lot(round.pk, who))
    return {who: LETTERS[n % 26] + str(n // 26 or "") for n, who in enumerate(drawn)}


def _lot(round: int, person: int) -> str:
    return salted_hmac("annotation.naming", f"{round}/{person}", algorithm="sha256").hexdigest()


class Names:
    """The annotators of one round as one reader meets them."""

    def __init__(self, round: Round, by_letter: bool, seats: list[Participant] | None = None):
        self.by_letter = by_letter
        self.letters = letters_of(round, seats)
        people = {} if by_letter else {seat.person_id: seat.person for seat in seats or ()}
        if not by_letter and (others := [who for who in self.letters if who not in people]):
            people |= Person.objects.in_bulk(others)
        self.names = {who: str(person) for who, person in people.items()}
        ranked = sorted(self.letters, key=lambda who: (self.names.get(who, ""), who))
        order = list(self.letters) if by_letter else ranked
        self.rank = {who: n for n, who in enumerate(order)}

    def of(self, person: Person) -> str:
        """What somebody on a page of the round is called; who never annotated it has a name."""
        return self[person.pk] if person.pk in self.letters else str(person)

    def __getitem__(self, who: int) -> str:
        return self.letters[who] if self.by_letter else self.names[who]

    def __contains__(self, who: int) -> bool:
        return who in self.letters

    def in_order(self, people):
        """Ids of annotators as they are listed: by letter, or by name."""
        return sorted(people, key=self.rank.__getitem__)

    def key(self, who: int) -> str:
        """How addresses name the person."""
        return self.letters[who] if self.by_letter else str(who)

    def find(self, key: str | None) -> int | None:
        """The person whom an address names, None for whatever names none to this reader."""
        return next((who for who in self.letters if self.key(who) == key), None)


def names_for(round: Round, role: str, seats: list[Participant] | None = None) -> Names:
    """Leads see names; adjudicators letters, unless the corpus lets them see names. `seats` are all
    of the round with their people, where they are known.
    """
    lead = role == Membership.Role.LEAD
    return Names(round, by_letter=not lead and round.corpus.blind_adjudication, seats=seats)
