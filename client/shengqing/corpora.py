"""Corpora: yours, new ones, their settings."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from shengqing.rows import AuditEvent, Corpus, IntegrityIssue, IntegrityReport, Job, Role
from shengqing.transport import Row, Transport


class Corpora:
    """The corpora that you belong to."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, *, role: Role | None = None, archived: bool | None = None) -> Iterator[Corpus]:
        """Those in which you have this role; archived ones or others alone, if you say so."""
        return cast(
            "Iterator[Corpus]", self.transport.pages("corpora/", role=role, archived=archived)
        )

    def get(self, corpus: int) -> Corpus:
        """A corpus, with how much is in it as `counts`."""
        return cast(Corpus, self.transport.get(f"corpora/{corpus}/"))

    def create(self, name: str, **settings: Any) -> Corpus:
        """A new corpus, which you own and lead: `description`, `language`."""
        return cast(Corpus, self.transport.post("corpora/", {"name": name, **settings}))

    def update(self, corpus: int, *, match: Corpus | None = None, **settings: Any) -> Corpus:
        """Change settings; with what you read as `match`, only if nobody else did meanwhile.

        Raises Overtaken.
        """
        seen = cast("Row | None", match)
        return cast(Corpus, self.transport.patch(f"corpora/{corpus}/", settings, seen))

    def archive(self, corpus: int) -> Corpus:
        """Make it read-only."""
        return cast(Corpus, self.transport.post(f"corpora/{corpus}/archival/"))

    def unarchive(self, corpus: int) -> None:
        """Let it be changed again."""
        self.transport.delete(f"corpora/{corpus}/archival/")

    def offer(self, corpus: int, person: int) -> None:
        """Offer a corpus that you own to another lead, who owns it by accepting."""
        self.transport.post(f"corpora/{corpus}/ownership-offer/", {"person": person})

    def withdraw_offer(self, corpus: int) -> None:
        """Take that back, or decline what is offered to you."""
        self.transport.delete(f"corpora/{corpus}/ownership-offer/")

    def accept_ownership(self, corpus: int) -> None:
        """Accept a corpus that is offered to you."""
        self.transport.post(f"corpora/{corpus}/ownership/")

    def losses(self, corpus: int) -> Row:
        """What would be deleted with a corpus that you own: `rows`, `bytes`, and as `copies` the
        releases of which there has to be a copy.
        """
        return self.transport.get(f"corpora/{corpus}/deletion/")

    def delete(self, corpus: int, name: str, *, copies: Sequence[str] = ()) -> Job:
        """Delete a corpus that you own with everything in it: its name, to be sure, and the `key`
        of each release of which you have a copy without having downloaded it here. The job.
        """
        body = {"name": name, "copies": [*copies]}
        return cast(Job, self.transport.post(f"corpora/{corpus}/deletion/", body))

    def resume_deletion(self, deletion: int) -> Job:
        """Go on with a deletion, the `id` of its job, that has failed."""
        return cast(Job, self.transport.post(f"deletions/{deletion}/attempts/"))

    def annotation_settings(self, corpus: int) -> Row:
        """What new rounds of a corpus that you lead start with: the number of a `scheme`'s version,
        or None for the latest.
        """
        return self.transport.get(f"corpora/{corpus}/settings/annotation/")

    def set_annotation_settings(self, corpus: int, *, scheme: int | None) -> Row:
        """Choose the version of the scheme that new rounds start with."""
        return self.transport.patch(f"corpora/{corpus}/settings/annotation/", {"scheme": scheme})

    def release_settings(self, corpus: int) -> Row:
        """What new releases of a corpus that you lead start with: `licence`, `members_may_read`."""
        return self.transport.get(f"corpora/{corpus}/settings/releases/")

    def set_release_settings(self, corpus: int, **settings: Any) -> Row:
        """Change `licence`, `members_may_read`; whatever is left out stays."""
        return self.transport.patch(f"corpora/{corpus}/settings/releases/", settings)

    def storage(self, corpus: int) -> Row:
        """What its files take, `bytes` by kind and in `total`, and its `quota`, if it has one."""
        return self.transport.get(f"corpora/{corpus}/storage/")

    def integrity(self, corpus: int) -> IntegrityReport:
        """The last integrity report of a corpus that you lead, which a worker begins to make anew
        where the corpus may have changed since.
        """
        return cast(IntegrityReport, self.transport.get(f"corpora/{corpus}/integrity/"))

    def issues(self, corpus: int, *, kind: str | None = None) -> Iterator[IntegrityIssue]:
        """The issues of that report, without those of dialogues that are withheld from you."""
        path = f"corpora/{corpus}/integrity/issues/"
        return cast("Iterator[IntegrityIssue]", self.transport.pages(path, kind=kind))

    def list_issues(self, corpus: int) -> Job:
        """Have a worker make the report anew; clips are not read. The job."""
        return cast(Job, self.transport.post(f"corpora/{corpus}/integrity/reports/"))

    def check_clips(self, corpus: int) -> Job:
        """Have every clip compared with its source; the job."""
        return cast(Job, self.transport.post(f"corpora/{corpus}/integrity/checks/"))

    def recut_clips(self, corpus: int) -> Job:
        """Have the clips that were found wrong cut again; the job."""
        return cast(Job, self.transport.post(f"corpora/{corpus}/integrity/recuts/"))

    def clips_to_recut(self, corpus: int) -> Row:
        """What that would do: ids of `dialogues`, those that are `impossible` with the reason, and
        those that were `skipped` when it was done last.
        """
        return self.transport.get(f"corpora/{corpus}/integrity/recuts/")

    def audit_log(self, corpus: int, **filters: Any) -> Iterator[AuditEvent]:
        """Who did what in a corpus that you lead, the latest first: `q`, `person`, `kind`, `noun`,
        `since`, `until` (YYYY-MM-DD).
        """
        path = f"corpora/{corpus}/audit-log/"
        return cast("Iterator[AuditEvent]", self.transport.pages(path, **filters))
