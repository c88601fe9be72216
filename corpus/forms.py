import hashlib
import re
from pathlib import Path, PurePath
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core import storage
from core.column_lengths import distinct_name
from core.errors import UserError
from core.filter_form import FilterForm
from core.input_checks import shortened, whole_number
from core.normalization import search_key
from core.storage import digest
from core.translation import translate_error
from corpus import deletion
from corpus.languages import language_name
from corpus.models import Corpus, Installation, Source, Speaker, Upload
from corpus.models.sources import source_path
from corpus.search import contains
from corpus.transcripts.reader import SUFFIXES, Options, unknown_suffix
from people.models import Event, Person

LANGUAGES = ["zh", "yue", "nan", "wuu", "en", "ja", "ko", "de", "es", "fr", "ru"]
TRAITS = ("gender", "age", "role")
EXACT = _("Case, width, invisible characters, and traditional or simplified must be the same.")
FEW = 60  # sources or speakers that a list still shows
READ_AT_ONCE = 256 * 1024**2  # bytes of media that are measured while a person waits
LARGEST_TRANSCRIPT = 8 * 1024**2  # some 70,000 lines of talk, which a page reads in seconds
LARGEST_WORKBOOK = 64 * 1024**2  # which a worker reads
ROLE_LABELS = {
    "start": _("column of the start"),
    "end": _("column of the end"),
    "text": _("column of the words"),
    "speaker": _("column of the speaker"),
}


class CorpusForm(forms.ModelForm):
    class Meta:
        model = Corpus
        fields = ["name", "description"]


def check_upload_size(file):
    """Raises a ValidationError for a file that is larger than an upload may be."""
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise forms.ValidationError(
            _("The file has %(size)s; at most %(limit)s are allowed.")
            % {
                "size": filesizeformat(file.size),
                "limit": filesizeformat(settings.UPLOAD_MAX_BYTES),
            }
        )


def language_choices():
    """Languages by their names in the language of the reader."""
    reader = get_language() or "en"
    return [(code, language_name(code, reader)) for code in LANGUAGES]


class SettingsForm(forms.ModelForm):
    """What leads decide about a corpus."""

    class Meta:
        model = Corpus
        fields = ["name", "description", "language", "blind_adjudication", "media_policy"]
        help_texts = {
            "blind_adjudication": _(
                "Adjudicators resolve disagreements. Letters instead of names hide from them who"
                " gave an answer."
            ),
            "media_policy": _("The original media and transcripts are for leads in any case."),
            "language": _("Releases say it in their dataset card."),
        }
        widgets = {"description": forms.Textarea({"rows": 4})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own, choices = self.instance.language, language_choices()
        if own not in LANGUAGES:
            choices = [(own, own), *choices]
        self.fields["language"] = forms.ChoiceField(
            label=self.fields["language"].label,
            help_text=self.fields["language"].help_text,
            choices=choices,
        )


class InstallationForm(forms.ModelForm):
    """What administrators decide for all corpora."""

    class Meta:
        model = Installation
        fields = ["creation", "creators", "storage_quota", "runs_at_once", "hours_a_month"]
        help_texts = {
            "creators": _("Several: hold Ctrl or Cmd."),
            "storage_quota": _("Empty: no limit. A corpus can have a limit of its own."),
            "runs_at_once": _("Empty: no limit."),
            "hours_a_month": _("Empty: no limit. Counted since the first day of the month."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        people = cast(forms.ModelMultipleChoiceField, self.fields["creators"])
        self.fields["creators"] = ChosenRows(
            queryset=Person.objects.filter(is_active=True).order_by("username"),
            label=people.label,
            help_text=people.help_text,
            required=False,
        )
        if self.instance._state.adding:  # no row yet, so that nobody was chosen
            self.initial["creators"] = []


class QuotaForm(forms.Form):
    """What one corpus may store."""

    storage_quota = forms.IntegerField(
        label=_("storage of this corpus (GB)"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=_("Empty: as for all corpora."),
    )


class SourceForm(forms.ModelForm):
    """An episode to be cut."""

    INCOMPLETE = _("The upload is not complete. Choose the file again.")

    class Meta:
        model = Source
        fields = ["title", "media", "transcript"]
        help_texts = {
            "media": _(
                "Anything that ffmpeg reads: MP4, MKV, MOV, AVI, WAV, MP3 … Without media the "
                "transcript becomes dialogues to read."
            ),
            "transcript": _(
                "SRT, ASS, VTT, ELAN, TextGrid, or a table (CSV, TSV, XLSX, JSONL). Without a "
                "transcript a worker listens for speech, and you type the words in or correct them."
            ),
        }

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.corpus = corpus
        if "title" in self.fields:
            self.fields["title"].required = False
            self.fields["title"].help_text = _("Empty: the name of the file.")
        self.upload = None  # what came in pieces, where it did
        self.fields["upload"] = forms.CharField(required=False, widget=forms.HiddenInput)
        self.fields["media"].required = False  # an upload or a transcript may stand for it

    def clean_media(self):
        media = self.cleaned_data["media"]
        token = self.data.get("upload", "")
        if token:
            mine = Upload.objects.filter(corpus=self.instance.corpus, token=token)
            self.upload = mine.first()
            if self.upload is None or not self.upload.is_complete:
                raise forms.ValidationError(self.INCOMPLETE)
            return self._probed(self.upload.path, self.upload.name)
        if not media:
            return ""
        check_upload_size(media)
        return self._probed(Path(media.temporary_file_path()), media.name)

    def _guard_storage(self, path):
        """Raises a ValidationError where the corpus may not store so much."""
        if self.upload is None:  # of an upload it was asked before the first byte
            try:
                self.instance.corpus.guard_storage(path.stat().st_size)
            except UserError as refusal:
                raise forms.ValidationError(translate_error(refusal)) from refusal

    def _probed(self, path, name):
        """The name of a file that is usable media; what it holds and where it is is remembered."""
        self._guard_storage(path)
        try:
            self.instance.probe_media(path, quick=path.stat().st_size > READ_AT_ONCE)
        except UserError as error:
            known = type(error)(error.template, **(error.values | {"name": name}))
            raise forms.ValidationError(translate_error(known)) from error
        self.path = path
        return name

    @transaction.atomic
    def bring_in(self, by):
        """The source as a draft, which a worker looks into."""
        source = self.save_draft(by)
        Event.record(by, "ingest", source, title=source.title)
        source.inspect_later()
        return source

    def save_draft(self, by):
        """The source as a draft, its media in the storage."""
        source = self.instance
        source.added_by, source.status = by, Source.Status.DRAFT
        if not self.cleaned_data["media"]:
            source.media, source.sha256 = "", self.transcript_digest
            source.save()
            return source
        name = default_storage.generate_filename(source_path(source, self.cleaned_data["media"]))
        stored = default_storage.get_available_name(name)
        source.sha256 = digest(self.path)
        storage.put(self.path, stored)
        source.media = stored
        source.save()
        if self.upload:
            self.upload.discard()
        return source

    def clean_transcript(self):
        transcript = self.cleaned_data["transcript"]
        suffix = PurePath(transcript.name).suffix.lower() if transcript else ""
        if transcript and suffix not in SUFFIXES:
            error = unknown_suffix(transcript.name, transcript.read(8000))
            raise forms.ValidationError(translate_error(error))
        limit = LARGEST_WORKBOOK if suffix == ".xlsx" else LARGEST_TRANSCRIPT
        if transcript and transcript.size > limit:
            raise forms.ValidationError(
                _("The transcript has %(size)s; at most %(limit)s are allowed.")
                % {"size": filesizeformat(transcript.size), "limit": filesizeformat(limit)}
            )
        return transcript

    @property
    def transcript_digest(self):
        transcript = self.cleaned_data["transcript"]
        transcript.seek(0)
        return hashlib.file_digest(transcript, "sha256").hexdigest()

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        media, transcript = cleaned.get("media"), cleaned.get("transcript")
        if not media and not transcript and not self.errors:
            self.add_error("media", _("Choose a video or audio file, a transcript, or both."))
        named = media or (transcript.name if transcript else "")
        if named and not cleaned.get("title"):
            title = distinct_name(named.rsplit(".", 1)[0], 80)
            cleaned["title"] = self.instance.title = title
        corpus = self.instance.corpus
        if corpus.sources.filter(title=cleaned.get("title")).exists():
            self.add_error("title", _("This corpus has a source with this title already."))
        return cleaned


class ReplacementForm(SourceForm):
    """Other files for a source: media, a transcript, or both."""

    class Meta(SourceForm.Meta):
        fields = ["media", "transcript"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.probed: dict[str, Any] = {}

    def clean_media(self):
        if not self.cleaned_data["media"] and not self.data.get("upload"):
            return None
        return super().clean_media()

    def clean(self):
        cleaned = forms.ModelForm.clean(self) or self.cleaned_data
        if not self.errors and not cleaned.get("media") and not cleaned.get("transcript"):
            raise forms.ValidationError(_("Choose a file: media, a transcript, or both."))
        return cleaned

    def replace(self, by, source):
        """Give the source these files. Raises UserError, and keeps none of them, where it cannot
        have others.
        """
        media = self.store(source)
        try:
            words = self.cleaned_data["transcript"]
            deletion.replace_files(by, source, media, words, **self.probed)
        except UserError:
            if media:
                storage.remove(media)
            raise

    def store(self, source):
        """Put the media into the storage; their name there, "" where there are none."""
        if not self.cleaned_data["media"]:
            return ""
        name = default_storage.generate_filename(source_path(source, self.cleaned_data["media"]))
        stored = default_storage.get_available_name(name)
        self.probed = {"probe": self.instance.probe, "sha256": digest(self.path)}
        storage.put(self.path, stored)
        if self.upload:
            self.upload.discard()
        return stored


class ChosenRows(forms.ModelMultipleChoiceField):
    """Rows that are ticked. Django's own field hands ids that no database holds to the database."""

    def clean(self, value):
        for pk in value if isinstance(value, list | tuple) else ():
            if whole_number(str(pk)) is None:
                error = self.error_messages["invalid_pk_value"]
                raise forms.ValidationError(error, "invalid_pk_value", {"pk": shortened(str(pk))})
        return super().clean(value)


class PartingForm(forms.Form):
    """Where dialogues part."""

    gap = forms.FloatField(
        label=_("silence between dialogues (seconds)"), min_value=0.05, max_value=600
    )
    scene = forms.FloatField(
        label=_("scene change threshold (0 to 1)"),
        min_value=0.05,
        max_value=1,
        required=False,
        help_text=_("Empty: segment at silence only. A typical scene change is 0.4."),
    )


class ReadingForm(PartingForm):
    """How a transcript is read and where its dialogues part; see `reading.Options`."""

    SWITCHES = ("replace", "dashes", "rolling")
    CHOICES = ("prefixes", "bilingual", "sheet")

    encoding = forms.ChoiceField(label=_("encoding"), required=False)
    replace = forms.BooleanField(label=_("replace unreadable bytes by �"), required=False)
    sheet = forms.CharField(label=_("sheet"), required=False)
    prefixes = forms.ChoiceField(
        label=_("names before a colon"),
        required=False,
        choices=[
            ("proposed", _("speakers as ticked below")),
            ("listed", _("only the names listed here")),
            ("none", _("no speakers: they stay in the words")),
        ],
    )
    names = forms.CharField(
        label=_("names, where they are listed"),
        required=False,
        help_text=_("Separated by commas."),
    )
    bilingual = forms.ChoiceField(
        label=_("languages"),
        required=False,
        choices=[
            ("proposed", _("as recognised")),
            ("first", _("two: the first lines are the transcript")),
            ("second", _("two: the second lines are the transcript")),
            ("no", _("one: all lines are the transcript")),
        ],
    )
    dashes = forms.BooleanField(
        label=_("a dash at the start of a line: another speaker"), required=False
    )
    rolling = forms.BooleanField(label=_("rolling captions: each line once"), required=False)
    field_order = ["encoding", "replace", "sheet"]

    def __init__(self, *args, header=(), encodings=(), **kwargs):
        super().__init__(*args, **kwargs)
        encoding = cast(forms.ChoiceField, self.fields["encoding"])
        encoding.choices = [(name, name) for name in encodings]
        for role, label in ROLE_LABELS.items() if header else ():
            self.fields[role] = forms.ChoiceField(
                label=label,
                required=role != "speaker",
                choices=[("", "–"), *((name, name) for name in header)],
            )

    @classmethod
    def options(cls, data, kept):
        """`kept` with what the page's form, or an address, says otherwise.

        The form says which checkboxes it shows (`asked`), which names (`shown`, of these `offered`
        were proposed) and which tiers were proposed; what it does not show stays as it was.
        """
        asked = data.getlist("asked")
        values: dict[str, Any] = {name: name in data for name in cls.SWITCHES if name in asked}
        values |= {name: data[name] for name in cls.CHOICES if name in data}
        if "names" in data:
            names = re.split(r"[,，、;；\n]", data["names"])
            values["names"] = tuple(filter(None, map(str.strip, names)))
        shown, offered, ticked = (set(data.getlist(n)) for n in ("shown", "offered", "take"))
        if shown:
            values["taken"] = (*sorted(set(kept.taken) - shown), *sorted(ticked - offered))
            values["left"] = (*sorted(set(kept.left) - shown), *sorted(offered - ticked))
        if "tiers" in asked:
            tiers, proposed = data.getlist("tiers"), data.getlist("proposed_tiers")
            values["tiers"] = () if set(tiers) == set(proposed) else tuple(tiers)
        return Options.from_json(kept.to_json() | values)

    def show(self, reading, options, damaged):
        """Leave only the fields that matter to this transcript, None if it could not be read."""
        wanted = {"encoding", "gap", "scene", *ROLE_LABELS}
        if damaged or options.replace:
            wanted.add("replace")
        if reading:
            wanted.add("bilingual")
            named = reading.speakers or options.prefixes != "proposed"
            wanted |= {"prefixes", "names"} if named else set()
            wanted |= {"dashes"} if reading.dashed or not options.dashes else set()
            wanted |= {"rolling"} if reading.rolling or options.rolling else set()
            if len(reading.sheets) > 1:
                wanted.add("sheet")
                sheets = [("", _("the first with rows")), *((s, s) for s in reading.sheets)]
                self.fields["sheet"].widget = forms.Select(choices=sheets)
        if not cast(forms.ChoiceField, self.fields["encoding"]).choices:
            wanted.remove("encoding")
        for name in set(self.fields) - wanted:
            del self.fields[name]

    @property
    def simple_fields(self):
        """The fields that are confirmed one by one; the others go together, as `reading`."""
        apart = {*self.SWITCHES, *self.CHOICES, "names"}
        return [field for field in self.visible_fields() if field.name not in apart]

    @property
    def first_fields(self):
        """The fields before the names, with which two of them stand."""
        return [field for field in self.visible_fields() if field.name not in ("prefixes", "names")]

    @property
    def switches(self):
        """The checkboxes that are shown."""
        return [name for name in self.SWITCHES if name in self.fields]

    @property
    def columns(self):
        """Role -> column, as chosen."""
        chosen = {role: self.cleaned_data.get(role) for role in ROLE_LABELS}
        return {role: column for role, column in chosen.items() if column}


class SpeakerForm(forms.Form):
    """Name, pseudonym and traits of a speaker."""

    name = forms.CharField(label=_("name"), max_length=80)
    pseudonym = forms.CharField(
        label=_("pseudonym"),
        max_length=40,
        required=False,
        help_text=_("What releases call the speaker where names are left out."),
    )
    gender = forms.ChoiceField(
        label=_("gender"), choices=[("", "–"), *Speaker.Gender.choices], required=False
    )
    age = forms.ChoiceField(
        label=_("age"), choices=[("", "–"), *Speaker.Age.choices], required=False
    )
    role = forms.ChoiceField(
        label=_("role in the series"), choices=[("", "–"), *Speaker.Role.choices], required=False
    )

    def __init__(self, *args, speaker, **kwargs):
        traits = {key: value for key, value in speaker.traits.items() if key in TRAITS}
        initial = {"name": speaker.name, "pseudonym": speaker.pseudonym} | traits
        super().__init__(*args, **(kwargs | {"initial": initial}))
        self.speaker = speaker
        for trait in TRAITS:  # an imported corpus has words of its own for them
            known = speaker.traits.get(trait)
            field = cast(forms.ChoiceField, self.fields[trait])
            choices = cast(list[tuple[str, Any]], field.choices)
            if known and known not in dict(choices):
                field.choices = [*choices, (known, known)]

    def save(self, by):
        data = self.cleaned_data
        traits = {trait: data[trait] for trait in TRAITS}
        self.speaker.update_details(by, data["name"], data["pseudonym"], traits)


class NamedField(forms.CharField):
    """One of the corpus' sources or speakers: a list while they are few, else part of a name.

    An address may give the id in either case. The clean value says how to filter their rows.
    """

    def __init__(self, related, attribute, **kwargs):
        super().__init__(required=False, max_length=120, **kwargs)
        self.related, self.attribute = related, attribute

    def of(self, corpus):
        rows = getattr(corpus, self.related).order_by(self.attribute)
        names = list(rows.values_list("pk", self.attribute)[: FEW + 1])
        self.rows, self.many = rows, len(names) > FEW
        if not self.many:
            self.widget = forms.Select(choices=[("", _("all")), *names])

    def shown(self, value):
        """What the field shows for an id: the name, where names are typed."""
        if not self.many:
            return value
        own = self.rows.filter(pk=whole_number(value)).values_list(self.attribute, flat=True)
        return own.first() or value

    def clean(self, value):
        value = super().clean(value)
        if not value:
            return None
        if self.many:
            return {"search__contains": search_key(value)}
        return {"pk": whole_number(value)}


class Filter(FilterForm):
    """Which things of a corpus, by their source and length."""

    source = NamedField("sources", "title", label=_("source"))
    shortest = forms.FloatField(label=_("at least, seconds"), required=False, min_value=0)
    longest = forms.FloatField(label=_("at most, seconds"), required=False, min_value=0)

    def __init__(self, data, *, corpus):
        data = data.copy()
        super().__init__(data)
        self.corpus = corpus
        for field in self.fields.values():
            if isinstance(field, NamedField):
                field.of(corpus)
        for name, field in self.fields.items():
            if isinstance(field, NamedField) and self.data.get(name):
                data[name] = field.shown(data[name])

    def by_shortest(self, rows, value):
        return rows.filter(end__gte=F("start") + value)

    def by_longest(self, rows, value):
        return rows.filter(end__lte=F("start") + value)


class DialogueFilter(Filter):
    """Which dialogues of a corpus."""

    search = "name"
    field_order = ["name", "source", "state"]
    name = forms.CharField(label=_("name"), required=False, max_length=120)
    state = forms.ChoiceField(
        label=_("state"),
        choices=[
            ("", _("all")),
            ("published", _("published")),
            ("draft", _("not published")),
            ("edited", _("edited since")),
        ],
        required=False,
    )

    def by_name(self, rows, value):
        return rows.filter(search__contains=search_key(value))

    def by_source(self, rows, value):
        return rows.filter(source__in=self.corpus.sources.filter(**value))

    def by_state(self, rows, value):
        if value == "edited":
            return rows.published().exclude(head=F("published_revision"))
        return rows.filter(publication__isnull=value == "draft")


class SpeakerFilter(FilterForm):
    """Which speakers of a corpus, by name or pseudonym."""

    aside = ("exact",)
    q = forms.CharField(label=_("name"), required=False, max_length=200, strip=True)
    exact = forms.BooleanField(label=_("exact"), required=False)

    def __init__(self, data):
        super().__init__(data)
        self.fields["exact"].widget.attrs["title"] = EXACT

    def by_q(self, rows, value):
        if self.cleaned_data["exact"]:
            return rows.filter(contains("name", value) | contains("pseudonym", value))
        key = search_key(value)
        return rows.filter(Q(search__contains=key) | Q(pseudonym_search__contains=key))

    def by_exact(self, rows, value):
        return rows
