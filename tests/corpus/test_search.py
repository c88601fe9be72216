"""The index finds what a scan finds, whatever happened to the rows."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.normalization import search_key
from corpus.models import Utterance
from corpus.search import install, search_page
from tests.factories import make_corpus, make_dialogue

pytestmark = pytest.mark.django_db

LETTERS = "你好吗的 aAbÉ，。!'\"%_\\😀x1Ａ１ﬁİß軟软髮發发\u200b\u0301eé"
words = st.text(alphabet=LETTERS, min_size=1, max_size=4)


def scan(needle, exact=False):
    texts = Utterance.objects.order_by("pk").values_list("pk", "text")
    if exact:
        return [pk for pk, text in texts if needle in text]
    key = search_key(needle)
    return [pk for pk, text in texts if key and key in search_key(text)]


def search(needle, exact=False):
    return [row.pk for row in search_page(Utterance.objects.all(), needle, 0, 100, exact=exact)]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(alphabet=LETTERS, max_size=12), min_size=1, max_size=6), words)
def test_the_same_as_a_scan(texts, needle):
    Utterance.all_objects.all().delete()
    dialogue = make_dialogue(make_corpus(), size=len(texts), published=False)
    for utterance, text in zip(dialogue.utterances.all(), texts, strict=True):
        Utterance.objects.filter(pk=utterance.pk).update(text=text)
    assert search(needle) == scan(needle)


def test_rows_that_change_or_go_are_found_as_they_are():
    dialogue = make_dialogue(make_corpus(), size=3)
    first, second, third = dialogue.utterances.all()
    assert search("第") == [first.pk, second.pk, third.pk]
    Utterance.objects.filter(pk=first.pk).update(text="换了词")
    third.delete()
    assert search("第") == [second.pk] and search("换了") == [first.pk]
    Utterance.objects.filter(pk=second.pk).update(retired=True)
    assert search("第") == []


def test_a_page_goes_on_where_the_last_one_ended():
    dialogue = make_dialogue(make_corpus(), size=30)
    pks = list(dialogue.utterances.order_by("pk").values_list("pk", flat=True))
    rows = Utterance.objects.all()
    first = [row.pk for row in search_page(rows, "句", 0, 10)]
    second = [row.pk for row in search_page(rows, "句", first[-1], 10)]
    assert first + second == pks[:20]
    back = [row.pk for row in search_page(rows, "句", second[0], 10, forwards=False)]
    assert back == first[::-1]
    assert [row.pk for row in search_page(rows.filter(number=29), "第2", 0, 10)] == [pks[28]]


def test_an_index_that_was_lost_is_made_anew(transactional_db):
    from django.db import connection

    dialogue = make_dialogue(make_corpus(), size=2)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER corpus_grams_add")
        else:
            cursor.execute("DROP INDEX corpus_search")
    install()
    install()  # a second time changes nothing
    assert len(search("第1句")) == 1 and dialogue.utterances.count() == 2
