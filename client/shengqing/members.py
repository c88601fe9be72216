"""Members of a corpus, and who is invited to join it: for its leads."""

from collections.abc import Iterator
from typing import Any, cast

from shengqing.rows import Invitation, Member, Role
from shengqing.transport import Transport


class Members:
    """The members of corpora that you lead."""

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
