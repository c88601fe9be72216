"""Whether a recipe can be trained on a release, checked before the run begins."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from modeling.learner.error_messages import display_value, suggest_name
from modeling.learner.features import egemaps
from modeling.learner.features.encoder_directory import ADAPTED, EncoderDirectory
from modeling.learner.features.extraction import Features
from modeling.learner.features.face_detector import check_detector
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.imported import ImportedFeatures
from modeling.learner.recipes import MIX, TEXT_TOKENS, Recipe, RecipeError
from modeling.learner.release import Dialogue, ReleaseError, Splits, Task
from modeling.learner.sharing.interface import split_tasks


def check_trainable(recipe: Recipe, splits: Splits, tasks: Sequence[Task]) -> None:
    """Raises RecipeError or ReleaseError where a recipe cannot be learned from these dialogues:
    nothing to choose the epoch by, no labels, a task or a modality that is not there.
    """
    if not splits.validation:
        raise ReleaseError(
            "The release has one dialogue in its train split and not both a valid and a test split:"
            " nothing is left to choose the epoch by. Freeze one with more dialogues."
        )
    learned = [task for task in tasks if _is_predicted(recipe, task, tasks)]
    soft = recipe.soft_labels and "soft_labels" not in recipe.unused
    trained = {t.key for t in learned if _labelled(t, splits.train, soft)}
    if not trained:
        raise ReleaseError(
            "The release has no label in its train split: there is nothing to learn from."
            " Freeze one with rounds that people have answered."
        )
    chosen_by = {task.key for task in learned if _labelled(task, splits.validation, soft=False)}
    if not chosen_by:
        raise ReleaseError(
            f"The release has no label on {splits.validation_name}: nothing could choose the epoch."
            " Freeze one whose valid split has labels."
        )
    _check_stopping_task(recipe, tasks, chosen_by, splits.validation_name)
    _check_modalities(recipe, splits.train)
    check_encoders(recipe, [*splits.train, *splits.validation, *splits.held_out])
    _check_examples(recipe, splits)


def check_encoders(recipe: Recipe, dialogues: Sequence[Dialogue]) -> None:
    """Raises RecipeError for an encoder that has nothing to read in these dialogues, or a directory
    that holds no encoder, or no imported features.
    """
    _check_encoder_inputs(recipe, dialogues)
    _check_functionals(recipe, dialogues)
    _check_faces(recipe, dialogues)
    if recipe.network == "likelihoods" and not recipe.likelihoods:
        raise RecipeError(
            "network 'likelihoods' reads what a language model said: write it with the command"
            " judge and name its directory as likelihoods.",
            "likelihoods",
        )
    for name in recipe.imported:
        _check_imported(recipe, name)
    for name in recipe.modalities:
        field = f"{name}_encoder"
        if not getattr(recipe, field) or name in recipe.imported:
            continue
        try:
            found = EncoderDirectory(Path(getattr(recipe, field)))
            depth, _ = found.layers, found.dims
        except FeatureError as error:
            raise RecipeError(f"{field}: {error}", field) from error
        if found.modality != name:
            words = f"reads {found.modality} ({found.model_type}), not {name}."
            raise RecipeError(f"{field}: {found.path} {words}", field)
        layer = getattr(recipe, f"{name}_layer")
        if layer not in ("last", MIX) and int(layer.removeprefix("mean-")) > depth:
            words = f"{name}_layer cannot be {layer}: {found.path} has {depth} layers."
            raise RecipeError(words, f"{name}_layer")
        if getattr(recipe, f"{name}_pooling") == "head" and not found.has_head:
            words = f"{name}_pooling cannot be head: a {found.model_type} has no pooling head."
            raise RecipeError(words, f"{name}_pooling")
        if name in recipe.tuned:
            _check_tuning(recipe, name, found)
        longest = found.longest_text
        if longest and recipe.text_tokens > max(longest, TEXT_TOKENS):
            words = f"text_tokens cannot be {recipe.text_tokens}: {found.path} reads {longest}."
            raise RecipeError(words, "text_tokens")


def _check_functionals(recipe: Recipe, dialogues: Sequence[Dialogue]) -> None:
    """Raises RecipeError for functionals that nothing here can compute."""
    if recipe.functionals != "egemaps":
        return
    if not egemaps.is_installed():
        raise RecipeError(egemaps.MISSING, "audio_functionals")
    if any(dialogue.features for dialogue in dialogues):
        words = "audio_functionals egemaps hears films, and the release holds measured features:"
        raise RecipeError(f"{words} say own or none.", "audio_functionals")


def _check_faces(recipe: Recipe, dialogues: Sequence[Dialogue]) -> None:
    """Raises RecipeError for faces of films that are not there, and where none can be found."""
    if recipe.vision_region == "frame" or "vision_region" in recipe.unused:
        return
    films = any(dialogue.has_media and not dialogue.features for dialogue in dialogues)
    if not films:
        words = "The release holds no films, in whose pictures there could be faces: say frame."
        raise RecipeError(f"vision_region: {words}", "vision_region")
    try:
        check_detector(recipe.face_detector)
    except FeatureError as error:
        raise RecipeError(f"vision_region: {error}", "vision_region") from error


def _check_imported(recipe: Recipe, name: str) -> None:
    """Raises RecipeError for a directory without features of a modality."""
    field = recipe.features_field(name)
    try:
        found = ImportedFeatures(Path(recipe.features_of(name)))
    except FeatureError as error:
        raise RecipeError(f"{field}: {error}", field) from error
    if found.modality != name:
        words = f"holds features of {found.modality}, not of {name}."
        raise RecipeError(f"{field}: {found.path} {words}", field)


def _check_examples(recipe: Recipe, splits: Splits) -> None:
    """Raises RecipeError where features were made of labels that are not those of the train set."""
    others = {u.id for d in (*splits.validation, *splits.held_out) for u in d.utterances}
    for name in recipe.imported:
        field = recipe.features_field(name)
        shown = ImportedFeatures(Path(recipe.features_of(name))).examples & others
        if shown:
            raise RecipeError(
                f"{field} were made with the labels of {len(shown)} utterances that this"
                f" run is validated or tested on, such as {min(shown)}. Make them for these"
                " splits.",
                field,
            )


def _check_tuning(recipe: Recipe, name: str, found: EncoderDirectory) -> None:
    """Raises RecipeError for an encoder that cannot be tuned as the recipe says."""
    field = f"{name}_tuning"
    tuning = getattr(recipe, field)
    if not found.masks_silence:
        words = "hears the silence beside a shorter sound and can only be frozen."
        raise RecipeError(f"{field}: {found.path} ({found.model_type}) {words}", field)
    names = {each.removesuffix(".weight") for each in found.shapes}
    if tuning == "lora" and names and not any(ADAPTED.search(each) for each in names):
        words = "has no attention that LoRA is known for: say full or frozen."
        raise RecipeError(f"{field}: {found.path} ({found.model_type}) {words}", field)


def _check_encoder_inputs(recipe: Recipe, dialogues: Sequence[Dialogue]) -> None:
    """Raises RecipeError for an encoder that has nothing to read: of a modality that the recipe
    leaves out, or of films where there are none.
    """
    chosen = {name: getattr(recipe, f"{name}_encoder") for name in ("text", "audio", "vision")}
    for name, encoder in chosen.items():
        if encoder and name not in recipe.modalities:
            raise RecipeError(
                f"The recipe names {encoder} as {name}_encoder and does not read {name}: its"
                f" modalities are {', '.join(recipe.modalities)}. Leave one of the two out."
            )
        if not encoder or name == "text":
            continue
        if any(dialogue.features for dialogue in dialogues):
            raise RecipeError(
                f"The release holds measured features and no films: {encoder} cannot be its"
                f" {name}_encoder. Leave the encoder out, or take a release with clips."
            )
        if not any(dialogue.has_media for dialogue in dialogues):
            raise RecipeError(
                f"The release holds no films: {encoder} cannot be its {name}_encoder. Leave the"
                " encoder out, or take a release with clips."
            )


def _is_predicted(recipe: Recipe, task: Task, tasks: Sequence[Task]) -> bool:
    """Whether the network of a recipe says anything of a task."""
    if not recipe.uses_relations or recipe.relations != "off":
        return True
    return task not in split_tasks(tasks)[1]


def _labelled(task: Task, dialogues: Sequence[Dialogue], soft: bool) -> bool:
    return any(
        task.key in u.gold or (soft and any(u.soft.get(task.key, {}).values()))
        for dialogue in dialogues
        for u in dialogue.utterances
    )


def _check_stopping_task(
    recipe: Recipe, tasks: Sequence[Task], chosen_by: set[str], name: str
) -> None:
    if recipe.stops_on == "mean" or recipe.stops_on in chosen_by:
        return
    known = [task.key for task in tasks]
    names = [key for key in known if key in chosen_by]
    if recipe.stops_on in known:
        words = f"stops_on {display_value(recipe.stops_on)} has no label on {name};"
        raise RecipeError(f"{words} say 'mean' or one of {', '.join(names)}.", "stops_on")
    words = f"stops_on {display_value(recipe.stops_on)} is no task of the release;"
    raise RecipeError(f"{words} {suggest_name(recipe.stops_on, ['mean', *names])}", "stops_on")


def check_answers(train: Sequence[Dialogue]) -> None:
    """Raises RecipeError where a recipe would learn from annotators' answers and has none."""
    if not any(u.answers for dialogue in train for u in dialogue.utterances):
        raise RecipeError(
            "annotator_thresholds learns from each annotator's answers, and the release has none"
            " about a correlation in its train split. Leave it out: gold is learned from then.",
            "annotator_thresholds",
        )


def check_features(
    recipe: Recipe, train: Sequence[Dialogue], features: Mapping[str, Sequence[Features]]
) -> None:
    """Raises RecipeError where a published network would read a modality of which no utterance of
    the train split has a feature, and for imported features of none of them.
    """
    of_train = [each for dialogue in train for each in features[dialogue.id]]
    empty = [
        name
        for name in recipe.modalities
        if all(name in each.frames and not len(each[name]) for each in of_train)
    ]
    for name in recipe.imported:
        if name in empty:
            field = recipe.features_field(name)
            raise RecipeError(
                f"{field}: {recipe.features_of(name)} has no utterance of the train split. Import"
                " features of this release.",
                field,
            )
    if empty and recipe.network != "own" and not recipe.classical:
        raise _missing_everywhere(recipe, empty)


def _missing_everywhere(recipe: Recipe, names: Sequence[str]) -> RecipeError:
    rest = [name for name in recipe.modalities if name not in names]
    words = f"No utterance of the train split has {' or '.join(names)}"
    if not rest:
        return RecipeError(f"{words}: network {recipe.network} has nothing to read.", "modalities")
    return RecipeError(
        f"{words}, which network {recipe.network} would read. Leave it out: modalities"
        f" {', '.join(rest)}.",
        "modalities",
    )


def _check_modalities(recipe: Recipe, train: Sequence[Dialogue]) -> None:
    """Raises RecipeError where no utterance has anything that the recipe reads, and where one of
    the modalities of a published network is missing everywhere.
    """
    texts = any(u.text for dialogue in train for u in dialogue.utterances)
    media = any(dialogue.has_media for dialogue in train)
    has = {"text": texts, "audio": media, "vision": media} | dict.fromkeys(recipe.imported, True)
    published = recipe.network != "own" and not recipe.classical
    if published and not all(has[name] for name in recipe.modalities):
        raise _missing_everywhere(recipe, [name for name in recipe.modalities if not has[name]])
    if recipe.imported or ("text" in recipe.modalities and texts):
        return
    if recipe.modalities != ("text",) and media:
        return
    there = [name for name, has in (("text", texts), ("audio and vision", media)) if has]
    raise RecipeError(
        f"No utterance of the train split has {' or '.join(recipe.modalities)}; the release has"
        f" {' and '.join(there) or 'none of text, audio, vision'}.",
        "modalities",
    )
