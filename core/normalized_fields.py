"""Columns that hold the normalised form of another, so that the database can compare by it."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from core.normalization import normalized, search_key


class NormalizedField(models.TextField):
    """What `compute` makes of the field `of`; filled on every write.

    The rows' default manager must be made from NormalizedQuerySet, their model from Normalized.
    """

    compute = staticmethod(normalized)

    def __init__(self, of, **kwargs):
        options: dict[str, Any] = {"default": "", "blank": True, "editable": False}
        super().__init__(**(options | kwargs))
        self.of = of

    def deconstruct(self):
        name, path, _args, kwargs = super().deconstruct()
        return name, path, [self.of], kwargs

    def pre_save(self, model_instance, add):
        value = self.compute(getattr(model_instance, self.of))
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
        if isinstance(field, NormalizedField) and field.of in chosen
    }


class NormalizedQuerySet(models.QuerySet):
    """Keeps normalised columns right where rows are written without their `save`."""

    def update(self, **kwargs):
        """Raises TypeError for an expression where words are normalised: only they can be."""
        for name, field in _filled_from(self.model, kwargs).items():
            if name in kwargs:
                continue
            if not isinstance(kwargs[field.of], str):
                raise TypeError(
                    f"{name} is made from {field.of}, which must be a str here: an expression"
                    " cannot be normalised. Use bulk_update."
                )
            kwargs[name] = field.compute(kwargs[field.of])
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs, fields, batch_size=None):
        objs, more = list(objs), _filled_from(self.model, fields)
        for field in more.values():
            for row in objs:
                field.pre_save(row, add=False)
        return super().bulk_update(objs, [*dict.fromkeys([*fields, *more])], batch_size)

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs, *args, update_fields=None, **kwargs):
        if update_fields:
            update_fields = [*update_fields, *_filled_from(self.model, update_fields)]
        kwargs["update_fields"] = update_fields
        return super().bulk_create(objs, *args, **kwargs)

    bulk_create.alters_data = True  # type: ignore[attr-defined]


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
    names = {field.of for field in fields}
    ordered = model._base_manager.order_by("pk").only("pk", *names)
    last = 0
    while rows := list(ordered.filter(pk__gt=last)[:size]):
        for row in rows:
            for field in fields:
                field.pre_save(row, add=False)
        model._base_manager.bulk_update(rows, [field.name for field in fields], batch_size=500)
        last = rows[-1].pk
