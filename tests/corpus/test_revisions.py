"""Editing a dialogue: every step is a revision, and every step can be undone."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UserError
from corpus.models import Conflict, Revision, Speaker, Utterance
from corpus.turns import TurnsError
from people.models import Event
from tests.examples import examples
from tests.factories import make_corpus, make_dialogue, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return make_person("lead")


@pytest.fixture
def dialogue(lead):
    return make_dialogue(make_corpus(lead), size=3, published=False)


def rows(dialogue):
    return [turn.to_json() for turn in dialogue.turns()]


def words(dialogue):
    return list(dialogue.utterances.values_list("text", flat=True))


def edit(dialogue, person, change):
    changed = rows(dialogue)
    change(changed)
    return dialogue.edit(person, dialogue.head, changed)


def split(turns):
    first = turns[0]
    turns[0:1] = [
        first | {"text": "第", "end": 0.4},
        first | {"uid": None, "text": "1句", "start": 0.4},
    ]


def test_split_merge_retype_move_and_back(dialogue, lead):
    edit(dialogue, lead, split)
    assert words(dialogue) == ["第", "1句", "第2句", "第3句"]
    new = dialogue.utterances.get(number=2)
    assert new.uid == f"{dialogue.uid}_U_4" and new.corpus_id == dialogue.corpus_id
    edit(dialogue, lead, lambda turns: turns.pop())
    edit(dialogue, lead, lambda turns: turns[0].update(text="改过", end=0.3))
    assert words(dialogue) == ["改过", "1句", "第2句"]
    for expected in (
        ["第", "1句", "第2句"],
        ["第", "1句", "第2句", "第3句"],
        ["第1句", "第2句", "第3句"],
    ):
        dialogue.undo(lead, dialogue.head)
        assert words(dialogue) == expected
    with pytest.raises(UserError, match="nothing to undo"):
        dialogue.undo(lead, dialogue.head)
    for _ in range(3):
        dialogue.redo(lead, dialogue.head)
    assert words(dialogue) == ["改过", "1句", "第2句"]
    assert dialogue.utterances.get(number=2).pk == new.pk  # the same row comes back
    with pytest.raises(UserError, match="nothing to redo"):
        dialogue.redo(lead, dialogue.head)
    verbs = list(Event.objects.filter(noun="dialogue").values_list("verb", flat=True))
    assert verbs == ["redo"] * 3 + ["undo"] * 3 + ["edit"] * 3


def test_an_edit_after_an_undo_loses_nothing(dialogue, lead):
    edit(dialogue, lead, lambda turns: turns[0].update(text="甲"))
    dialogue.undo(lead, 1)
    edit(dialogue, lead, lambda turns: turns[0].update(text="乙"))
    assert words(dialogue)[0] == "乙"
    dialogue.restore(lead, dialogue.head, 1)
    assert words(dialogue)[0] == "甲"
    with pytest.raises(UserError, match="no revision 9"):
        dialogue.restore(lead, dialogue.head, 9)


def test_two_people_do_not_overwrite_each_other(dialogue, lead):
    mine = rows(dialogue)
    edit(dialogue, lead, lambda turns: turns[0].update(text="甲"))
    with pytest.raises(Conflict, match="lead has changed"):
        dialogue.edit(make_person(), 0, mine)
    assert words(dialogue)[0] == "甲"


def test_the_same_edit_twice_is_one(dialogue, lead):
    changed, client_id = rows(dialogue), uuid.uuid4()
    changed[0]["text"] = "甲"
    first = dialogue.edit(lead, 0, changed, client_id)
    assert dialogue.edit(lead, 0, changed, client_id) == first
    assert dialogue.edit(lead, 1, rows(dialogue)) == first  # nothing changed: no new revision
    assert Revision.objects.count() == 2


def test_what_is_not_known_here_is_refused(dialogue, lead):
    stranger = Speaker.objects.create(corpus=make_corpus(), name="A")
    for change in (
        lambda turns: turns[0].update(speaker=stranger.pk),
        lambda turns: turns[0].update(uid="elsewhere"),
    ):
        with pytest.raises(UserError, match="not known"):
            edit(dialogue, lead, change)
    with pytest.raises(TurnsError):
        edit(dialogue, lead, lambda turns: turns.clear())
    assert not Revision.objects.exists() and words(dialogue) == ["第1句", "第2句", "第3句"]


def test_annotators_see_a_published_dialogue_until_its_changes_are_published(dialogue, lead):
    dialogue.publish(lead)
    edit(dialogue, lead, lambda turns: turns[0].update(text="完全不同"))
    assert dialogue.has_draft and words(dialogue)[0] == "第1句"
    edit(dialogue, lead, lambda turns: turns[1].update(text="第2句！"))
    before = dialogue.utterances.first()
    assert dialogue.publish_revision(lead) == [f"{dialogue.uid}_U_1r2"]
    assert words(dialogue) == ["完全不同", "第2句！", "第3句"] and not dialogue.has_draft
    before.refresh_from_db()
    assert before.retired and before.text == "第1句"
    dialogue.undo(lead, dialogue.head)
    dialogue.undo(lead, dialogue.head)
    assert dialogue.publish_revision(lead) == []
    assert dialogue.utterances.first() == before  # with whatever was judged about it


def test_a_merged_speaker_stays_merged_in_older_revisions(dialogue, lead):
    one, other = dialogue.corpus.speakers.order_by("name")
    edit(dialogue, lead, lambda turns: turns[0].update(speaker=None))
    assert one.merge(lead, other) == dialogue.utterances.exclude(speaker=None).count() - 1
    dialogue.undo(lead, dialogue.head)
    assert set(dialogue.utterances.values_list("speaker", flat=True)) == {other.pk}
    assert list(dialogue.corpus.speakers.all()) == [other]
    Speaker.objects.create(corpus=dialogue.corpus, name=one.name)  # the name is free again


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["split", "remove", "retype", "move", "undo", "redo", "publish", "publish_revision"]
        ),
        st.integers(0, 5),
    ),
    max_size=12,
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_is_done_the_rows_are_the_revision(steps):
    lead = make_person()
    dialogue = make_dialogue(make_corpus(lead), size=3, published=False)
    for step, at in steps:
        turns = rows(dialogue)
        at %= len(turns)
        try:
            if step in ("undo", "redo"):
                getattr(dialogue, step)(lead, dialogue.head)
            elif step in ("publish", "publish_revision"):
                getattr(dialogue, step)(lead)
                dialogue = type(dialogue).objects.get(pk=dialogue.pk)
            elif step == "split":
                half = (turns[at]["start"] + turns[at]["end"]) / 2
                new = turns[at] | {"uid": None, "start": half}
                turns[at : at + 1] = [turns[at] | {"end": half}, new]
            elif step == "remove":
                del turns[at]
            elif step == "retype":
                turns[at]["text"] += "字"
            else:
                turns[at]["start"] /= 2
            if step in ("split", "remove", "retype", "move"):
                dialogue.edit(lead, dialogue.head, turns)
        except UserError:
            continue
        except TurnsError:
            continue
        shown = [row.turn for row in dialogue.utterances.all()]
        if not dialogue.has_draft:
            assert shown == dialogue.turns()
        known = dialogue.revisions.filter(number=dialogue.published_revision).first()
        if known:
            assert shown == known.read()
        numbers = list(dialogue.utterances.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
    uids = Utterance.all_objects.filter(dialogue=dialogue).values_list("uid", flat=True)
    assert len(uids) == len(set(uids))
