"""Rows from before studies were called experiments: every one stays, with its links and Events."""

import pytest

from modeling.models import Evaluation, Experiment, TrainingRun
from people.models import Event
from releases.models import PersonalDataReview, Release
from tests.factories import make_corpus, make_judged_round, make_person, make_release
from tests.migration_steps import migration_steps

BEFORE = [("releases", "0005_member_access"), ("modeling", "0007_recipe_choices")]
OLD_VERBS = {
    ("train", "study"), ("measure", "release"), ("measure", "featurepart"), ("measure", "round"),
    ("inspect", "utterance"), ("accept", "share"), ("accept", "invitation"),
}  # fmt: skip
NEW_VERBS = {
    ("train", "experiment"), ("extract", "release"), ("extract", "featurepart"),
    ("measure", "round"), ("review", "utterance"), ("accept terms", "share"),
    ("accept", "invitation"),
}  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_every_row_of_before_stays(django_db_serialized_rollback, settings):
    lead = make_person("lead")
    corpus = make_corpus(lead)
    release = make_release(corpus, [make_judged_round(corpus)], split_unit="source")
    utterance = corpus.utterances.first()
    release_id, utterance_id = release.pk, utterance.pk
    Event.objects.all().delete()
    try:
        executor = migration_steps()
        executor.migrate(BEFORE)
        old = executor.loader.project_state(BEFORE).apps
        ids = _fill(old, release_id, utterance_id, lead.pk)
    finally:
        executor = migration_steps()
        executor.migrate(executor.loader.graph.leaf_nodes())
    first, repeated = Experiment.objects.order_by("pk")
    assert [first.pk, repeated.pk] == ids["studies"] and first.name == "of before"
    assert repeated.follows == first and first.repeats_by == lead
    assert first.search == {"trials": 3} and first.options == {"epochs": 2}
    assert list(Release.objects.get().experiments.order_by("pk")) == [first, repeated]
    run = TrainingRun.objects.get()
    assert run.pk == ids["run"] and run.experiment == first and run.options == {"epochs": 2}
    evaluation = Evaluation.objects.get()
    assert evaluation.pk == ids["evaluation"] and evaluation.training_run == run
    assert run.evaluation == evaluation and evaluation.result == {"split": "test"}
    review = PersonalDataReview.objects.get()
    assert (review.pk, review.utterance_id, review.words) == (ids["review"], utterance_id, "138")
    assert review.outcome == "keep" and review.person == lead
    assert Release.objects.get().split_unit == "source"
    assert set(Event.objects.values_list("verb", "noun")) == NEW_VERBS
    assert Event.objects.count() == len(OLD_VERBS)


def _fill(old, release, utterance, person):
    """Rows as the version before made them; their ids."""
    event = old.get_model("people", "Event")
    for verb, noun in OLD_VERBS:
        event.objects.create(person_id=person, verb=verb, noun=noun, noun_id=1)
    assert old.get_model("releases", "Release").objects.get().apart == "source"
    study = old.get_model("modeling", "Study")
    first = study.objects.create(
        release_id=release,
        name="of before",
        options={"epochs": 2},
        search={"trials": 3},
        repeats_by_id=person,
    )
    repeated = study.objects.create(release_id=release, follows=first)
    run = old.get_model("modeling", "TrainingRun").objects.create(
        release_id=release, recipe="hard-text", study=first, options={"epochs": 2}, status="done"
    )
    evaluation = old.get_model("modeling", "Evaluation").objects.create(
        run=run, status="done", result={"split": "test"}
    )
    review = old.get_model("releases", "Inspection").objects.create(
        utterance_id=utterance, words="138", kind="phone", outcome="keep", person_id=person
    )
    return {
        "studies": [first.pk, repeated.pk],
        "run": run.pk,
        "evaluation": evaluation.pk,
        "review": review.pk,
    }
