"""What decides a registered model, and its card."""

from modeling import model_card as model_cards


def card_of(model):
    """The card as a file in Markdown."""
    run = model.run
    result = run.evaluation.result if run.evaluation else None
    limits = model.limits
    if run.reads_imported:
        limits = f"{limits}\n\n{model_cards.IMPORTED}"
    return model_cards.render(model.name, model.use, limits, facts_of(model), run.results, result)


def facts_of(model):
    """What decides the model, by name."""
    run = model.run
    scheme = run.release.rounds.select_related("scheme_version").first()
    facts = {
        "corpus": f"{run.release.corpus} {run.release.version}",
        "release digest": run.release.digest,
        "scheme": str(scheme.scheme_version) if scheme else "",
        "recipe": run.recipe,
        **run.options,
        **_features(run),
        "seed": run.seed,
        **({"best epoch": run.results["best_epoch"]} if run.has_epochs else {}),
        "parameters": run.results["parameters"],
        "registered": f"{model.registered_at:%Y-%m-%d} by {model.registered_by}",
    }
    return {key: str(value) for key, value in facts.items()}


def _features(run):
    """What extracted the features of each modality, as the learner wrote it."""
    return {
        f"features of {name}": ", ".join(row[part] for part in ("encoder", "by") if row.get(part))
        + (f" (from {row['from']})" if row.get("from") else "")
        for name, row in run.results.get("features", {}).items()
    }
