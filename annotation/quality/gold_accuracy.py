"""How often annotators are right where the answer is known: qualification tests and silent gold."""

from collections import defaultdict

from annotation.models import Assignment, ExpertLabel, Judgement, Participant, Qualification, Round

ENOUGH = 10  # gold answers of a task before its score says anything


def scores(assignments):
    """Answers that are right and answers that are known, person id -> task -> (right, asked)."""
    given = Judgement.objects.filter(assignment__in=assignments).current()
    rows = list(given.values_list("assignment__person_id", "utterance_id", "task", "value"))
    known = ExpertLabel.known(assignments.values("dialogue")) if rows else {}
    counted: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for person, utterance, task, value in rows:
        gold = known.get(utterance, {}).get(task)
        if gold:
            counted[person][task][0] += value == gold.value
            counted[person][task][1] += 1
    return {
        person: {task: tuple(pair) for task, pair in tasks.items()}
        for person, tasks in counted.items()
    }


def gold_scores(round):
    """The running score of everybody on the gold dialogues of a round."""
    return scores(round.assignments.filter(gold=True).submitted())


def below(marks, score, enough=ENOUGH):
    """The tasks on which a score is below its mark (percent), where enough was asked."""
    return [
        task
        for task, mark in marks.items()
        if (pair := score.get(task)) and pair[1] >= enough and pair[0] * 100 < mark * pair[1]
    ]


def after_submission(assignment):
    """What follows from a submission with known answers: a test is decided, a low score noticed."""
    round = Round.objects.get(pk=assignment.round_id)
    mine = Assignment.objects.filter(round=round, person=assignment.person_id).submitted()
    if round.kind == Round.Kind.TEST:
        if mine.count() == round.round_items.filter(withdrawn=False).count():
            score = scores(mine).get(assignment.person_id, {})
            Qualification.objects.create(
                round=round,
                person_id=assignment.person_id,
                passed=not below(round.marks, score, enough=1),
                scores=score,
            )
        return
    score = scores(mine.filter(gold=True)).get(assignment.person_id, {})
    if round.below == Round.Below.PAUSE and below(round.marks, score):
        participant = Participant.objects.get(round=round, person=assignment.person_id)
        if participant.blocked_at is None:
            participant.block(None)
