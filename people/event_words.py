"""How the audit log says in words what an Event records: sentences, and names of things.

Each app registers the sentences of its verbs and how its nouns are named and linked, in a module
`event_words` that its AppConfig imports when it is ready.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from core.translation import translate

Words = Any  # text that is translated when it is read


class Kind(models.TextChoices):
    """What an action is about, to filter by."""

    ACCOUNT = "account", _("accounts and sign-in")
    MEMBERS = "members", _("members and invitations")
    CORPUS = "corpus", _("corpus settings")
    SOURCES = "sources", _("sources and clips")
    DIALOGUES = "dialogues", _("dialogues and speakers")
    ROUNDS = "rounds", _("rounds")
    ANNOTATION = "annotation", _("annotating and comments")
    RESULTS = "results", _("agreement and adjudication")
    RELEASES = "releases", _("releases")
    TRAINING = "training", _("training")
    DOWNLOADS = "downloads", _("downloads")
    JOBS = "jobs", _("background jobs")


@dataclass(frozen=True)
class Look:
    """How the list shows actions of a kind."""

    icon: str


LOOKS = {
    Kind.ACCOUNT: Look(icon="key-round"),
    Kind.MEMBERS: Look(icon="users"),
    Kind.CORPUS: Look(icon="library"),
    Kind.SOURCES: Look(icon="film"),
    Kind.DIALOGUES: Look(icon="messages-square"),
    Kind.ROUNDS: Look(icon="list-checks"),
    Kind.ANNOTATION: Look(icon="pencil"),
    Kind.RESULTS: Look(icon="scale"),
    Kind.RELEASES: Look(icon="package"),
    Kind.TRAINING: Look(icon="chart-line"),
    Kind.DOWNLOADS: Look(icon="download"),
    Kind.JOBS: Look(icon="cog"),
}


@dataclass(frozen=True)
class Noun:
    """How things of a model are called: "round", its name, where its page is."""

    label: Words
    name: Callable[[Any], str] | None = None  # without one, by its number
    url: Callable[[Any], str | None] | None = None
    related: tuple[str, ...] = ()  # what `name` and `url` read besides the row
    kept: tuple[str, ...] = ()  # details in which events keep the name
    searched: str = ""  # field in which a search finds it by name


def page(route: str, attribute: str = "pk") -> Callable[[Any], str]:
    """The address of a thing: a route with its key, or that of something it belongs to."""
    return lambda thing: reverse(route, args=[getattr(thing, attribute)])


@dataclass(frozen=True)
class Sentence:
    """What an event says: `words` with %(who)s, %(thing)s and details by their keys."""

    kind: Kind
    words: Words


@dataclass(frozen=True)
class Thing:
    """The name of a thing of an event, and its page, if there is one."""

    label: str
    name: str
    url: str | None = None
    gone: bool = False

    def __str__(self) -> str:
        words = f"{self.label} {self.name}".strip()
        return _t("%(thing)s (deleted)") % {"thing": words} if self.gone else words

    def as_html(self) -> SafeString:
        if not self.url or self.gone:
            return conditional_escape(str(self))
        return format_html('{} <a href="{}">{}</a>', self.label, self.url, self.name)


nouns: dict[str, Noun] = {}
sentences: dict[str | tuple[str, str], Sentence] = {}  # verb, or (verb, noun) -> sentence
OTHERWISE = Sentence(Kind.CORPUS, _("%(who)s: %(verb)s %(thing)s"))


def register(
    new_nouns: Mapping[str, Noun], new_sentences: Mapping[Kind, Mapping[Any, Words]]
) -> None:
    """Take up the words of an app."""
    nouns.update(new_nouns)
    for kind, group in new_sentences.items():
        sentences.update({key: Sentence(kind, words) for key, words in group.items()})


def sentence_of(verb: str, noun: str) -> Sentence:
    return sentences.get((verb, noun)) or sentences.get(verb) or OTHERWISE


def label_of(noun: str) -> str:
    """What things of a noun are called, in the reader's language."""
    known = nouns.get(noun)
    return str(known.label) if known else noun


def things_of(events: Iterable[Any], nameless: Collection[int] = ()) -> dict[int, Thing]:
    """Event id -> its thing, a query a noun; those of `nameless` events by their number."""
    events = list(events)
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for event in events:
        if event.pk not in nameless:
            wanted[event.noun].add(event.noun_id)
    found = {noun: _rows(noun, pks) for noun, pks in wanted.items()}
    return {
        event.pk: _thing(event, None if event.pk in nameless else found.get(event.noun))
        for event in events
    }


def _rows(noun: str, pks: set[int]) -> dict[int, Any] | None:
    """The rows of a noun by id; None where its names are not known."""
    known, model = nouns.get(noun), _models().get(noun)
    if known is None or model is None:
        return None
    return model._base_manager.select_related(*known.related).in_bulk(pks)


def things_called(words: str, most: int = 500) -> dict[str, list[int]]:
    """Noun -> ids of things whose name has these words, of those that are found by name."""
    found = {}
    for noun, model in _models().items():
        known = nouns.get(noun)
        if known and known.searched:
            rows = model._base_manager.filter(**{f"{known.searched}__icontains": words})
            found[noun] = list(rows.order_by("-pk").values_list("pk", flat=True)[:most])
    return {noun: pks for noun, pks in found.items() if pks}


def _models() -> dict[str, type[models.Model]]:
    mine = [model for model in apps.get_models() if "." not in model._meta.app_config.name]
    return {str(model._meta.model_name): model for model in mine}


def _thing(event: Any, rows: dict[int, Any] | None) -> Thing:
    noun, number = nouns.get(event.noun), f"#{event.noun_id}"
    label = label_of(event.noun)
    if noun is None or rows is None:
        return Thing(label, number)
    if event.noun_id not in rows:
        kept = (str(event.detail[key]) for key in noun.kept if event.detail.get(key))
        return Thing(label, next(kept, number), gone=event.noun_id != 0)  # 0: there was none
    row = rows[event.noun_id]
    name = noun.name(row) if noun.name else number
    return Thing(label, name or number, noun.url(row) if noun.url else None)


class _Values(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def _values(event: Any, thing: Any, who: Any, detail: dict[str, Any]) -> _Values:
    if event.noun == "person" and event.person_id == event.noun_id:
        thing = _t("their own account")
    said = {key: value_text(value, key) for key, value in detail.items()}
    return _Values(said | {"who": who, "thing": thing, "verb": event.verb})


def who_of(event: Any) -> str:
    return str(event.person) if event.person_id else _t("The system")


def as_text(event: Any, thing: Thing, detail: dict[str, Any]) -> str:
    """The sentence of an event."""
    words = str(sentence_of(event.verb, event.noun).words)
    return words % _values(event, thing, who_of(event), detail)


def as_html(event: Any, thing: Thing, detail: dict[str, Any], who_url: str = "") -> SafeString:
    """The same with links to the thing and to who did it."""
    words = str(conditional_escape(sentence_of(event.verb, event.noun).words))
    name = who_of(event)
    who = (
        format_html('<a class="who" href="{}">{}</a>', who_url, name)
        if who_url
        else (format_html("<strong>{}</strong>", name))
    )
    values = _values(event, thing.as_html(), who, detail)
    shown = _Values({key: conditional_escape(value) for key, value in values.items()})
    return mark_safe(words % shown)  # noqa: S308


DETAILS: dict[str, Words] = {
    "accounts": _("accounts"),
    "address": _("network address"),
    "by_link": _("by a link"),
    "changed": _("changed"),
    "days": _("days"),
    "number": _("number"),
    "token": _("access token"),
    "origin": _("origin"),
    "owner": _("owner"),
    "undo": _("undo"),
    "others": _("all other sessions"),
    "service": _("sign-in service"),
    "until": _("until"),
    "affiliation": _("institution"),
    "again": _("again"),
    "anew": _("utterances to annotate again"),
    "answers": _("answers"),
    "before": _("before"),
    "after": _("after"),
    "blind_adjudication": _("adjudicators see letters"),
    "consensus": _("gold label rule"),
    "dialogue": _("dialogue"),
    "dialogues": _("dialogues"),
    "email": _("e-mail"),
    "files": _("files"),
    "format": _("format"),
    "grantee": _("given to"),
    "into": _("merged into"),
    "kind": _("kind"),
    "label": _("for whom"),
    "labels": _("labels"),
    "match": _("matching"),
    "name": _("name"),
    "openly": _("unblinded"),
    "outcome": _("outcome"),
    "overlap": _("annotators per dialogue"),
    "path": _("file"),
    "people": _("people"),
    "person": _("user"),
    "qualification": _("qualification"),
    "quota": _("quota"),
    "reason": _("reason"),
    "recipe": _("recipe"),
    "release": _("release"),
    "released": _("released tasks"),
    "report": _("report"),
    "revision": _("revision"),
    "role": _("role"),
    "run": _("run"),
    "seed": _("random seed"),
    "size": _("size"),
    "speakers": _("speakers"),
    "subtitles": _("subtitles"),
    "task": _("task"),
    "title": _("title"),
    "to": _("destination"),
    "track": _("audio track"),
    "username": _("username"),
    "utterance": _("utterance"),
    "utterances": _("utterances"),
    "value": _("value chosen"),
    "verdict": _("decision"),
    "version": _("version"),
    "wanted": _("on each new release"),
    "was": _("role before"),
    "what": _("what"),
    "why": _("why"),
}


def details_of(detail: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of the details, in the reader's language."""
    return [
        (str(DETAILS.get(key, key.replace("_", " "))), value_text(value, key))
        for key, value in detail.items()
    ]


ROLES = {"lead": _("lead"), "adjudicator": _("adjudicator"), "annotator": _("annotator")}


def value_text(value: Any, key: str = "") -> str:
    """A value as people write it; `key` is that of a detail."""
    if key in ("role", "was") and isinstance(value, str):
        return str(ROLES.get(value, value))
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _t("yes") if value else _t("no")
    if isinstance(value, dict):
        if set(value) == {"template", "values"}:
            return translate(**value)
        return ", ".join(f"{DETAILS.get(key, key)}: {value_text(v)}" for key, v in value.items())
    if isinstance(value, list):
        return ", ".join(value_text(each) for each in value)
    return str(value)


ACCOUNTS: dict[str | tuple[str, str], Words] = {
    "sign in": _("%(who)s signed in"),
    "sign in failure": _("A sign-in failed: %(thing)s"),
    "fail to sign in": _("A sign-in failed: %(thing)s"),
    "sign out": _("%(who)s signed out"),
    "lock": _("Locked after too many failed sign-ins: %(thing)s"),
    "unlock": _("%(who)s unlocked %(thing)s"),
    "unlock address": _("%(who)s unlocked the network address %(address)s"),
    "change password": _("%(who)s changed the password of %(thing)s"),
    "make reset link": _("%(who)s made a link to reset the password of %(thing)s"),
    "set up second factor": _("%(who)s set up a second factor for %(thing)s"),
    "add second factor": _("%(who)s set up a second factor for %(thing)s"),
    "make recovery codes": _("%(who)s made new recovery codes for %(thing)s"),
    "unlink": _("%(who)s unlinked a sign-in service from %(thing)s"),
    ("accept", "person"): _("%(who)s joined by a sign-in service"),
    "remove second factor": _("%(who)s removed the second factor of %(thing)s"),
    "add passkey": _("%(who)s added a passkey to %(thing)s"),
    "remove passkey": _("%(who)s removed a passkey of %(thing)s"),
    "end session": _("%(who)s ended a session of %(thing)s"),
    "grant administrator": _("%(who)s made an administrator of %(thing)s"),
    "remove administrator": _("%(who)s removed the administrator rights of %(thing)s"),
    "deactivate": _("%(who)s deactivated %(thing)s"),
    "reactivate": _("%(who)s reactivated %(thing)s"),
    "create token": _("%(who)s created an access token for %(thing)s"),
    "revoke token": _("%(who)s revoked an access token of %(thing)s"),
    ("create token", "token"): _("%(who)s created %(thing)s"),
    ("revoke token", "token"): _("%(who)s revoked %(thing)s"),
    ("create token", "accesstoken"): _("%(who)s created %(thing)s"),
    ("revoke token", "accesstoken"): _("%(who)s revoked %(thing)s"),
    "change profile": _("%(who)s changed the profile of %(thing)s"),
    "delete account": _("%(who)s deleted %(thing)s"),
    "set up installation": _("%(who)s set up the installation"),
}
NOUNS = {
    "person": Noun(_("account"), str, kept=("name", "username"), searched="username"),
    "token": Noun(_("access token")),
    "accesstoken": Noun(_("access token"), lambda row: row.name, kept=("name",)),
}
SENTENCES = {Kind.ACCOUNT: ACCOUNTS}
