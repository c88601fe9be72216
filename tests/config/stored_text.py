"""What PostgreSQL would not have stored, looked for in SQLite, which stores almost everything."""

from django.apps import apps
from django.db import connection, models


def unfit():
    """A query that counts, a row for each column, values that PostgreSQL would not have taken."""
    quote, parts = connection.ops.quote_name, []
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            table, column = quote(model._meta.db_table), quote(field.column)
            if isinstance(field, models.CharField) and field.max_length:
                wrong = f"LENGTH({column}) > {field.max_length} OR instr({column}, char(0))"
            elif isinstance(field, models.TextField):
                wrong = f"instr({column}, char(0))"
            elif isinstance(field, models.PositiveSmallIntegerField | models.SmallIntegerField):
                wrong = f"ABS({column}) > 32767"
            elif type(field) in (models.IntegerField, models.PositiveIntegerField):
                wrong = f"ABS({column}) > 2147483647"
            elif isinstance(field, models.JSONField):
                wrong = f"{column} LIKE '%\\u0000%' OR {column} LIKE '%NaN%'"
            else:
                continue
            name = f"{model.__name__}.{field.name}"
            parts.append(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {table} WHERE {wrong})")
    return [" UNION ALL ".join(parts[n : n + 200]) for n in range(0, len(parts), 200)]


UNFIT = []


def check_stored():
    if connection.vendor != "sqlite":
        return  # PostgreSQL itself refuses them
    UNFIT[:] = UNFIT or unfit()
    for query in UNFIT:
        with connection.cursor() as cursor:
            found = cursor.execute(query.replace("%", "%%")).fetchall()
        assert not found, f"stored though it does not fit: {found}"
