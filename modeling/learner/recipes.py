"""What to train: every choice that decides a result, as one dataclass."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

MODALITIES = ("text", "audio", "vision")


class RecipeError(ValueError):
    """A recipe with an unknown field or an impossible value."""


@dataclass(frozen=True)
class Recipe:
    """A model and how it is trained; `name` says which published recipe it started from."""

    name: str = "hard-small"
    modalities: tuple[str, ...] = MODALITIES
    sharing: str = "hard"
    width: int = 64
    heads: int = 4
    context: bool = True
    dropout: float = 0.2
    epochs: int = 40
    patience: int = 15
    dialogues_per_batch: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    logit_adjustment: float = 1.0

    def __post_init__(self) -> None:
        unknown = set(self.modalities) - set(MODALITIES)
        if unknown or not self.modalities:
            raise RecipeError(
                f"modalities must be some of {', '.join(MODALITIES)}, not {self.modalities}."
            )
        if self.sharing != "hard":
            raise RecipeError(f"sharing must be 'hard', not {self.sharing!r}.")
        if self.width % self.heads:
            raise RecipeError(f"width {self.width} is not a multiple of heads {self.heads}.")
        for name in ("epochs", "patience", "dialogues_per_batch", "width", "heads"):
            if getattr(self, name) < 1:
                raise RecipeError(f"{name} must be at least 1, not {getattr(self, name)}.")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"dropout must be in [0, 1), not {self.dropout}.")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Recipe":
        """Raises RecipeError for fields that do not exist."""
        unknown = set(data) - {field.name for field in fields(cls)}
        if unknown:
            raise RecipeError(f"A recipe has no field {', '.join(sorted(unknown))}.")
        if "modalities" in data:
            data = {**data, "modalities": tuple(data["modalities"])}
        return cls(**data)


RECIPES = {
    "hard-small": Recipe(),
    "hard-text": replace(Recipe(), name="hard-text", modalities=("text",), epochs=12, patience=3),
}


def find(name_or_file: str) -> Recipe:
    """A recipe by name or from a JSON file. Raises RecipeError if there is none."""
    if name_or_file in RECIPES:
        return RECIPES[name_or_file]
    path = Path(name_or_file)
    if not path.is_file():
        raise RecipeError(f"No recipe {name_or_file!r}; there is {', '.join(RECIPES)}, or a file.")
    try:
        return Recipe.from_json(json.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise RecipeError(f"{path}: {error}") from error
