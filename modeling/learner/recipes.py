"""What to train: every choice that decides a result, as one dataclass."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

MODALITIES = ("text", "audio", "vision")
SHARINGS = ("hard", "single", "cross-stitch", "mmoe", "ple", "distance", "relgate")
NETWORKS = ("own", "ef_lstm", "lmf", "tfn", "mfn", "mult")
RELATIONS = ("supervised", "off", "shuffled", "detached", "auxiliary")
GRADIENTS = ("pcgrad", "upgrad", "alignedmtl", "imtlg")  # what aggregates a gradient a task
WEIGHTINGS = ("equal", "uncertainty", "geometric", *GRADIENTS)
PRECISIONS = ("fp32", "bf16")
CHOICES = {
    "network": NETWORKS,
    "sharing": SHARINGS,
    "relations": RELATIONS,
    "weighting": WEIGHTINGS,
    "precision": PRECISIONS,
    "on_failure": ("fail", "missing"),
}


class RecipeError(ValueError):
    """A recipe with an unknown field or an impossible value."""


@dataclass(frozen=True)
class Recipe:
    """A model and how it is trained; `name` says which published recipe it started from.

    Without `context` an utterance is judged alone; without `attention` the turns of a dialogue meet
    in the towers of the sharing only, not in each modality before; without `fusion` modalities are
    laid side by side and projected, instead of attending to each other.

    `network` is this house's, "own", or a published one (networks/published.py) with its authors'
    settings: it needs all modalities and ignores width, heads, dropout, sharing and relations.

    `sharing` "single" is the control: a whole network a task. `relations` says what the stated
    correlations do in the sharing "relgate": see modeling/learner/sharing/relgate.py. The four
    weights after it are of its losses.

    `weighting` is "equal", "uncertainty" (Kendall et al. 2018), the "geometric" mean of losses, or
    a method over one gradient a task: "pcgrad", "upgrad", "alignedmtl", "imtlg" of TorchJD.
    `minutes` ends training after so long with the best epoch so far, 0 never.
    `stops_on` is a task whose macro-F1 on the selection dialogues chooses the epoch, or "mean" over
    all. The encoders are directories, see modeling/learner/features/pretrained.py; without one a
    modality is read by the default. `on_failure` says what becomes of a clip that cannot be
    measured: "fail" ends the run, "missing" masks the modality there. `precision` "bf16" is
    autocast, `compiled` is torch.compile.
    """

    name: str = "hard-small"
    modalities: tuple[str, ...] = MODALITIES
    network: str = "own"
    sharing: str = "hard"
    relations: str = "supervised"
    width: int = 64
    heads: int = 4
    context: bool = True
    attention: bool = True
    fusion: bool = True
    dropout: float = 0.2
    epochs: int = 40
    patience: int = 15
    dialogues_per_batch: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    logit_adjustment: float = 1.0
    weighting: str = "uncertainty"
    soft_labels: bool = False
    relation_weight: float = 1.0
    orthogonality: float = 0.1
    sparsity: float = 0.01
    distance: float = 1e-4
    minutes: float = 0.0
    stops_on: str = "mean"
    text_encoder: str = ""
    audio_encoder: str = ""
    vision_encoder: str = ""
    on_failure: str = "fail"
    precision: str = "fp32"
    compiled: bool = False

    def __post_init__(self) -> None:
        unknown = set(self.modalities) - set(MODALITIES)
        if unknown or not self.modalities:
            raise RecipeError(
                f"modalities must be some of {', '.join(MODALITIES)}, not {self.modalities}."
            )
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise RecipeError(
                    f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}."
                )
        if self.network != "own" and set(self.modalities) != set(MODALITIES):
            raise RecipeError(f"network {self.network!r} needs {', '.join(MODALITIES)}.")
        if self.width % self.heads:
            raise RecipeError(f"width {self.width} is not a multiple of heads {self.heads}.")
        for name in ("epochs", "patience", "dialogues_per_batch", "width", "heads"):
            if getattr(self, name) < 1:
                raise RecipeError(f"{name} must be at least 1, not {getattr(self, name)}.")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"dropout must be in [0, 1), not {self.dropout}.")

    def to_json(self) -> dict[str, Any]:
        """As it comes back from JSON, so that two can be compared."""
        return {**asdict(self), "modalities": list(self.modalities)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Recipe":
        """Raises RecipeError for fields that do not exist."""
        unknown = set(data) - {field.name for field in fields(cls)}
        if unknown:
            raise RecipeError(f"A recipe has no field {', '.join(sorted(unknown))}.")
        if "modalities" in data:
            data = {**data, "modalities": tuple(data["modalities"])}
        return cls(**data)


TEXT = replace(Recipe(), modalities=("text",), epochs=12, patience=3)
RECIPES = {
    "hard-small": Recipe(),
    "hard-text": replace(TEXT, name="hard-text"),
    "soft-small": replace(Recipe(), name="soft-small", sharing="relgate"),
    "soft-text": replace(TEXT, name="soft-text", sharing="relgate"),
    "ef-lstm": replace(Recipe(), name="ef-lstm", network="ef_lstm"),
    "lmf": replace(Recipe(), name="lmf", network="lmf"),
    "tfn": replace(Recipe(), name="tfn", network="tfn"),
    "mfn": replace(Recipe(), name="mfn", network="mfn"),
    "mult": replace(Recipe(), name="mult", network="mult"),
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
