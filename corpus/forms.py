from pathlib import PurePath

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from corpus.encoding import ENCODINGS
from corpus.models import Corpus, Membership, Source
from corpus.transcripts.reading import SUFFIXES
from people.models import Event, Person

LARGEST_TRANSCRIPT = 64 * 1024**2
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


class SourceForm(forms.ModelForm):
    """An episode to be cut."""

    class Meta:
        model = Source
        fields = ["title", "media", "transcript"]
        help_texts = {
            "media": _("Anything that ffmpeg reads: MP4, MKV, MOV, AVI, WAV, MP3 …"),
            "transcript": _(
                "SRT, ASS, VTT, ELAN, TextGrid, or a table (CSV, TSV, XLSX, JSONL). Without a "
                "transcript the whole file becomes one span whose words you type in."
            ),
        }

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.corpus = corpus
        self.fields["title"].required = False
        self.fields["media"].required = True
        self.fields["title"].help_text = _("Left empty: the name of the file.")

    def clean_media(self):
        media = self.cleaned_data["media"]
        if media.size > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(
                _("The file has %(size)s; at most %(limit)s are taken.")
                % {
                    "size": filesizeformat(media.size),
                    "limit": filesizeformat(settings.UPLOAD_MAX_BYTES),
                }
            )
        return media

    def clean_transcript(self):
        transcript = self.cleaned_data["transcript"]
        suffix = PurePath(transcript.name).suffix.lower() if transcript else ""
        if transcript and suffix not in SUFFIXES:
            raise forms.ValidationError(
                _("A transcript ends in one of %(known)s.") % {"known": ", ".join(SUFFIXES)}
            )
        if transcript and transcript.size > LARGEST_TRANSCRIPT:
            raise forms.ValidationError(_("A transcript has at most 64 MB."))
        return transcript

    def clean(self):
        cleaned = super().clean()
        media = cleaned.get("media")
        if media and not cleaned.get("title"):
            cleaned["title"] = self.instance.title = media.name.rsplit(".", 1)[0][:80]
        corpus = self.instance.corpus
        if corpus.sources.filter(title=cleaned.get("title")).exists():
            self.add_error("title", _("This corpus has a source with this title already."))
        return cleaned


class ReadingForm(forms.Form):
    """How a transcript is read and where its dialogues part."""

    encoding = forms.ChoiceField(label=_("encoding"), required=False)
    gap = forms.FloatField(
        label=_("silence that parts two dialogues, in seconds"), min_value=0.2, max_value=600
    )

    def __init__(self, *args, header=(), found="", **kwargs):
        super().__init__(*args, **kwargs)
        names = list(dict.fromkeys([found, *ENCODINGS])) if found else []
        self.fields["encoding"].choices = [(name, name) for name in names]
        if not names:
            del self.fields["encoding"]
        for role, label in ROLE_LABELS.items() if header else ():
            self.fields[role] = forms.ChoiceField(
                label=label,
                required=role != "speaker",
                choices=[("", "–"), *((name, name) for name in header)],
            )

    @property
    def columns(self):
        """Role -> column, as chosen."""
        chosen = {role: self.cleaned_data.get(role) for role in ROLE_LABELS}
        return {role: column for role, column in chosen.items() if column}


class MemberForm(forms.Form):
    """Give somebody who has an account a role in the corpus."""

    username = forms.CharField(label=_("sign-in name"), max_length=150)
    role = forms.ChoiceField(
        label=_("role"), choices=Membership.Role, initial=Membership.Role.ANNOTATOR
    )

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.corpus = corpus

    def clean_username(self):
        username = self.cleaned_data["username"].strip()
        self.person = Person.objects.filter(username=username, is_active=True).first()
        if self.person is None:
            raise forms.ValidationError(
                _("Nobody signs in as “%(name)s”. Send an invitation instead.") % {"name": username}
            )
        if self.corpus.role_of(self.person):
            raise forms.ValidationError(_("%(name)s is a member already.") % {"name": self.person})
        return username

    def save(self, by):
        member = self.corpus.memberships.create(person=self.person, role=self.cleaned_data["role"])
        Event.record(by, "admit", member, person=self.person.username, role=member.role)
        return member
