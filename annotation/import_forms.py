"""Forms of an import: which files, in which format, and where their labels go."""

from pathlib import Path, PurePath

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import TableImport
from core.input_checks import fault_of
from corpus.formats.detection import MAPPED, SUFFIXES
from corpus.models import Upload

MOST_FILES = 200
LONGEST_NAME = 200  # bytes
TAKEN = (*SUFFIXES, ".zip", ".list")
FORMATS = (
    ("", gettext_lazy("recognize automatically")),
    ("cmma", "CMMA"),
    ("meld", "MELD"),
    ("cped", "CPED"),
    ("chsims", "CH-SIMS"),
    ("mustard", "MUStARD, MUStARD++"),
    ("m3ed", "M3ED"),
    ("emotiontalk", "EmotionTalk"),
    ("emotionlines", "EmotionLines"),
    ("labelstudio", gettext_lazy("Label Studio (JSON)")),
    ("shengqing", gettext_lazy("release of this program")),
    (MAPPED, gettext_lazy("any labelled table")),
)
FORMAT_NAMES = dict(FORMATS)


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; each is cleaned as one."""

    widget = FilesInput

    def clean(self, data, initial=None):
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(file, initial) for file in files]


class FormatForm(forms.Form):
    """The format in which files are read."""

    format = forms.ChoiceField(label=gettext_lazy("format"), choices=FORMATS, required=False)


class ImportForm(FormatForm):
    """The files of an import, as they come with the form, or as uploads that came before it."""

    files = FilesField(
        label=gettext_lazy("files"),
        required=False,
        help_text=gettext_lazy(
            "One or several tables (CSV, TSV, XLSX, JSONL, JSON, Parquet), or a ZIP of them; a"
            " release as ZIP. Nothing is imported before you have seen what was read."
        ),
        widget=FilesInput(attrs={"accept": ",".join(TAKEN), "multiple": True}),
    )
    uploads = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["files", "format"]

    def __init__(self, *args, corpus, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.corpus, self.person = corpus, person
        self.taken = []  # (name, path)
        self.arrived = []  # Upload

    def clean(self):
        cleaned = super().clean()
        for token in filter(None, cleaned.get("uploads", "").split(",")[:MOST_FILES]):
            upload = Upload.objects.filter(
                corpus=self.corpus, person=self.person, token=token
            ).first()
            if upload is None or not upload.is_complete:
                self.add_error("files", _("The upload is not complete. Choose the file again."))
                return cleaned
            self.arrived.append(upload)
            self._take(upload.name, upload.path, upload.size)
        for file in cleaned.get("files") or []:
            self._take(file.name, Path(file.temporary_file_path()), file.size)
        if not self.taken and not self.errors:
            self.add_error("files", _("Choose one or several files."))
        if len(self.taken) > MOST_FILES:
            most = _("At most %(most)d files; pack more into a ZIP.") % {"most": MOST_FILES}
            self.add_error("files", most)
        return cleaned

    def _take(self, name, path, size):
        name = PurePath(name.replace("\\", "/")).name
        suffix = PurePath(name).suffix.lower()
        if suffix not in TAKEN:
            self.add_error(
                "files",
                _("%(file)s: files of this kind are not read. Expected one of %(kinds)s.")
                % {"file": name, "kinds": ", ".join(TAKEN)},
            )
        elif fault_of(name) or len(name.encode()) > LONGEST_NAME:
            self.add_error("files", _("%(file)s: rename this file.") % {"file": name[:80]})
        elif name in [taken for taken, _path in self.taken]:
            self.add_error(
                "files",
                _("Two of the files are called %(file)s. Rename one of them.") % {"file": name},
            )
        elif size > settings.UPLOAD_MAX_BYTES:
            self.add_error(
                "files",
                _("The file has %(size)s; at most %(limit)s are allowed.")
                % {
                    "size": filesizeformat(size),
                    "limit": filesizeformat(settings.UPLOAD_MAX_BYTES),
                },
            )
        else:
            self.taken.append((name, path))

    def begin(self):
        """The import of what was sent."""
        found = TableImport.begin(self.person, self.corpus, self.taken, self.cleaned_data["format"])
        for upload in self.arrived:
            upload.discard()
        return found


class TargetForm(forms.ModelForm):
    """Where the labels of an import go."""

    class Meta:
        model = TableImport
        fields = ["labels", "annotator", "round_name"]
        widgets = {"labels": forms.RadioSelect}
        help_texts = {
            "annotator": gettext_lazy("Whose labels they are; only for one annotator's round."),
            "round_name": gettext_lazy("Empty: after the format."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["labels"].choices = TableImport.Labels.choices

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("labels") == TableImport.Labels.ANNOTATOR and not cleaned.get("annotator"):
            self.add_error("annotator", _("Name the annotator."))
        return cleaned
