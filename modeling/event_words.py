"""What the audit log says of experiments, runs and models."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from people.event_words import Kind, Noun, page

NOUNS = {
    "trainingrun": Noun(
        _("run"), lambda row: f"{row.recipe} #{row.pk}", page("run"), kept=("recipe",)
    ),
    "experiment": Noun(_("experiment"), lambda row: f"#{row.pk}", page("experiment")),
    "evaluation": Noun(
        _("evaluation of run"),
        lambda row: f"#{row.training_run_id}",
        page("run", "training_run_id"),
    ),
    "registeredmodel": Noun(
        _("model"), lambda row: row.name, page("model"), kept=("name",), searched="name"
    ),
    "protocol": Noun(
        _("protocol"), lambda row: row.name, page("protocol"), kept=("name",), searched="name"
    ),
    "protocolpart": Noun(
        _("protocol"),
        lambda row: row.protocol.name,
        page("protocol", "protocol_id"),
        ("protocol",),
    ),
    "encoderimport": Noun(
        _("encoder"),
        lambda row: row.name,
        lambda row: reverse("installation_encoders"),
        kept=("name",),
    ),
    "importedfeatures": Noun(
        _("imported features"),
        lambda row: row.name,
        lambda row: reverse("imported_features", args=[row.corpus_id]),
        ("release",),
        kept=("name",),
    ),
    "featureimport": Noun(
        _("import of features"),
        lambda row: row.name,
        page("feature_import"),
        ("release",),
        kept=("name",),
    ),
    "languagemodeljudge": Noun(
        _("language model"),
        lambda row: row.encoder,
        page("language_model_judge"),
        ("release",),
        kept=("encoder",),
    ),
    "featurepart": Noun(
        _("features of release"),
        lambda row: row.release.version,
        page("release", "release_id"),
        ("release",),
    ),
}
SENTENCES: dict[Kind, dict[Any, Any]] = {
    Kind.TRAINING: {
        "extract": _("%(who)s had features extracted of %(thing)s"),
        "add encoder": _("%(who)s had %(thing)s added"),
        "remove encoder": _("%(who)s removed the encoder %(name)s"),
        "read features": _("%(who)s uploaded %(thing)s"),
        "import features": _("%(who)s imported %(thing)s"),
        "remove features": _("%(who)s removed the imported features %(name)s"),
        "ask": _("%(who)s had %(thing)s asked about a release"),
        "train": _("%(who)s started the training of %(thing)s"),
        ("train", "experiment"): _("%(who)s resumed %(thing)s"),
        ("train", "protocol"): _("%(who)s started %(thing)s"),
        ("resume", "protocol"): _("%(who)s resumed %(thing)s"),
        ("report", "protocol"): _("%(who)s had the report of %(thing)s written"),
        "evaluate": _("%(who)s evaluated %(thing)s on the test set"),
        "register": _("%(who)s registered %(thing)s"),
        "delete": _("%(who)s deleted %(thing)s"),
        "repeat": _("%(who)s changed whether %(thing)s runs again on new releases"),
    },
}
