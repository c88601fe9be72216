"""Finding words in a million utterances: substrings of any length, Chinese above all.

Word-wise full text finds no Chinese, and trigrams find nothing shorter than three characters,
which is most of what is looked for in Chinese. So the index holds every pair of neighbouring
characters (and every single one) of a text as it is compared (`core.normalization.search_key`,
which the column `search` holds): PostgreSQL in a GIN index over an array that a function makes,
SQLite in an FTS5 table that triggers fill. What the index finds is compared with the words
themselves, so that it only has to find enough.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import BooleanField, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from core.normalization import search_key

LONGEST = 5_000  # characters of a text that SQLite indexes
CHUNK = 256  # rows that a first look takes from SQLite's index
WINDOW = 20_000  # ids that the first look covers on PostgreSQL

POSTGRES = [
    """
    CREATE OR REPLACE FUNCTION corpus_grams_of(words text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 500 AS $$
      SELECT coalesce(array_agg(DISTINCT substr(words, i, n)), '{}')
      FROM generate_series(1, char_length(words)) AS i, generate_series(1, 2) AS n
    $$
    """,
    "DROP INDEX IF EXISTS corpus_grams",  # what releases up to 0.1.0 had, over the bare text
    "DROP FUNCTION IF EXISTS corpus_grams(text)",
    """
    CREATE INDEX IF NOT EXISTS corpus_search
    ON corpus_utterance USING gin (corpus_grams_of(search))
    """,
]

GRAMS = """(
    SELECT group_concat(
      printf('%x', unicode(substr({row}.search, n, 1))) || 'x'
        || CASE WHEN n < length({row}.search)
           THEN printf('%x', unicode(substr({row}.search, n + 1, 1))) ELSE '' END, ' ')
    FROM corpus_place WHERE n <= length({row}.search))"""
ADD = f"INSERT INTO corpus_grams(rowid, grams) VALUES (new.id, {GRAMS.format(row='new')});"
DROP = (
    "INSERT INTO corpus_grams(corpus_grams, rowid, grams)"
    f" VALUES ('delete', old.id, {GRAMS.format(row='old')});"
)
ADDS = f"CREATE TRIGGER corpus_grams_add AFTER INSERT ON corpus_utterance BEGIN {ADD} END"
SQLITE = [
    "CREATE TABLE IF NOT EXISTS corpus_place (n INTEGER PRIMARY KEY)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS corpus_grams USING fts5("
    "grams, content='', columnsize=0, detail=none, prefix='5', tokenize='ascii')",
    ADDS,
    f"""CREATE TRIGGER corpus_grams_drop AFTER DELETE ON corpus_utterance BEGIN {DROP} END""",
    f"""CREATE TRIGGER corpus_grams_change AFTER UPDATE OF search ON corpus_utterance
        WHEN old.search <> new.search BEGIN {DROP} {ADD} END""",
]


def install(**_signal) -> None:
    """Make the index where it is missing; a migration that remakes the table loses its triggers."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for statement in POSTGRES:
                cursor.execute(statement)
    elif not _sqlite_is_ready():
        with transaction.atomic(), connection.cursor() as cursor:
            for name in ("add", "drop", "change"):
                cursor.execute(f"DROP TRIGGER IF EXISTS corpus_grams_{name}")
            cursor.execute("DROP TABLE IF EXISTS corpus_grams")
            for statement in SQLITE:
                cursor.execute(statement)
            places = [(n,) for n in range(1, LONGEST + 1)]
            cursor.executemany("INSERT OR IGNORE INTO corpus_place VALUES (%s)", places)
            cursor.execute(
                "INSERT INTO corpus_grams(rowid, grams)"
                f" SELECT new.id, {GRAMS.format(row='new').replace('%', '%%')}"
                " FROM corpus_utterance AS new",
                [],
            )


def _sqlite_is_ready() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
            " AND name LIKE 'corpus_grams%%' AND sql LIKE '%%.search%%'",
            [],
        )
        return bool(cursor.fetchone()[0] == 3)


@contextmanager
def indexing_apart() -> Iterator[None]:
    """Within a transaction: of rows that are stored meanwhile, `index` is told by whoever stores
    them. On SQLite a trigger for each row takes five times as long as all of them at once.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS corpus_grams_add")
        yield
        with connection.cursor() as cursor:
            cursor.execute(ADDS.replace("%", "%%"), [])


def index(keys: Iterable[tuple[int, str]]) -> None:
    """Index utterances by id and search key, as the trigger does that `indexing_apart` suspends."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO corpus_grams(rowid, grams) VALUES (%s, %s)",
                [(pk, _coded_grams(key)) for pk, key in keys],
            )


def _coded_grams(key: str) -> str:
    """What GRAMS makes of a search key."""
    codes = [f"{ord(letter):x}" for letter in key[: LONGEST + 1]]
    pairs = [f"{first}x{second}" for first, second in zip(codes, codes[1:], strict=False)]
    return " ".join(pairs if len(key) > LONGEST else [*pairs, *(f"{code}x" for code in codes[-1:])])


def contains(column: str, words: str) -> GreaterThan:
    """A condition: `column` holds `words`, character by character, on every database."""
    return GreaterThan(StrIndex(column, Value(words)), 0)


def search_page(
    rows: QuerySet, words: str, after: int, size: int, forwards: bool = True, exact: bool = False
) -> list:
    """The next `size` of `rows` (utterances) that contain `words`, by pk from `after` on.

    Backwards they come in falling order. Words are compared by their search key; `exact` ones as
    they stand, character by character.
    """
    key = search_key(words)
    if words and exact:
        rows = rows.filter(contains("text", words))
    elif words:
        rows = rows.filter(contains("search", key)) if key else rows.none()
    if not key:  # nothing that the index knows
        return list(_from(rows, after, forwards)[:size])
    search = _in_postgres if connection.vendor == "postgresql" else _in_sqlite
    return search(rows, key, after, size, forwards)


def _in_postgres(rows: QuerySet, key: str, after: int, size: int, forwards: bool) -> list:
    """First a window of ids, in which a frequent word is found without collecting all of its
    places; then, for the others, everything. Related rows are fetched for the page alone.
    """
    grams = _grams(key)
    listed = ", ".join(["%s"] * len(grams))
    indexed = f"corpus_grams_of(corpus_utterance.search) @> ARRAY[{listed}]"
    held = rows.filter(RawSQL(indexed, grams, output_field=BooleanField()))
    if forwards:
        order, edge = "pk", after + WINDOW
        parts = [Q(pk__gt=after, pk__lte=edge), Q(pk__gt=edge)]
    else:
        order, edge = "-pk", after - WINDOW
        parts = [Q(pk__lt=after, pk__gte=edge), Q(pk__lt=edge)]
    if len(grams) > 2:  # so long a stretch is rare: the index alone leaves little of it
        parts = [parts[0] | parts[1]]
    ids: list[int] = []
    for part in parts:
        if len(ids) < size:
            ordered = held.filter(part).order_by(order).values_list("pk", flat=True)
            ids += ordered[: size - len(ids)]
    return list(rows.filter(pk__in=ids).order_by(order))


def _in_sqlite(rows: QuerySet, key: str, after: int, size: int, forwards: bool) -> list:
    """The index gives ids in order: as many as are needed, eight times as many each time."""
    result: list = []
    chunk = CHUNK
    while len(result) < size:
        sql, values = _sqlite_rows(key, after, chunk, forwards)
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            ids = [row[0] for row in cursor.fetchall()]
        fitting = rows.filter(pk__in=RawSQL(sql, values)).order_by("pk" if forwards else "-pk")
        result += fitting[: size - len(result)]
        if len(ids) < chunk:
            break
        after, chunk = ids[-1], min(chunk * 8, 50_000)
    return result


def _from(rows: QuerySet, after: int, forwards: bool) -> QuerySet:
    if forwards:
        return rows.filter(pk__gt=after).order_by("pk")
    return rows.filter(pk__lt=after).order_by("-pk")


def _grams(key: str) -> list[str]:
    """What the index must hold of `key`: its pairs of neighbours, or the one character."""
    return sorted({key[n : n + 2] for n in range(max(len(key) - 1, 1))})


def _sqlite_rows(key: str, after: int, limit: int, forwards: bool) -> tuple[str, list]:
    """SQL and its values: the next `limit` rowids that the index gives."""

    def token(gram: str) -> str:
        coded = "x".join(f"{ord(letter):x}" for letter in gram)
        return f"{coded}x*" if len(gram) == 1 else coded

    side, order = (">", "ASC") if forwards else ("<", "DESC")
    return (
        f"SELECT rowid FROM corpus_grams WHERE corpus_grams MATCH %s AND rowid {side} %s"
        f" ORDER BY rowid {order} LIMIT %s",
        [" AND ".join(map(token, _grams(key))), after, limit],
    )
