from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from corpus.models import Corpus, Membership, Source
from people.models import Event, Person


class CorpusForm(forms.ModelForm):
    class Meta:
        model = Corpus
        fields = ["name", "description"]


class SourceForm(forms.ModelForm):
    """An episode to be cut."""

    class Meta:
        model = Source
        fields = ["title", "media", "transcript", "gap"]
        help_texts = {
            "media": _("Anything that ffmpeg reads: MP4, MKV, MOV, AVI, WAV, MP3 …"),
            "transcript": _(
                "UTF-8, UTF-16 or GB18030; “张三：…” names the speaker. Without a transcript the "
                "whole file becomes one span whose words you type in."
            ),
        }

    def __init__(self, *args, corpus, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.corpus = corpus
        self.fields["title"].required = False
        self.fields["media"].required = True
        self.fields["title"].help_text = _("Left empty: the name of the file.")
        self.fields["gap"].min_value = 0.2

    def clean_gap(self):
        gap = self.cleaned_data["gap"]
        if not 0.2 <= gap <= 600:
            raise forms.ValidationError(_("Give a silence between 0.2 and 600 seconds."))
        return gap

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

    def clean(self):
        cleaned = super().clean()
        media = cleaned.get("media")
        if media and not cleaned.get("title"):
            cleaned["title"] = self.instance.title = media.name.rsplit(".", 1)[0][:80]
        corpus = self.instance.corpus
        if corpus.sources.filter(title=cleaned.get("title")).exists():
            self.add_error("title", _("This corpus has a source with this title already."))
        return cleaned


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
