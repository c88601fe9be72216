"""Edits of many dialogues at once."""

from dataclasses import replace

from django.db import transaction


@transaction.atomic
def assign_speaker(utterances, speaker, person) -> int:
    """Assign the utterances to `speaker`, each dialogue's as one revision; their number.

    Raises a UserError, and changes nothing, if a dialogue cannot be edited.
    """
    chosen: dict = {}
    for utterance in utterances.select_related("dialogue"):
        chosen.setdefault(utterance.dialogue, set()).add(utterance.uid)
    for dialogue, uids in chosen.items():
        turns = [
            replace(turn, speaker=speaker.pk) if turn.uid in uids else turn
            for turn in dialogue.turns()
        ]
        dialogue.edit(person, dialogue.head, [turn.to_json() for turn in turns])
    return sum(map(len, chosen.values()))
