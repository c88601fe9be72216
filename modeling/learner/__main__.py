"""`python -m modeling.learner train RELEASE --recipe NAME|FILE --out DIR`, and `measure`"""

import argparse
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from modeling.learner import planted, recipes, validity
from modeling.learner.features import measure
from modeling.learner.features.decoding import FeatureError
from modeling.learner.recipes import RecipeError
from modeling.learner.release import ReleaseError, load
from modeling.learner.training import Interrupted, choose_device, train

RESUMABLE, REFUSED = 75, 2


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m modeling.learner", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    training = verbs.add_parser("train", help="train a recipe on a release directory")
    training.add_argument("release", type=Path)
    training.add_argument("--recipe", default="hard-small", help="a name or a JSON file")
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    training.add_argument("--seed", type=int, default=1)
    training.add_argument("--json", action="store_true", help="print the results as JSON")
    training.add_argument("--leashed", action="store_true", help="end when standard input closes")
    verbs.add_parser(
        "measure",
        help='features of clips: reads lines {"clip": PATH, "out": PATH}, answers each with ok',
    )
    checked = verbs.add_parser(
        "validity", help="whether the correlations of a release say anything"
    )
    checked.add_argument("release", type=Path)
    checked.add_argument("--json", action="store_true")
    made = verbs.add_parser("planted", help="ways of sharing on data whose relations are known")
    made.add_argument("--seeds", type=int, default=5)
    made.add_argument("--sharing", nargs="*", default=[], choices=list(planted.WAYS))
    made.add_argument("--json", action="store_true")
    return top


def check_relations(root: Path, as_json: bool) -> int:
    """Print what is known of the correlations of a release."""
    try:
        found = validity.report(load(root), root)
    except ReleaseError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return REFUSED
    print(json.dumps(found, indent=1) if as_json else validity.table(found))  # noqa: T201
    return 0


def measure_all() -> int:
    """Write the features of each clip that standard input names; one line of answer each."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            measure(Path(asked["clip"]), Path(asked["out"]))
            print("ok", flush=True)  # noqa: T201
        except FeatureError as error:
            print(error, flush=True)  # noqa: T201
    return 0


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    if options.verb == "measure":
        return measure_all()
    if options.verb == "validity":
        return check_relations(options.release, options.json)
    if options.verb == "planted":
        return planted.main(options.seeds, options.sharing, options.json)
    if options.leashed:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    options.out.mkdir(parents=True, exist_ok=True)
    events = options.out / "events.jsonl"

    def emit(event: dict[str, Any]) -> None:
        with events.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(event) + "\n")
        if not options.json:
            print(_sentence(event), flush=True)  # noqa: T201

    try:
        recipe = recipes.find(options.recipe)
        release = load(options.release)
        device = choose_device(options.device)
        decided = {
            "release": release.digest,
            "recipe": recipe.to_json(),
            "seed": options.seed,
            "device": str(device),
        }
        (options.out / "meta.json").write_text(json.dumps(decided, indent=1) + "\n")
        relations = validity.report(release, options.release)
        (options.out / "relations.json").write_text(json.dumps(relations, indent=1) + "\n")
        results = train(release, recipe, options.out, device, options.seed, emit, relations)
    except (RecipeError, ReleaseError, FeatureError) as error:
        emit({"event": "refused", "reason": str(error)})
        print(error, file=sys.stderr)  # noqa: T201
        return REFUSED
    except Interrupted:
        emit({"event": "stopped"})
        return RESUMABLE
    if options.json:
        print(json.dumps(results))  # noqa: T201
    return 0


def _end_with_parent() -> None:
    while os.read(0, 1024):  # the raw descriptor: a buffered reader would block a normal exit
        pass
    os._exit(RESUMABLE)


def _sentence(event: dict[str, Any]) -> str:
    if event["event"] == "epoch":
        loss = "no labels" if event["loss"] is None else f"loss {event['loss']:.3f}"
        return f"epoch {event['epoch']}/{event['epochs']}: {loss}"
    if event["event"] == "features":
        return f"features {event['done']}/{event['total']}"
    if event["event"] == "done":
        lines = [f"evaluated on {event['split']}:"]
        for task, found in event["tasks"].items():
            if found:
                lines.append(
                    f"  {task}: accuracy {found['accuracy']:.3f} (majority"
                    f" {found['majority_accuracy']:.3f}), macro-F1 {found['macro_f1']:.3f}"
                    f" (majority {found['majority_macro_f1']:.3f}), n = {found['n']}"
                )
        return "\n".join(lines)
    return json.dumps(event)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
