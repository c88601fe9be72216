"""Statements that the ORM composes once and that are then run again and again.

Composing a query costs ten times as much as running it on the few paths that everybody takes all
day (signing a request, taking a dialogue, saving an answer). Elsewhere the ORM itself is right.
"""

import datetime
import inspect

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BooleanField,
    CharField,
    ExpressionWrapper,
    FloatField,
    ForeignKey,
    IntegerField,
    TextField,
)
from django.db.models.sql import UpdateQuery


class Prepared:
    """A SELECT of `values_list` or of models, or an UPDATE where `changes` is given, with open
    places.

    `compose` gets a marker for each of its arguments and gives a queryset; arguments whose name
    starts with `at` are datetimes, one called `day` is a date, all others are numbers or strings.
    `lock` names the model whose rows stay locked (PostgreSQL; SQLite locks the whole file).
    """

    def __init__(self, compose, lock=None):
        self.compose, self.lock = compose, lock
        self.names = list(inspect.signature(compose).parameters)
        self.composed, self.columns = {}, {}

    def _composed(self, connection):
        found = self.composed.get(connection.vendor)
        if found is None:
            markers = [_marker(name, number) for number, name in enumerate(self.names)]
            rows, changes = self.compose(*markers), None
            if isinstance(rows, tuple):
                rows, changes = rows
            query = rows.query
            if changes is not None:
                query = rows.query.chain(UpdateQuery)
                query.clear_ordering(force=True)
                query.add_update_values(changes)
            sql, params = query.get_compiler(connection=connection).as_sql()
            if self.lock and connection.features.has_select_for_update:
                sql += f" FOR UPDATE OF {connection.ops.quote_name(self.lock._meta.db_table)}"
            place_of = {str(_adapted(m, connection)): n for n, m in enumerate(markers)}
            places = [place_of.get(str(one), (one,)) for one in params]
            found = self.composed[connection.vendor] = (sql, places)
        return found

    def _execute(self, values):
        connection = connections[DEFAULT_DB_ALIAS]  # looked up once: its proxy does at each use
        sql, places = self._composed(connection)
        values = [_adapted(value, connection) for value in values]
        cursor = connection.cursor()
        cursor.execute(sql, [p[0] if isinstance(p, tuple) else values[p] for p in places])
        return cursor

    def rows(self, *values):
        """The rows as the database gives them: no booleans, times or UUIDs on SQLite."""
        with self._execute(values) as cursor:
            return cursor.fetchall()

    def first(self, *values):
        return next(iter(self.rows(*values)), None)

    def instance(self, *values):
        """The first row as a model, of a queryset of whole rows; None if there is none."""
        row = self.first(*values)
        if row is None:
            return None
        connection = connections[DEFAULT_DB_ALIAS]
        model, names, converters = self._columns(connection)
        row = list(row)
        for place, column, convert in converters:
            row[place] = convert(row[place], column, connection)
        return model.from_db(connection.alias, names, row)

    def _columns(self, connection):
        """The model, its fields, and what makes of a column's value that of its field."""
        found = self.columns.get(connection.vendor)
        if found is None:
            query = self.compose(*range(len(self.names))).query
            compiler = query.get_compiler(connection=connection)
            compiler.setup_query()
            columns = [column for column, _sql, _alias in compiler.select]
            each = compiler.get_converters(columns).items()
            converters = [(place, col, one) for place, (ways, col) in each for one in ways]
            names = [column.target.attname for column in columns]
            found = self.columns[connection.vendor] = (query.model, names, converters)
        return found

    def run(self, *values):
        """Run an UPDATE; how many rows it changed."""
        with self._execute(values) as cursor:
            return cursor.rowcount


def true_if(condition):
    """A Q as something to select or to store."""
    return ExpressionWrapper(condition, output_field=BooleanField())


def _marker(name, number):
    if name.startswith("at"):
        return datetime.datetime(2999, 1, 1 + number, tzinfo=datetime.UTC)
    if name == "day":
        return datetime.date(2999, 1, 1 + number)
    return 1_777_777_700 + number


def _adapted(value, connection):
    if isinstance(value, datetime.datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, datetime.date):
        return connection.ops.adapt_datefield_value(value)
    return value


def _is_plain(field, value):
    """Whether a value goes to the database as it is; asking its field costs as much as storing."""
    kind = type(value)
    if kind is str:
        return isinstance(field, CharField | TextField)
    return kind in (int, float) and isinstance(field, IntegerField | FloatField | ForeignKey)


def insert(model, rows):
    """Store `rows` (dicts with the same keys, by field); the ids of those stored, in order.

    A row that a unique column has already is left out.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    fields = [model._meta.get_field(name) for name in rows[0]]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES"
        f" {', '.join([one] * len(rows))} ON CONFLICT DO NOTHING"
        f" RETURNING {quote(model._meta.pk.column)}"
    )
    params = [
        value if _is_plain(field, value) else field.get_db_prep_save(value, connection)
        for row in rows
        for field, value in zip(fields, row.values())
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [pk for (pk,) in cursor.fetchall()]
