"""Columns that hold the normalised form of others, so that the database can compare by it."""

from collections.abc import Iterable

from django.db import models

from corpus.normalization import normalized, search_key


class NormalizedField(models.TextField):
    """What `compute` makes of each of the fields `of`, a line each; filled on every write.

    The rows' default manager must be made from NormalizedQuerySet, their model from Normalized.
    """

    compute = staticmethod(normalized)

    def __init__(self, *of, **kwargs):
        super().__init__(**{"default": "", "blank": True, "editable": False} | kwargs)
        self.of = of

    def deconstruct(self):
        name, path, _args, kwargs = super().deconstruct()
        return name, path, list(self.of), kwargs

    def value_of(self, values):
        """What the column holds beside `values`, name -> text."""
        return "\n".join(self.compute(values[name]) for name in self.of)

    def pre_save(self, model_instance, add):
        value = self.value_of({name: getattr(model_instance, name) for name in self.of})
        setattr(model_instance, self.attname, value)
        return value


class SearchField(NormalizedField):
    """What a search looks into: normalised, and Chinese in its simplified form."""

    compute = staticmethod(search_key)


def _filled_from(model: type[models.Model], names: Iterable[str]) -> dict[str, NormalizedField]:
    """The normalised columns of `model` that depend on the fields `names`."""
    chosen = set(names)
    return {
        field.name: field
        for field in model._meta.concrete_fields
        if isinstance(field, NormalizedField) and chosen & {*field.of}
    }


class NormalizedQuerySet(models.QuerySet):
    """Keeps normalised columns right where rows are written without their `save`."""

    def update(self, **kwargs):
        """Raises TypeError for an expression where words are normalised: only they can be."""
        for name, field in _filled_from(self.model, kwargs).items():
            if name in kwargs:
                continue
            if not all(isinstance(kwargs.get(each), str) for each in field.of):
                raise TypeError(
                    f"{name} is made from {' and '.join(field.of)}: update gets all of them, as"
                    " str; save or bulk_update rows otherwise."
                )
            kwargs[name] = field.value_of(kwargs)
        return super().update(**kwargs)

    update.alters_data = True

    def bulk_update(self, objs, fields, batch_size=None):
        objs, more = list(objs), _filled_from(self.model, fields)
        for field in more.values():
            for row in objs:
                field.pre_save(row, add=False)
        return super().bulk_update(objs, [*dict.fromkeys([*fields, *more])], batch_size)

    bulk_update.alters_data = True

    def bulk_create(self, objs, *args, update_fields=None, **kwargs):
        if update_fields:
            update_fields = [*update_fields, *_filled_from(self.model, update_fields)]
        return super().bulk_create(objs, *args, update_fields=update_fields, **kwargs)

    bulk_create.alters_data = True


class Normalized(models.Model):
    """Mixed into a model with normalised columns."""

    class Meta:
        abstract = True

    def save(self, *args, update_fields=None, **kwargs):
        if update_fields is not None:
            update_fields = {*update_fields, *_filled_from(type(self), update_fields)}
        super().save(*args, update_fields=update_fields, **kwargs)


def fill(model: type[models.Model], size: int = 2000) -> None:
    """Compute the normalised columns of the rows that are there, for a migration."""
    fields = list(_filled_from(model, (f.name for f in model._meta.concrete_fields)).values())
    last, rows = 0, True
    while rows:
        names = {each for field in fields for each in field.of}
        chosen = model._base_manager.filter(pk__gt=last).order_by("pk").only("pk", *names)
        rows = list(chosen[:size])
        for row in rows:
            for field in fields:
                field.pre_save(row, add=False)
        model._base_manager.bulk_update(rows, [field.name for field in fields], batch_size=500)
        last = rows[-1].pk if rows else last
