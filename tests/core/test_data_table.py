"""Tables: what an address asks of them, paging by key, files."""

import random

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F
from django.test import RequestFactory
from django.utils import timezone

from core.data_table import Column, DataTable, read
from corpus.models import Dialogue, Publication
from tests.factories import make_corpus, make_source

TABLE = DataTable(
    "things",
    [
        Column("name", "name", sort="uid", fixed=True, value=str),
        Column("place", "place", sort=("source_id", "number")),
        Column("seconds", "length", sort="seconds", numeric=True, falling=True),
        Column("split", "split", sort="split"),
        Column("published", "published", sort="publication__at",
               value=lambda row: read(row, "publication__at")),
        Column("size", "utterances", sort="size", hidden=True),
    ],
    sort="place",
    size=4,
)  # fmt: skip


def ask(query="", cookie="", table=TABLE, rows=(), **options):
    request = RequestFactory().get(f"/things/?{query}")
    request.user, request.COOKIES["tables"] = AnonymousUser(), cookie
    return table.page(request, rows, **options)


def query_of(address):
    return address.partition("?")[2]


@pytest.fixture
def sources(db):
    corpus = make_corpus()
    return [make_source(corpus) for _ in range(2)]


def some_dialogue(sources, luck):
    source, number = luck.choice(sources), Dialogue.objects.count()
    dialogue = Dialogue.objects.create(
        corpus_id=source.corpus_id, source=source, uid=f"{luck.random():.6f}-{number}",
        number=number, split=luck.choice(["", "test", "train"]), start=0.0,
        end=luck.choice([None, 1.5, 1.5, luck.random()]),
    )  # fmt: skip
    if luck.random() < 0.5:
        Publication.objects.create(dialogue=dialogue)
    return dialogue


def dialogues():
    rows = Dialogue.objects.select_related("publication")
    return rows.annotate(seconds=F("end") - F("start"), size=Count("utterances"))


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("key", [column.key for column in TABLE.columns])
def test_paging_visits_each_row_once_while_rows_are_added(sources, key, sign):
    luck = random.Random(f"{key}{sign}")
    before = {some_dialogue(sources, luck).pk for _ in range(23)}
    table = ask(f"sort={sign}{key}", rows=dialogues())
    seen = [row.pk for row in table]
    while table.next_url:
        some_dialogue(sources, luck)
        table = ask(query_of(table.next_url), rows=dialogues())
        seen += [row.pk for row in table]
    assert len(seen) == len(set(seen))
    assert before <= set(seen)

    back = [row.pk for row in table]  # the same way back
    while table.previous_url:
        table = ask(query_of(table.previous_url), rows=dialogues())
        back = [row.pk for row in table] + back
    assert [pk for pk in back if pk in seen] == seen


def test_rows_without_a_value_come_last_both_ways(sources):
    luck = random.Random(1)
    for _ in range(12):
        some_dialogue(sources, luck)
    for sign in ("", "-"):
        rows = [row for batch in ask(f"sort={sign}seconds", rows=dialogues()).batches(5)
                for row in batch]  # fmt: skip
        values = [row.seconds for row in rows]
        filled = [value for value in values if value is not None]
        assert values == sorted(filled, reverse=bool(sign)) + [None] * (len(values) - len(filled))


def test_it_says_which_rows_of_how_many(sources, monkeypatch):
    luck = random.Random(2)
    for _ in range(11):
        some_dialogue(sources, luck)
    table = ask(rows=dialogues())
    assert (table.first, table.last, table.count, table.more) == (1, 4, 11, False)
    table = ask(query_of(table.next_url), rows=dialogues())
    assert (table.first, table.last, table.count) == (5, 8, 11)
    monkeypatch.setattr("core.data_table.MOST_COUNTED", 10)
    table = ask(rows=dialogues())
    assert (table.count, table.more) == (10, True)


def test_counting_and_reading_a_page_takes_two_queries(sources, django_assert_num_queries):
    luck = random.Random(3)
    for _ in range(9):
        some_dialogue(sources, luck)
    with django_assert_num_queries(2):
        table = ask("sort=-seconds", rows=dialogues())
        assert len(table.rows) == 4 and table.count == 9 and table.next_url


def test_what_it_does_not_know_is_left_out_with_a_notice(sources):
    table = ask("sort=nonsense&columns=size,nonsense&density=tiny&cursor=xyz", rows=dialogues())
    assert len(table.notices) == 2
    assert table.sort_key == "place" and table.density == "comfortable"
    assert [column.key for column in table.shown_columns] == ["name", "size"]
    assert table.rows == []


def test_a_cursor_of_another_order_begins_anew(sources):
    luck = random.Random(4)
    for _ in range(9):
        some_dialogue(sources, luck)
    cursor = query_of(ask("sort=name", rows=dialogues()).next_url).split("cursor=")[1]
    assert ask(f"sort=-name&cursor={cursor}", rows=dialogues()).first == 1


def test_what_somebody_chose_is_remembered(db):
    response = ask("q=x&columns=&columns=size&density=compact&keep=columns", rows=[]).render("", {})
    assert response.url == "/things/?q=x&columns=name,size"
    cookie = response.cookies["tables"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    table = ask(cookie=cookie.value, rows=[])
    assert [column.key for column in table.shown_columns] == ["name", "size"]
    assert table.density == "compact"
    assert ask(cookie="%%%&&=;" * 300, rows=[]).density == "comfortable"


def test_a_file_has_all_rows_and_runs_no_formula(sources):
    taken = []
    luck = random.Random(5)
    for _ in range(9):
        some_dialogue(sources, luck)
    Dialogue.objects.filter(number=3).update(uid="=1+1", split="test")
    assert "format=csv" not in ask(rows=dialogues()).export_url
    table = ask("sort=name&format=csv", rows=dialogues(), export=taken.append)
    response = table.render("", {})
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert taken == ["things.csv"] and "attachment" in response["Content-Disposition"]
    assert lines[0] == "\ufeffname,place,seconds,split,published,size"
    assert len(lines) == 10
    assert any(line.startswith("'=1+1,") for line in lines)


def test_columns_that_are_not_for_somebody_are_nowhere(sources):
    luck = random.Random(6)
    some_dialogue(sources, luck)
    table = ask(
        "columns=split&sort=split&format=csv", rows=dialogues(), without=["split"],
        export=lambda name: None,
    )  # fmt: skip
    assert "split" not in table.known and table.sort_key == "place"
    assert b"split" not in b"".join(table.render("", {}).streaming_content)


class Thing:
    def __init__(self, name, at=None):
        self.name, self.at = name, at


def test_a_list_is_sorted_and_paged_by_place():
    things = [Thing("b", timezone.now()), *(Thing(f"a{n}") for n in range(8))]
    listed = DataTable("list", [Column("name", "name", sort="name"), Column("at", "at", sort="at")],
                       size=5)  # fmt: skip
    table = ask("sort=-name", table=listed, rows=things)
    assert [thing.name for thing in table] == ["b", "a7", "a6", "a5", "a4"] and table.count == 9
    table = ask(query_of(table.next_url), table=listed, rows=things)
    assert [thing.name for thing in table] == ["a3", "a2", "a1", "a0"] and not table.next_url
    table = ask(query_of(table.previous_url), table=listed, rows=things)
    assert [thing.name for thing in table] == ["b", "a7", "a6", "a5", "a4"]
    assert ask("sort=-at", table=listed, rows=things).rows[0].name == "b"
