"""Posting to an address that somebody else has chosen, without reaching into our own network.

A name is resolved once, every address that it has is judged, and the connection goes to those very
addresses: a name that leads elsewhere a moment later leads nowhere. No redirect is followed, no
proxy of the environment is used, an attempt has one time limit for everything, and no more of an
answer is read than is kept.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote, urlsplit

from core.errors import UserError, ValidationError, gettext_noop

LONGEST = 500  # characters of an address
MOST_READ = 1000  # bytes of an answer that are kept
LONGEST_WAIT = 24 * 3600  # seconds; of what a receiver asks for, no more is waited
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # whose last 32 bits are an address of IPv4

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOT_AN_ADDRESS = gettext_noop(
    "“%(address)s” is no address of a receiver. Expected https://, a host and a path, such as"
    " https://example.org/hook, without user name, password or #."
)
NOT_HTTPS = gettext_noop("The address has to begin with https://, so that nobody reads along.")
OWN_NETWORK = gettext_noop(
    "%(host)s leads to %(address)s, which is in a private or reserved network. An administrator of"
    " the server can allow it (WEBHOOK_NETWORKS)."
)
NO_SUCH_HOST = gettext_noop("The host %(host)s was not found: %(error)s")
UNREACHABLE = gettext_noop("The receiver could not be reached: %(error)s")
TOO_SLOW = gettext_noop("The receiver did not answer within %(seconds)s seconds.")


@dataclass(frozen=True)
class Answer:
    """What a receiver answered; `retry_after` in seconds where it says when to come back."""

    status: int
    body: str
    retry_after: int | None = None


def check_address(address: str, *, http: bool, networks: Sequence[Network]) -> str:
    """The address of a receiver as it is kept; `http` says whether http:// will do, too.

    Only addresses in numbers are judged here: what a name leads to can change with each attempt.
    Raises ValidationError.
    """
    address = address.strip()
    wrong = ValidationError(NOT_AN_ADDRESS, address=address[:100])
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    host = parts.hostname or ""
    if len(address) > LONGEST or parts.scheme not in ("https", "http") or port == 0:
        raise wrong
    if parts.username is not None or "#" in address or not _is_host(host):
        raise wrong
    if any(ord(character) <= 32 or ord(character) == 127 for character in address):
        raise wrong
    if parts.scheme == "http" and not http:
        raise ValidationError(NOT_HTTPS)
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return address
    _judge(host, number, networks)
    return address


def _is_host(host: str) -> bool:
    try:
        return bool(host) and len(_ascii(host)) <= 253 and "%" not in host
    except UnicodeError:
        return False


def _ascii(host: str) -> str:
    """The name as the domain name system has it."""
    return host.encode("idna").decode() if not host.isascii() else host


def may_be_reached(address: Address, networks: Sequence[Network] = ()) -> bool:
    """Whether an address is a public one, or in one of the `networks` that are allowed. One of
    IPv6 that carries one of IPv4 is as public as that is.
    """
    if any(address in network for network in networks):
        return True
    carried = _carried(address)
    if carried is not None:
        return may_be_reached(carried, networks)
    if address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False):
        return False
    return address.is_global


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo


def _judge(host: str, address: Address, networks: Sequence[Network]) -> None:
    if not may_be_reached(address, networks):
        raise ValidationError(OWN_NETWORK, host=host, address=str(address))


def judged_places(host: str, port: int, networks: Sequence[Network]) -> list[Any]:
    """What `socket.getaddrinfo` says of a host, if all of it may be reached. Raises UserError."""
    try:
        places = socket.getaddrinfo(_ascii(host), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UserError(NO_SUCH_HOST, host=host, error=_words(error)) from error
    for _family, _kind, _protocol, _name, where in places:
        _judge(host, ipaddress.ip_address(str(where[0]).split("%")[0]), networks)
    return list(places)


class _Connection(HTTPConnection):
    """A connection to places that were judged before; nothing is resolved again."""

    def __init__(
        self, host: str, port: int, places: list[Any], context: ssl.SSLContext | None, until: float
    ) -> None:
        super().__init__(host, port)
        self.default_port = 443 if context else 80  # which the header Host does not name
        self.places, self.context, self.until = places, context, until
        self.sock: socket.socket | None = None

    def connect(self) -> None:
        error = OSError("no address")
        for family, kind, protocol, _name, where in self.places:
            found = socket.socket(family, kind, protocol)
            try:
                found.settimeout(max(self.until - time.monotonic(), 0.01))
                found.connect(where)
                break
            except OSError as failed:
                found.close()
                error = failed
        else:
            raise error
        self.sock = found
        if self.context:
            self.sock = secure = self.context.wrap_socket(
                found, server_hostname=self.host, do_handshake_on_connect=False
            )
            secure.do_handshake()
        if time.monotonic() > self.until:
            raise TimeoutError

    def cut(self) -> None:
        """End whatever is being waited for, from another thread."""
        if self.sock is not None:
            with suppress(OSError):  # it has just been closed, and nothing is waited for
                # not the method of a TLS socket, which would wait for the other side
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def post(
    address: str,
    body: bytes,
    headers: dict[str, str],
    *,
    seconds: float,
    http: bool = False,
    networks: Sequence[Network] = (),
) -> Answer:
    """What the receiver at `address` answers to the body, whatever its status.

    `seconds` are for all of it together, but for resolving the name, whose limit is the system's.
    Raises UserError where there is no answer, or where the address may not be reached.
    """
    check_address(address, http=http, networks=networks)
    parts = urlsplit(address)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    places = judged_places(host, port, networks)
    context = ssl.create_default_context() if secure else None
    connection = _Connection(_ascii(host), port, places, context, time.monotonic() + seconds)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    over = threading.Event()

    def end() -> None:
        over.set()
        connection.cut()

    limit = threading.Timer(seconds, end)
    limit.daemon = True
    limit.start()
    try:
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        if over.is_set():  # headers that break off look like all of them
            raise TimeoutError
        return _read(response)
    except (OSError, HTTPException, ValueError) as error:
        if over.is_set() or isinstance(error, TimeoutError):
            raise UserError(TOO_SLOW, seconds=f"{seconds:g}") from error
        raise UserError(UNREACHABLE, error=_words(error)) from error
    finally:
        limit.cancel()
        connection.close()


def _read(response: HTTPResponse) -> Answer:
    """The answer with the beginning of its body; one that breaks off has been given all the same:
    its status has come.
    """
    try:
        read = response.read(MOST_READ)
    except (OSError, HTTPException, ValueError):
        read = b""
    wait = response.getheader("Retry-After", "")
    return Answer(
        response.status,
        read.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        min(int(wait), LONGEST_WAIT) if wait.isascii() and wait.isdigit() else None,
    )


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
