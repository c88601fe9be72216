"""Every route, as every role: what is answered, and which secrets the answer depends on."""

import functools
import inspect
import io
import json
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from backups.models import Backup
from corpus.models import CorpusDeletion
from jobs.models import JobStatus
from modeling.models import EncoderImport, FeatureImport, ImportedFeatures, LanguageModelJudge
from tests.permissions.world import ROLES, World

CODES = {"answers": "A", "names": "N", "words": "W", "picture": "P", "sound": "S"}
NOTHING, LATER, SEEN, DONE = "–", "later", "seen", "do"
VARYING = [
    # on every page alike, with counts; tests/annotation/test_places.py proves that it tells nothing
    re.compile(rb'<nav class="side-bar".*?</nav>', re.DOTALL),
    re.compile(rb'name="csrfmiddlewaretoken" value="\w+"'),
    re.compile(rb'(?i:x-csrftoken)": "\w+'),
    re.compile(rb'nonce="[^"]*"'),
    re.compile(rb"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"),  # UUIDs
    re.compile(rb"\b[0-9a-f]{12,64}\b"),  # digests, also shortened
    re.compile(rb"\b\d{2}:\d{2}:\d{2}\b"),  # times of the audit log
    re.compile(rb"\d+(?:\.\d+)?(?:\xc2\xa0| )(?:bytes|KB|MB|GB|TB)"),
    re.compile(rb'"bytes":\d+'),
    re.compile(rb'<progress max="\d+" value="\d+"'),  # of bytes
    re.compile(rb"<time .*?</time>", re.DOTALL),  # how long ago
    re.compile(rb'id="day-\d+">.*?</h2>', re.DOTALL),  # of the audit log: today, yesterday
    re.compile(rb"<dt>used</dt>.*?</dd>", re.DOTALL),  # by a run: seconds and bytes
    re.compile(rb"\d+ s\b"),
    re.compile(rb"\d+\xc2\xa0minutes?"),  # since a submission
    re.compile(rb"/account/password/reset/[\w/-]+"),
    re.compile(rb"until \d{2}:\d{2}"),
    re.compile(rb"sq_[\w-]{43}"),  # access tokens
    re.compile(rb"whsec_[\w+/=]{44}|msg_[0-9a-f]{32}"),  # of webhooks
    re.compile(rb"/shared/[\w-]{43}"),  # links, as the API gives them
    re.compile(rb'"seconds":[\d.]+|"used":\{[^}]*\}'),  # of a run, as the API gives them
    re.compile(rb"(?:invitations|join|uploads)/[\w-]{43}/"),
    re.compile(rb'"token":"[\w-]{43}"'),
    re.compile(rb"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}(?::|%3A)\d{2}[\d:.+Z%AB]*)?"),
]
UNSTEADY = (  # full of times or of bytes; what they hold is on pages, too
    "tensorboard.zip",
    "/storage/",
)


@dataclass(frozen=True)
class Route:
    """A named address and a method that its view answers."""

    name: str
    pattern: str
    method: str


@functools.cache
def routes() -> list[Route]:
    """All routes but those of Django's own administration and the redirects from old addresses, in
    the order of the tree; with GET, and with each other method that the view names.
    """
    return [
        Route(name, pattern, method)
        for name, pattern, view in _named(get_resolver().url_patterns)
        for method in ("GET", "HEAD", "POST", "PATCH", "DELETE")
        if method == "GET" or _names(view, method)
    ]


def _named(patterns, before=""):
    for entry in patterns:
        here = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            assert entry.name, f"{here} has no name"
            if not entry.name.startswith("moved_"):
                yield entry.name, here, entry.callback
        elif entry.app_name != "admin":
            yield from _named(entry.url_patterns, here)


def _names(view, method):
    if kind := getattr(view, "view_class", None) or getattr(view, "cls", None):
        return hasattr(kind, method.lower()) and method != "HEAD"
    return method in inspect.getsource(inspect.unwrap(view))


def walk(world: World, wanted=None, roles=ROLES):
    """(route, role) -> one (status, body) for each address that the world has for the route."""
    clients = {role: _client(world, role) for role in ROLES}
    cookies = {role: client.cookies.copy() for role, client in clients.items()}
    addresses = Addresses(world)
    wanted = None if wanted is None else set(wanted)
    found = defaultdict(list)
    for route in routes():
        for role in roles:
            if wanted is not None and (route, role) not in wanted:
                continue
            for address, data in addresses.of(route, role):
                clients[role].cookies = cookies[role].copy()
                found[route, role].append(_ask(clients[role], route.method, address, data))
    return found


def _client(world, role):
    client = Client(raise_request_exception=False)
    if world.people[role] is not None:
        client.force_login(world.people[role])
    return client


def _ask(client, method, address, data):
    """Status and body without what is different each time; nothing that was done stays."""
    with transaction.atomic():
        if method not in ("GET", "HEAD") and address.startswith("/api/"):
            response = client.generic(method, address, json.dumps(data), "application/json")
        else:
            response = client.post(address, data) if data else client.generic(method, address)
        content = getattr(response, "streaming_content", None)
        body = b"".join(content) if content is not None else response.content
        transaction.set_rollback(True)
    assert response.status_code != 500, f"{method} {address} ends in a fault"
    if address.endswith(UNSTEADY):
        body = b""
    elif body.startswith(b"PK"):
        body = _unpacked(body)
    answer = response.headers.get("Location", "").encode() + b"\n" + body
    for pattern in VARYING:
        answer = pattern.sub(b"", answer)
    return response.status_code, answer


def _unpacked(body):
    """The files of a ZIP archive one after another, so that the dates in them can be left out."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return b"\n".join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())


def allowed(status, body):
    """What an answer says about the right to see or to do."""
    if status == 404 or (status == 302 and b"/sign-in/?next=" in body.split(b"\n")[0]):
        return NOTHING
    return {401: NOTHING, 403: LATER, 405: ""}.get(status, SEEN)


def gives(answers):
    """Whether one of them gives or does what was asked for."""
    return SEEN in {allowed(*answer) for answer in answers}


def cell(route, base, depends):
    """What stands in the table of answers that depend on these secrets."""
    kinds = {allowed(*answer) for answer in base} - {""}
    if not kinds:
        return ""
    if not gives(base):
        return LATER if LATER in kinds else NOTHING
    letters = "".join(code for kind, code in CODES.items() if kind in depends)
    return letters or (SEEN if route.method in ("GET", "HEAD") else DONE)


class Addresses:
    """The addresses that a route is tried at, with what is sent to it."""

    def __init__(self, world: World):
        self.world = w = world
        self.named = {
            "pk": {
                "corpora": w.corpus, "dialogues": w.dialogue, "sources": w.source,
                "speakers": w.speaker, "jobs": w.dialogue.source, "diffs": w.diff, "runs": w.run,
                "experiments": w.experiment, "models": w.model, "protocols": w.protocol,
                "evaluations": w.evaluation, "links": w.share,
                "quality-flags": w.flag, "comments": w.comment, "utterances": w.utterance,
                "publications": w.dialogue.publication,
                "guidelines": w.open.guideline, "invitations": w.invitation,
                "join-requests": w.join_request,
                "webhooks": w.webhook, "webhook-deliveries": w.delivery,
                "deletions": CorpusDeletion.objects.create(
                    corpus_id=999, name="gone", person=w.lead, status=JobStatus.FAILED
                ),
                "installation": w.corpus,
                "imports": w.table_import,
                "features": ImportedFeatures.objects.create(
                    release=w.releases[0], name="a", modality="audio", dims=2, pooled=True,
                    utterances=1, digest="a" * 64, source_name="a.npz", bytes=9, person=w.lead,
                ),
                "feature-imports": FeatureImport.objects.create(
                    release=w.releases[0], name="a", person=w.lead, status=JobStatus.DRAFT,
                    files=[{"name": "a.npz", "size": 9}], report={"utterances": 1, "tables": []},
                    finished_at=timezone.now(),
                ),
                "language-model-judges": LanguageModelJudge.objects.create(
                    release=w.releases[0], encoder="a", language="zh", turns=1, shots=0,
                    person=w.lead, status=JobStatus.STOPPED, finished_at=timezone.now(),
                ),
                "memberships": w.corpus.memberships.get(person=w.judges[0]),
                "participants": w.open.participants.get(person=w.judges[0]),
            },
            "item": w.open.round_items.get(dialogue=w.dialogue).pk,
        }  # fmt: skip
        sessions = {
            role: UserSession.objects.create(
                user=person, ip="10.0.0.1", session_key=f"of {role}", user_agent="a device"
            )
            for role, person in w.people.items()
            if person is not None
        }
        download = (
            EncoderImport.objects.create(  # ended: what waits says after a while that it does
                name="a",
                repo="a/b",
                person=w.lead,
                status=JobStatus.STOPPED,
                finished_at=timezone.now(),
            )
        )
        backup = Backup.objects.create(status=JobStatus.DONE, finished_at=timezone.now())
        checked = backup.checks.create(status=JobStatus.DONE, finished_at=timezone.now())
        self.by_name = {  # of things that are not found by the first word of their address
            "account_session": lambda role: {"pk": sessions[role].pk if role in sessions else 1},
            "mfa_remove_webauthn": lambda role: {"pk": 1},
            "account_reset_password_from_key": lambda role: {"uidb36": "1", "key": "x"},
            "account_confirm_email": lambda role: {"key": "x"},
            "encoder_progress": lambda role: {"pk": download.pk},
            "backup_progress": lambda role: {"pk": backup.pk},
            "new_backup_check": lambda role: {"pk": backup.pk},
            "backup_check_progress": lambda role: {"pk": checked.pk},
            "installation_person": lambda role: {"pk": w.judges[0].pk},
            "installation_reset_link": lambda role: {"pk": w.judges[0].pk},
        }
        u, emotion = w.utterance.pk, "task=emotion"
        judges = "&".join(f"{x}={j.pk}" for x, j in zip("ab", w.judges, strict=True))
        self.queries = {
            "utterance_search": ["", "?label=emotion:joy", "?label=emotion:anger", "?q=原来的话"],
            "dialogues": ["", "?q=D1"],
            "site_search": ["", "?q=原来的话", "?q=D1", "?q=a"],
            "items": [f"?{emotion}", f"?{emotion}&kind=open", f"?{emotion}&{judges}"],
            "agreement": [f"?{emotion}", f"?{emotion}&{judges}"],
            "adjudication": ["", f"?utterance={u}&of=emotion"],
            "comparison": [f"?with={w.open.pk}", f"?with={w.closed.pk}"],
            "api_comparison": [f"?round={w.open.pk}", f"?round={w.closed.pk}"],
            "round_comments": ["?state=all"],
            "annotation_history": ["", "?q=原来的话"],
            "expert_labels": ["", "?q=D1"],
            "dialogue_expert_labels": [f"?round={w.closed.pk}", f"?round={w.open.pk}"],
            "run_errors": ["?task=emotion&all=1", "?task=emotion&all=1&where=held_out"],
            "compare_runs": [f"?run={w.run.pk}", f"?experiment={w.experiment.pk}"] if w.run else [],
            "api_compare_runs": [f"?experiments={w.experiment.pk}"] if w.run else [],
            "protocol": ["", "?tab=failures", "?tab=setup"],
            "new_protocol": ["", "?from=file"],
            "release_diff": ["", "?what=gold"],
            "new_release": ["", f"?round={w.closed.pk}", f"?round={w.open.pk}"],
            "agreement_file": ["", "?pairs=emotion"],
        }
        phone = next((word for word in w.utterance.text.split() if word.isdigit()), "")
        self.texts = {
            "job_stop": [{"kind": "source"}],
            "job_attempt": [{"kind": "source"}],
            "api_release_file": [{"path": "judgements.jsonl"}, {"path": "media/000001.mp4"}],
            "api_release_layout": [{"name": "cmma"}],
            "api_protocol_file": [{"name": "report.html"}, {"name": "experiment.toml"}],
            "api_job": [{"kind": "source"}],
            "api_dialogue_media": [{"name": name} for name in ("clip", "poster", "audio", "sound")],
            "api_source_file": [{"name": "media"}, {"name": "transcript"}],
            "api_scheme": [{"version": 1}],
            "api_job_stop": [{"kind": "source"}],
            "api_job_attempts": [{"kind": "source"}],
            "dialogue_media": [{"name": name} for name in ("clip", "poster", "audio", "peaks")],
            "reports": [{"kind": "agreement"}, {"kind": "quality"}],
            "api_report": [{"kind": "agreement"}, {"kind": "quality"}, {"kind": "reliability"}],
            "report_progress": [{"kind": "agreement"}, {"kind": "quality"}],
            "agreement_file": [{"kind": "csv"}, {"kind": "tex"}],
            "clip_job_progress": [{"name": "check"}],
            "guide": [{"name": "corpus"}],
            "scheme": [{"version": 1}],
            "scheme_file": [{"version": 1}],
            "stop_clip_job": [{"name": "check"}],
            "source_file": [{"name": "media"}, {"name": "transcript"}],
            "release_file": [{"path": "judgements.jsonl"}, {"path": "utterances.jsonl"},
                             {"path": "media/000001.mp4"}],
            "granted_file": [{"path": "judgements.jsonl"}],
            "protocol_file": [{"name": "report.html"}, {"name": "experiment.toml"}],
            "release_layout": [{"name": "cmma"}],
            "granted_layout": [{"name": "cmma"}],
        }  # fmt: skip
        self.tokens = {
            "grants": w.grant.token,
            "invitations": w.invitation.token,
            "join": w.join_link.token,
            "shared": w.share.token,
            "uploads": w.upload.token,
        }
        other_speaker = w.corpus.speakers.create(name="B").pk
        self.sent = {
            "adjudications": [{"utterance": u, "task": "emotion", "value": "joy"}],
            "diff": [{"one": w.releases[0].pk, "other": w.releases[1].pk}],
            "judgements": [{"utterance": u, "task": "emotion", "value": "joy"}],
            "comments": [{"utterance": u, "kind": "comment", "words": "hm"}],
            "api_assignment": [{"answers": []}],
            "api_corpora": [{"name": "another"}],
            "api_ownership_offer": [{"person": w.people["openly annotating lead"].pk}],
            "api_delete_corpus": [
                {"name": "corpus", "copies": [f"release-{r.pk}" for r in w.releases]}
            ],
            "api_renew_invitation": [{"send": False}],
            "api_extend_invitation": [{"days": 7}],
            "api_join_link": [{"most": 9}],
            "api_join_request": [{"approved": True}],
            "api_head": [{"base": 0, "to": "undo"}],
            "api_revisions": [{"base": 0, "turns": [{"text": "a", "start": 0.0, "end": 0.5}]}],
            "api_split_dialogue": [{"utterance": w.dialogue.utterances.get(number=2).pk}],
            ("PATCH", "api_source"): [{"sound_track": 1}],
            "api_segmentation": [{"gap": 3.0}],
            "api_replace_source": [{"transcript": "none"}],
            "api_skip": [{"reason": "other"}],
            "api_extension": [{"overlap": 2}],
            "api_consensus": [{"consensus": "weighted"}],
            "api_comparison": [{"round": w.open.pk}, {"round": w.closed.pk}],
            "api_import_mapping": [{"columns": {"text": "text"}}],
            "api_import_reading": [{"format": "mapped"}],
            "api_import_tasks": [[{"data": {"text": "a"}}]],
            "api_republication": [{"keep": []}],
            ("PATCH", "api_annotation_settings"): [{"scheme": None}],
            ("PATCH", "api_release_settings"): [{"members_may_read": True}],
            "api_personal_data_review": [{"words": phone, "outcome": "keep"}],
            "api_feature_imports": [{"release": w.releases[0].pk, "uploads": ["none"]}],
            "api_language_model_judges": [
                {"release": w.releases[0].pk, "encoder": "none", "language": "zh"}
            ],
            "api_releases": [{"rounds": [w.closed.pk], "media": "none"}],
            "api_retractions": [{"kind": "withdrawn", "reason": "x"}],
            "api_release_links": [{"terms": "x", "expires_at": "2999-01-01"}],
            "api_experiments": [{"release": w.releases[0].pk, "recipes": ["hard-text"]}],
            "api_protocols": [{"text": "name = 1"}],
            "api_protocol_plans": [{"text": "name = 1"}],
            "api_register_model": [{"name": "a", "use": "b", "limits": "c"}],
            "api_repeat_experiment": [{"wanted": True}],
            "api_diffs": [{"one": w.releases[0].pk, "other": w.releases[1].pk}],
            ("PATCH", "api_corpus"): [{"description": "said anew"}],
            ("PATCH", "api_membership"): [{"role": "adjudicator"}],
            "api_invitations": [{"role": "annotator", "email": "somebody@example.org"}],
            "webhooks": [{"address": "https://example.org/a", "kinds": ["job.failed"]}],
            "webhook": [{"address": "https://example.org/a", "kinds": ["job.failed"]}],
            "api_webhooks": [{"address": "https://example.org/a", "kinds": ["job.failed"]}],
            ("PATCH", "api_webhook"): [{"active": False}],
            "api_uploads": [{"name": "film.mp4", "size": 10}],
            "api_sources": [{"title": "x", "transcript": "none"}],
            "api_speakers": [{"name": "C"}],
            ("PATCH", "api_speaker"): [{"pseudonym": "S9"}],
            "api_merge_speaker": [{"into": other_speaker}],
            "api_own_comments": [{"utterance": u, "kind": "comment", "words": "hm"}],
            "api_schemes": [{"tasks": w.open.scheme_version.tasks, "note": "the same"}],
            "api_guidelines": [{"text": "# Another", "note": "new"}],
            "api_rounds": [{"name": "x", "annotators": [w.judges[0].pk], "overlap": 1}],
            "api_participants": [{"person": w.judges[0].pk, "quota": 9}],
            ("PATCH", "api_participant"): [{"blocked": True}],
            "api_withdrawal": [{"reason": "cut wrongly"}],
            "api_suggestions": [
                {
                    "origin": "m",
                    "suggestions": [
                        {
                            "utterance": w.utterance.uid,
                            "task": "emotion",
                            "value": "joy",
                            "probability": 0.5,
                        },
                    ],
                }
            ],
            "api_imports": [{"uploads": ["none"]}],
            "api_confirm_import": [{"labels": "none"}],
            "api_reports": [{"kind": "quality"}],
            "api_adjudications": [{"utterance": u, "task": "emotion", "value": "joy"}],
            "api_replies": [{"words": "so"}],
            "api_expert_labels": [
                {"labels": [{"utterance": u, "task": "emotion", "value": "joy"}]}
            ],
            "api_flag_reviews": [{"outcome": "explained", "words": "so it is"}],
            "warnings": [{"utterance": u, "rule": "?", "outcome": "raised"}],
            "split_dialogue": [{"uid": w.dialogue.utterances.get(number=2).uid}],
            "merge_speaker": [{"into": other_speaker}],
            "comparison": [{"with": w.open.pk}, {"with": w.closed.pk}],
            "quality_flag_reviews": [{"outcome": "explained", "words": "so it is"}],
            "installation_person": [{"verb": "unlock"}],
            "download_encoder": [{"repo": "openai/whisper-base"}],
            "remove_encoder": [{"name": "a"}],
            "participant": [{"verb": "block"}],
            "theme": [{"theme": "dark"}],
            "account": [{"name": "A", "language": "", "theme": "dark", "time_zone": "UTC"}],
            "account_tokens": [{"name": "A", "scopes": ["read"], "expiry": "never"}],
            "account_shortcuts": [{"single_keys": "off"}],
            "round_dialogue": [{"verb": "reinstate"}],
            "consensus": [{"consensus": "weighted"}],
            "extend_invitation": [{"days": 7}],
            "join_link": [{"verb": "switch off"}],
            "join_request": [{"verb": "approve"}],
            "corpus_settings": [{"name": "corpus", "language": "zh", "media_policy": "leads"}],
            "offer_ownership": [{"person": w.people["openly annotating lead"].pk}],
            "delete_corpus": [{"name": "corpus", "copy": [f"release-{r.pk}" for r in w.releases]}],
            "personal_data_review": [{"words": phone, "outcome": "keep"}],
        }

    def of(self, route, role):
        """(address, form to send)."""
        queries = self.queries.get(route.name, [""]) if route.method == "GET" else [""]
        sends = route.method == "POST" or (route.method, route.name) in self.sent
        key = route.name if route.method == "POST" else (route.method, route.name)
        sent = self.sent.get(key, [{}]) if sends else [{}]
        return [
            (reverse(route.name, kwargs=arguments) + query, data)
            for arguments in self.arguments(route, role)
            for query in queries
            for data in sent
        ]

    def arguments(self, route, role):
        """The arguments of a route, one dict for each thing that it is tried with."""
        if route.name in self.by_name:
            return [self.by_name[route.name](role)]
        wanted = re.findall(r"<(?:\w+:)?(\w+)>", route.pattern)
        nouns = route.pattern.removeprefix("api/").split("/")[0]
        found = [{}]
        if "pk" in wanted:
            found = [{"pk": thing.pk} for thing in self.things(nouns, role)]
        if "item" in wanted:
            found = [row | {"item": self.named["item"]} for row in found]
        if "token" in wanted:
            found = [row | {"token": self.tokens[nouns]} for row in found]
        rest = set(wanted) - {"pk", "item", "token"}
        if rest:
            assert route.name in self.texts, f"no arguments for the route {route.name}: {rest}"
            found = [row | more for row in found for more in self.texts[route.name]]
        return found

    def things(self, nouns, role):
        """What the number in an address is tried with."""
        if nouns == "rounds":
            return [self.world.closed, self.world.open]
        if nouns == "releases":
            return self.world.releases
        if nouns == "assignments":
            own = self.world.own.get(role)
            return [self.world.others, *([own] if own else [])]
        if nouns == "account":  # a token of one's own, and one of somebody else
            own = self.world.access_tokens.get(role)
            return [self.world.access_tokens["stranger"], *([own] if own else [])]
        assert nouns in self.named["pk"], f"no row for the address /{nouns}/<pk>/"
        thing = self.named["pk"][nouns]
        return [thing] if thing else []
