"""A small corpus in which everything exists that an address can name, with secrets that can be
exchanged for others while all the rest stays as it is.
"""

import hashlib
import subprocess
from dataclasses import dataclass, field, fields
from pathlib import Path

from django.core.files.base import ContentFile
from django.utils import timezone

from annotation.adjudication import adjudicate
from annotation.answers import save_answer, submit_assignment
from annotation.models import (
    Comment,
    ExpertLabel,
    Guideline,
    QualityFlag,
    Report,
    Suggestion,
    TableImport,
)
from annotation.queue.dispatch import assign
from annotation.rounds import open_round
from annotation.scheme import SchemeError
from corpus.ffmpeg_binary import ffmpeg_path
from corpus.models import (
    ClipRecut,
    Corpus,
    Dialogue,
    IntegrityCheck,
    IntegrityReport,
    Invitation,
    JoinLink,
    Membership,
    Upload,
    Utterance,
    Webhook,
)
from jobs.models import JobStatus
from modeling.models import Evaluation, Experiment, RegisteredModel, TrainingRun
from people.models import AccessToken, Person
from releases.models import (
    Diff,
    Grant,
    MemberAccess,
    PersonalDataReport,
    PseudonymKey,
    Release,
    Share,
)
from tests.factories import answer_all
from tests.modeling.protocol_factories import make_protocol

ROLES = [
    *("anonymous", "stranger", "annotator", "annotating", "adjudicator", "annotating adjudicator"),
    *("lead", "annotating lead", "openly annotating lead"),
    "administrator",
]
BLIND = ["annotating", "annotating adjudicator", "annotating lead"]


@dataclass(frozen=True)
class Secrets:
    """Which secrets are exchanged: other people's answers and comments, the annotators' names, the
    words, what the film shows, how it sounds.
    """

    answers: bool = False
    names: bool = False
    words: bool = False
    picture: bool = False
    sound: bool = False


KINDS = [kind.name for kind in fields(Secrets)]
ANSWERS = {  # what the two judges answer to the first utterances, and to the others
    False: (
        ({"emotion": "joy", "sentiment": "positive"}, {"emotion": "sadness", "humor": "yes"}),
        {"emotion": "neutral", "emotion_sentiment": "0"},
    ),
    True: (
        ({"emotion": "anger", "sarcasm": "yes"}, {"emotion": "fear", "sentiment": "negative"}),
        {"emotion": "surprise", "emotion_sentiment": "1"},
    ),
}
BASE = {
    "sentiment": "neutral",
    "emotion": "neutral",
    "sarcasm": "no",
    "humor": "no",
    "emotion_sentiment": "0",
    "sarcasm_humor": "0",
}


def film(folder: Path, picture: bool, sound: bool) -> Path:
    """Two seconds of film with a tone, one of two of each."""
    path = folder / f"film-{picture:d}{sound:d}.mp4"
    if not path.exists():
        shown = "testsrc2" if picture else "smptebars"
        command = [ffmpeg_path(), "-loglevel", "error"]
        command += ["-f", "lavfi", "-i", f"{shown}=size=64x48:rate=25:duration=2"]
        command += ["-f", "lavfi", "-i", f"sine=frequency={880 if sound else 440}:duration=2"]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
        command += ["-fflags", "+bitexact", "-flags", "+bitexact", str(path)]
        subprocess.run(command, check=True)
    return path


@dataclass
class World:
    """The corpus, its people by role, and everything in it; without a run unless it `learns`,
    which takes seconds.
    """

    secrets: Secrets
    view: str
    films: Path
    learns: bool = True
    people: dict[str, Person | None] = field(default_factory=dict)

    def __post_init__(self):
        self.corpus = Corpus.create(self._person("lead"), name="corpus")
        Corpus.create(self._person("stranger"), name="elsewhere")
        self.people["anonymous"] = None
        Person.objects.filter(pk=self._person("administrator").pk).update(is_superuser=True)
        self.people["administrator"].refresh_from_db()
        Role = Membership.Role  # noqa: N806
        for role, kind in (
            *(("annotator", Role.ANNOTATOR), ("annotating", Role.ANNOTATOR)),
            *(("adjudicator", Role.ADJUDICATOR), ("annotating adjudicator", Role.ADJUDICATOR)),
            *(("annotating lead", Role.LEAD), ("openly annotating lead", Role.LEAD)),
        ):
            self.corpus.memberships.create(person=self._person(role), role=kind)
        names = ("Sun Wukong", "Zhu Bajie") if self.secrets.names else ("Lin Daiyu", "Jia Baoyu")
        self.judges = [
            Person.objects.create(username=name.split()[0].lower(), name=name) for name in names
        ]
        for judge in self.judges:
            self.corpus.memberships.create(person=judge, role=Role.ANNOTATOR)
        self.lead = self.people["lead"]
        self._dialogues()
        self._rounds()
        self._releases()
        if self.learns:
            self._runs()
        self._rest()

    def _person(self, role):
        self.people[role] = Person.objects.create(username=role.replace(" ", "-"), name=role)
        return self.people[role]

    def _dialogues(self):
        self.source = self.corpus.sources.create(
            title="episode", status=JobStatus.DONE, added_by=self.lead
        )
        phone = "13900139000" if self.secrets.words else "13800138000"
        said = "改过的话" if self.secrets.words else "原来的话"
        path = film(self.films, self.secrets.picture, self.secrets.sound)
        content = path.read_bytes()
        self.source.media.save("film.mp4", ContentFile(content))
        lines = [
            f"{n + 1}\n00:00:0{n},000 --> 00:00:0{n + 1},000\nA：{said}{n}\n" for n in range(2)
        ]
        self.source.transcript.save("film.srt", ContentFile("\n".join(lines).encode()))
        self.source.import_problems.create(line=1, value=said, outcome="warning", reason="made")
        self.speaker = self.corpus.speakers.create(name="A")
        self.dialogues = []
        for number in range(1, 7):
            dialogue = Dialogue(
                corpus=self.corpus, source=self.source, uid=f"D{number}", number=number,
                start=2.0 * number - 2, end=2.0 * number,
                clip_sha256=hashlib.sha256(content).hexdigest(),
            )  # fmt: skip
            picture, sound = b"%d" % self.secrets.picture, b"%d" % self.secrets.sound
            place = f"clips/{self.corpus.pk}/{self.source.pk}/{number}"
            for name, data in (
                *(("clip", content), ("poster", b"\xff\xd8" + picture)),
                *(("audio", b"fLaC" + sound), ("peaks", b"[0." + sound + b"]")),
            ):
                suffix = {"clip": "mp4", "poster": "jpg", "audio": "flac", "peaks": "json"}[name]
                file = getattr(dialogue, name)
                file.name = file.storage.save(f"{place}/{name}.{suffix}", ContentFile(data))
            dialogue.save()
            for turn in range(2):
                Utterance.objects.create(
                    dialogue=dialogue, number=turn + 1, uid=f"D{number}_U{turn + 1}",
                    speaker=self.speaker, text=f"{said} {phone} {number}.{turn}",
                    translation=f"{said} in English", start=float(turn), end=turn + 1.0,
                )  # fmt: skip
            dialogue.publish(self.lead)
            self.dialogues.append(dialogue)
        self.dialogue = self.dialogues[0]
        self.utterance = self.dialogue.utterances.get(number=1)
        edited = [turn.to_json() for turn in self.dialogue.turns()]
        edited[1]["text"] += " again"
        self.dialogue.edit(self.lead, self.dialogue.head, edited, "0" * 32)

    def _judge(self, opened):
        first, others = ANSWERS[self.secrets.answers]
        for place in opened.round_items.select_related("dialogue"):
            for judge, own in zip(self.judges, first, strict=True):
                seat = opened.participants.get(person=judge)
                assignment = assign(seat, None, place)
                ways = {True: BASE | own, False: BASE | others}
                answer_all(assignment, lambda utterance, ways=ways: ways[utterance.number == 1])
                submit_assignment(assignment)

    def _rounds(self):
        published = self.corpus.dialogues.published()
        Guideline.draw_up(self.lead, self.corpus, "# Guideline")
        self.closed = open_round(self.lead, self.corpus, "closed", published, self.judges, 2)
        self._judge(self.closed)
        said = "the second comment" if self.secrets.answers else "the first comment"
        for opened in (self.closed,):
            self._comment(opened, said)
        self.closed.close(self.lead)
        roles = [*BLIND, "openly annotating lead"]
        mine = [self.people[role] for role in roles]
        self.open = open_round(
            self.lead, self.corpus, "open", published, [*self.judges, *mine], 6,
            view=self.view, suggestions="after",
            guideline=Guideline.objects.get(corpus=self.corpus),
        )  # fmt: skip
        self.open.participants.filter(person=self.people["openly annotating lead"]).update(
            unblinded=True
        )
        self._judge(self.open)
        self._comment(self.open, said)
        self.own = {}
        for role in roles:
            seat = self.open.participants.get(person=self.people[role])
            place = self.open.round_items.get(dialogue=self.dialogue)
            self.own[role] = assign(seat, None, place)
            save_answer(self.own[role], self.utterance, "emotion", "neutral")
        self.others = self.open.assignments.get(person=self.judges[0], dialogue=self.dialogue)
        value = "anger" if self.secrets.answers else "joy"
        for opened in (self.closed, self.open):
            self._decide(opened, value)
        ExpertLabel.write(self.lead, self.dialogue, [(self.utterance, "emotion", value, "")])
        for utterance in Utterance.objects.filter(corpus=self.corpus):
            Suggestion.objects.create(
                utterance=utterance, task="emotion", value="joy", probability=0.5, origin="m"
            )
        for opened, kind, other in (
            *((self.closed, "agreement", None), (self.open, "agreement", None)),
            *((self.closed, "reliability", None), (self.closed, "quality", None)),
            (self.closed, "comparison", self.open),
        ):
            report = Report.objects.create(round=opened, kind=kind, other=other)
            report.run()
            assert report.status == JobStatus.DONE, report.failure_text
        self.flag = QualityFlag.objects.create(
            round=self.closed, person=self.judges[0], kind="monotone", task="emotion", key="made",
            evidence={"value": value, "run": 4, "share": 0.5}, rows=[self.utterance.pk],
            count=8 if self.secrets.answers else 6, neg_log10_p=4.0,
        )  # fmt: skip

    def _comment(self, opened, said):
        theirs = opened.assignments.get(person=self.judges[0], dialogue=self.dialogue)
        comment = Comment.make(theirs, self.utterance, "comment", said)
        comment.reply(self.lead, "a reply")
        self.comment = comment

    def _decide(self, opened, value):
        try:
            adjudicate(self.lead, opened, self.utterance, "emotion", value, reason=value)
        except SchemeError as error:  # pragma: no cover
            raise AssertionError(error) from error

    def _releases(self):
        PseudonymKey.objects.create(corpus=self.corpus, key="5" * 64)
        self.releases = []
        for version in ("1.0.0", "1.1.0"):
            asked = Release.request(
                self.lead, self.corpus, version, [self.closed], shares="50/25/25"
            )
            asked.run()
            assert asked.is_frozen, asked.failure_text
            self.releases.append(asked)
        self.release = self.releases[0]
        MemberAccess.allow(self.lead, self.releases[1])
        self.diff = Diff.request(self.lead, *self.releases).run()
        assert self.diff.status == JobStatus.DONE, self.diff.failure_text
        self.share = Share.objects.create(
            release=self.release, token="shared", terms="terms", person=self.lead
        )
        self.grant = Grant.objects.create(share=self.share, token="granted", name="somebody")

    experiment = run = evaluation = model = protocol = None

    def _runs(self):
        self.experiment = Experiment.objects.create(
            release=self.release, name="experiment", started_by=self.lead
        )
        self.run = TrainingRun.request(
            self.lead, self.release, "hard-text", experiment=self.experiment, own={"epochs": 1}
        ).run()
        assert self.run.status == JobStatus.DONE, self.run.failure_text
        self.evaluation = Evaluation.request(self.lead, self.run).run()
        assert self.evaluation.status == JobStatus.DONE, self.evaluation.failure_text
        now = timezone.now()
        for job in (self.run, self.evaluation):
            type(job).objects.update(started_at=now, finished_at=now)
        (self.run.directory / "faces.jpg").write_bytes(b"faces")
        self.model = RegisteredModel.register(self.lead, self.run, "model", "use", "limits")
        self.protocol = make_protocol(self.lead, self.release, self.utterance)

    def _rest(self):
        self.invitation = Invitation.objects.create(
            nonce="invited", corpus=self.corpus, invited_by=self.lead
        )
        self.join_link = JoinLink.objects.create(
            nonce="joining", corpus=self.corpus, opened_by=self.lead
        )
        asking = Person.objects.create(username="asking")
        self.join_request = self.join_link.request(asking)
        self.webhook = Webhook.create(
            self.lead, self.corpus, address="https://example.org/hook", kinds=["job.failed"]
        )
        self.delivery = self.webhook.deliveries.create(  # which tells of the open round
            kind="agreement.low", thing_id=self.open.pk, data={"tasks": ["emotion"]}
        )
        self.delivery.end("delivered")
        self.upload = Upload.objects.create(
            corpus=self.corpus, person=self.lead, token="uploaded", name="film.mp4", size=3
        )
        self.upload.path.parent.mkdir(parents=True, exist_ok=True)
        self.upload.path.write_bytes(b"abc")
        self.table_import = TableImport.objects.create(
            corpus=self.corpus,
            person=self.lead,
            status="done",
            phase="store",
            files=[{"name": "train.csv", "stored": "imports/train.csv", "size": 3}],
            report={"format": "cmma", "counts": {"dialogues": 2}},
            mapping={"version": 1, "columns": {"text": "text"}, "tasks": []},
            created={"sources": [self.source.pk]},
        )
        IntegrityCheck.objects.create(corpus=self.corpus, person=self.lead, status=JobStatus.DONE)
        ClipRecut.objects.create(corpus=self.corpus, person=self.lead, status=JobStatus.DONE)
        for kind in (IntegrityReport, PersonalDataReport):
            listed = kind.request(self.corpus, now=True).run()
            assert listed.status == JobStatus.DONE, listed.failure_text
        self.access_tokens = {
            role: AccessToken.objects.create(
                person=person, name="script", digest=role, scopes="read"
            )
            for role, person in self.people.items()
            if person is not None
        }
