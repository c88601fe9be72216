"""The form of an import of features: which release, which modality, which files."""

from pathlib import Path, PurePath
from typing import cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.import_forms import FilesField, FilesInput
from corpus.models import Upload
from modeling.forms import ReleaseChoiceField
from modeling.learner.features.feature_files import KINDS, PICKLES
from modeling.models import FeatureImport
from modeling.models.imported_features import Modality
from releases.models import Release

LISTS = (".txt", ".json")  # of ids beside an array
LONGEST_NAME = 200


class FeatureImportForm(forms.Form):
    """Files as they come with the form, or as uploads that came before it."""

    release = ReleaseChoiceField(
        label=gettext_lazy("release"), queryset=Release.objects.none(), empty_label=None,
        help_text=gettext_lazy("Features belong to the utterances of one release."),
    )  # fmt: skip
    modality = forms.ChoiceField(
        label=gettext_lazy("modality"), required=False,
        choices=[("", gettext_lazy("all that the file has (MMSA)")), *Modality.choices],
    )  # fmt: skip
    files = FilesField(  # type: ignore[assignment]  # BaseForm.files are what was sent
        label=gettext_lazy("files"), required=False,
        help_text=gettext_lazy(
            "Parquet or .npz with ids, .npy with a list of ids (.txt or .json), or a pickle of"
            " MMSA. Nothing is imported before you have seen what was read."
        ),
        widget=FilesInput(attrs={"accept": ",".join((*KINDS, *LISTS)), "multiple": True}),
    )  # fmt: skip
    uploads = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("name"), required=False, max_length=100,
        help_text=gettext_lazy("What they are, such as eGeMAPS. Empty: that of the file."),
    )  # fmt: skip
    rate = forms.FloatField(
        label=gettext_lazy("frames per second"), required=False, min_value=0.001, max_value=1e6,
        help_text=gettext_lazy("Of sequences, if you know it: it is written down."),
    )  # fmt: skip

    def __init__(self, *args, corpus, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.corpus, self.person = corpus, person
        self.taken: list[tuple[str, Path]] = []
        self.arrived: list[Upload] = []
        releases = cast(forms.ModelChoiceField, self.fields["release"])
        releases.queryset = corpus.releases.usable()

    def clean(self):
        super().clean()
        data = self.cleaned_data
        for token in list(filter(None, data.get("uploads", "").split(",")))[:3]:
            upload = Upload.objects.filter(
                corpus=self.corpus, person=self.person, token=token
            ).first()
            if upload is None or not upload.is_complete:
                self.add_error("files", _("The upload is not complete. Choose the file again."))
                return data
            self.arrived.append(upload)
            self.taken.append((upload.name, upload.path))
        for file in data.get("files") or []:
            self.taken.append((file.name, Path(file.temporary_file_path())))
        self.taken = [
            (PurePath(n.replace("\\", "/")).name[-LONGEST_NAME:], path) for n, path in self.taken
        ]
        self._check_files(data)
        return data

    def _check_files(self, data):
        """The features first, then the list of ids."""
        self.taken.sort(key=lambda taken: _suffix(taken) in LISTS)
        kinds = [_suffix(taken) for taken in self.taken]
        features = [kind for kind in kinds if kind in KINDS]
        odd = [name for (name, _path), kind in zip(self.taken, kinds) if kind not in KINDS + LISTS]
        if odd:
            words = _("%(file)s: files of this kind are not read. Expected one of %(kinds)s.")
            self.add_error("files", words % {"file": odd[0][:80], "kinds": ", ".join(KINDS)})
        elif len(features) != 1 or len(kinds) > 2:
            self.add_error("files", _("Choose one file of features, and at most one list of ids."))
        elif features[0] == ".npy" and len(kinds) == 1:
            self.add_error("files", _("A .npy file names no utterance: add the list of their ids."))
        elif len(kinds) == 2 and features[0] not in (".npy", ".npz"):
            self.add_error("files", _("This file names its utterances itself: leave the list out."))
        elif features[0] not in PICKLES and not data.get("modality"):
            self.add_error("modality", _("Say which modality these features are of."))

    def begin(self):
        """Have the files read; the import."""
        data = self.cleaned_data
        name = data["name"] or PurePath(self.taken[0][0]).stem[:100]
        row = FeatureImport.begin(
            self.person, data["release"], self.taken, name, data["modality"], data["rate"]
        )
        for upload in self.arrived:
            upload.discard()  # its file was moved
        return row


def _suffix(taken):
    return PurePath(taken[0]).suffix.lower()
