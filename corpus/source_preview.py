"""How a draft would be read and segmented, with what a form says, an address, or nobody yet."""

from dataclasses import dataclass

from core.errors import UserError, ValidationError, gettext_noop
from core.input_checks import read_json
from core.translation import translate_error
from corpus.encoding import ENCODINGS, EncodingError, detect
from corpus.forms import ReadingForm
from corpus.import_plan import import_check_of
from corpus.transcripts.reader import Options, Transcript
from corpus.transcripts.table import guess


@dataclass
class DraftReading:
    """A transcript as it would be read: the form as filled in, kept or guessed, with what follows
    from it, a transcript or an error (both None where there is no transcript).
    """

    form: ReadingForm
    options: Options
    reading: Transcript | None = None
    error: str | None = None

    @property
    def decisions(self):
        """What `Source.save_draft_options` and `Source.confirm` take, of a form that is valid."""
        chosen = self.form.cleaned_data
        return {
            "encoding": self.reading.encoding if self.reading else "",
            "gap": chosen["gap"],
            "columns": self.form.columns,
            "scene": chosen["scene"],
            "read_options": self.options.to_json(),
        }


def reading_of(source, data):
    """The reading of a draft with what the page or an address says."""
    options = ReadingForm.options(data, _stored_options(source, data))
    encoding, error = _encoding_of(source, data)
    header = reading = None
    if source.transcript and not error:
        try:
            header = source.header(encoding, options)
        except UserError as unreadable:
            error = unreadable
    filled = _filled(source, options, encoding, header) | data.dict()
    names = [encoding, *ENCODINGS] if source.transcript and not source.is_workbook else []
    form = ReadingForm(filled, header=header or (), encodings=dict.fromkeys(names))
    valid = form.is_valid()  # before fields that do not matter are left out
    if source.transcript and not error and valid:
        try:
            chosen = form.cleaned_data.get("encoding", "")
            reading = source.read_transcript(chosen, form.columns, options)
        except UserError as unreadable:
            error = unreadable
    form.show(reading, options, damaged=bool(error and "offset" in error.values))
    return DraftReading(form, options, reading, translate_error(error) if error else None)


def obstacle_of(source, draft):
    """Why a draft cannot be confirmed as it would be read, a UserError; None if it can."""
    if draft.error:
        return ValidationError("%(fault)s", fault=draft.error)
    if source.waits_for_subtitles or not source.is_measured:
        return UserError(gettext_noop("A worker is still looking into the upload. Wait a moment."))
    if not draft.form.is_valid():
        name, faults = next(iter(draft.form.errors.items()))
        return ValidationError(
            gettext_noop("“%(field)s”: %(fault)s"), field=name, fault=str(faults[0])
        )
    return None


def _stored_options(source, data):
    """What was decided before: as the page that is confirmed shows it, else as the draft keeps."""
    try:
        shown = read_json(data.get("reading", ""))
    except ValidationError:
        shown = None
    return Options.from_json(shown if isinstance(shown, dict) else source.read_options)


def _encoding_of(source, data):
    """The encoding that is asked for, kept or recognised, and what is message if none is."""
    if not source.transcript or source.is_workbook:
        return "", None
    asked = data.get("encoding") or source.encoding
    if asked in ENCODINGS:
        return asked, None
    try:
        return detect(source.transcript_bytes), None
    except EncodingError as error:
        return "", error


def _filled(source, options, encoding, header):
    """What the form says where nobody says otherwise."""
    guessed = guess(header) | source.remembered_columns(header) | source.columns if header else {}
    switches = {name: "on" for name in ReadingForm.SWITCHES if getattr(options, name)}
    choices = {name: getattr(options, name) for name in ReadingForm.CHOICES}
    rest = {"encoding": encoding, "gap": source.gap, "scene": source.scene}
    return rest | choices | switches | {"names": ", ".join(options.names)} | guessed


def check_of(source, form, reading=None):
    """What would be cut with what the form says, or None with the error."""
    if not form.is_valid():
        return None, None
    source.gap, source.scene = form.cleaned_data["gap"], form.cleaned_data["scene"]
    source.starts = None
    try:
        return import_check_of(source, reading), None
    except UserError as error:
        return None, translate_error(error)
