"""Members of a corpus, who is invited to join it, and who asks to."""

from collections.abc import Iterator
from typing import Any, cast

from shengqing.rows import Invitation, JoinLink, JoinRequest, Member, OwnInvitation, Role
from shengqing.transport import Transport


class Members:
    """The members of corpora that you lead, and what you are invited to yourself."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, corpus: int, *, role: Role | None = None) -> Iterator[Member]:
        """Those of a corpus; those with this role alone, if you say so."""
        path = f"corpora/{corpus}/members/"
        return cast("Iterator[Member]", self.transport.pages(path, role=role))

    def appoint(self, member: int, role: Role) -> Member:
        """Give a member another role."""
        return cast(Member, self.transport.patch(f"memberships/{member}/", {"role": role}))

    def dismiss(self, member: int) -> None:
        """End a membership; what the person did stays."""
        self.transport.delete(f"memberships/{member}/")

    def invite(self, corpus: int, role: Role, **whom: Any) -> Invitation:
        """Ask somebody to join by `email` or `username`, or whoever has the link; `name`, `round`,
        `days`, `message`, `send` (an e-mail). Nobody is a member before they accept at its `link`.
        """
        path = f"corpora/{corpus}/invitations/"
        return cast(Invitation, self.transport.post(path, {"role": role, **whom}))

    def invitations(self, corpus: int, *, status: str | None = None) -> Iterator[Invitation]:
        """The invitations into a corpus, the latest first."""
        path = f"corpora/{corpus}/invitations/"
        return cast("Iterator[Invitation]", self.transport.pages(path, status=status))

    def revoke(self, invitation: int) -> None:
        """Close the link of an invitation that nobody has accepted."""
        self.transport.delete(f"invitations/{invitation}/")

    def renew(self, invitation: int, *, send: bool = False) -> Invitation:
        """Replace its link by a new one; with `send` by e-mail, too."""
        path = f"invitations/{invitation}/renewal/"
        return cast(Invitation, self.transport.post(path, {"send": send}))

    def extend(self, invitation: int, days: int) -> Invitation:
        """Let its link be valid for so many days from now."""
        path = f"invitations/{invitation}/extension/"
        return cast(Invitation, self.transport.post(path, {"days": days}))

    def own_invitations(self) -> Iterator[OwnInvitation]:
        """The invitations of your account that wait for your answer."""
        return cast("Iterator[OwnInvitation]", self.transport.pages("account/invitations/"))

    def accept(self, invitation: int) -> None:
        """Join the corpus of an invitation of your account."""
        self.transport.post(f"invitations/{invitation}/acceptance/")

    def decline(self, invitation: int) -> None:
        """Decline an invitation of your account."""
        self.transport.post(f"invitations/{invitation}/refusal/")

    def join_link(self, corpus: int) -> JoinLink:
        """The link by which people ask to join. NotFound while it is switched off."""
        return cast(JoinLink, self.transport.get(f"corpora/{corpus}/join-link/"))

    def open_join_link(self, corpus: int, **limits: Any) -> JoinLink:
        """Switch it on, or replace it: `days`, `most`, `email_domain`."""
        return cast(JoinLink, self.transport.post(f"corpora/{corpus}/join-link/", limits))

    def close_join_link(self, corpus: int) -> None:
        """Switch it off; requests that wait stay."""
        self.transport.delete(f"corpora/{corpus}/join-link/")

    def join_requests(self, corpus: int, *, waiting: bool | None = None) -> Iterator[JoinRequest]:
        """Who asked to join."""
        path = f"corpora/{corpus}/join-requests/"
        return cast("Iterator[JoinRequest]", self.transport.pages(path, waiting=waiting))

    def decide(self, request: int, approved: bool, *, round: int | None = None) -> JoinRequest:
        """Let somebody join who asked, to annotate in a `round`, or not."""
        body = {"approved": approved, "round": round}
        return cast(JoinRequest, self.transport.post(f"join-requests/{request}/decision/", body))
