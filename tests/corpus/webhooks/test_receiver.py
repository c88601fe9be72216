"""Posting to an address that somebody chose: whom it reaches, how long it waits, what it reads."""

import contextlib
import datetime
import socket
import ssl
import time
from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import UserError, ValidationError
from corpus.webhooks.receiver import MOST_READ, check_address, may_be_reached, post
from tests.corpus.webhooks.receivers import LOOPBACK, receiver, respond

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("0.0.0.0", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "fec0::1"),
    *("2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::"),
    "::127.0.0.1",
]  # fmt: skip


def send(address, body=b"{}", seconds=20.0, networks=LOOPBACK, http=True):
    return post(address, body, {"X": "y"}, seconds=seconds, http=http, networks=networks)


def named(monkeypatch, *addresses):
    """Let every name lead to these addresses; the names that were asked for."""
    asked, real = [], socket.getaddrinfo

    def getaddrinfo(host, port, *more, **options):
        asked.append(host)
        return [row for one in addresses for row in real(one, port, *more, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_reserved_addresses_may_not_be_reached(address):
    assert not may_be_reached(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_public_addresses_may_be_reached(address):
    assert may_be_reached(ip_address(address))


def test_a_network_that_is_allowed_may_be_reached_and_its_neighbours_may_not():
    allowed = [ip_network("10.1.0.0/16")]
    assert may_be_reached(ip_address("10.1.2.3"), allowed)
    assert may_be_reached(ip_address("::ffff:10.1.2.3"), allowed)
    assert not may_be_reached(ip_address("10.2.0.1"), allowed)


@pytest.mark.parametrize(
    "address",
    [
        *("", "x", "ftp://example.org/", "https://", "https:///hook", "https://a:b@example.org/"),
        *("https://example.org/#x", "https://exa mple.org/", "https://example.org/\r\nX: y"),
        *("https://example.org:0/", "https://example.org:99999/", "javascript:alert(1)"),
        *("https://[::1/", "https://[fe80::1%25eth0]/", "https://" + "a" * 300 + "/"),
        *("https://example.org/" + "a" * 500, "https://x@example.org/", "https://\u2028/"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_what_was_expected(address):
    with pytest.raises(ValidationError, match="Expected https://"):
        check_address(address, http=True, networks=[])


def test_plain_http_and_private_numbers_are_refused_when_they_are_entered():
    with pytest.raises(ValidationError, match="https://"):
        check_address("http://example.org/", http=False, networks=[])
    with pytest.raises(ValidationError, match=r"127\.0\.0\.1.*WEBHOOK_NETWORKS"):
        check_address("https://127.0.0.1/", http=False, networks=[])
    assert check_address(" https://例子.org/路?x=1 ", http=False, networks=[])


def test_it_posts_and_reads_the_answer():
    with receiver(lambda handler, _n: respond(handler, 202, "好".encode())) as there:
        answer = send(f"{there.address}?a=1&b=路", '{"名":1}'.encode())
    assert (answer.status, answer.body) == (202, "好")
    path, headers, body = there.received[0]
    assert path == "/hook?a=1&b=%E8%B7%AF" and body == '{"名":1}'.encode()
    assert headers["Host"] == f"127.0.0.1:{there.port}" and headers["X"] == "y"


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.7", "::1"])
def test_a_name_that_leads_into_the_own_network_is_refused(address, monkeypatch):
    named(monkeypatch, address)
    with pytest.raises(UserError, match="private or reserved network"):
        send("https://hooks.example.org/", networks=[])


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    named(monkeypatch, "93.184.216.34", "10.0.0.7")
    with pytest.raises(UserError, match=r"10\.0\.0\.7"):
        send("https://hooks.example.org/", networks=[])


def test_a_name_is_resolved_once_and_the_address_that_was_judged_is_reached(monkeypatch):
    """A second answer of the name server, which leads elsewhere, is never asked for."""
    with receiver() as there:
        asked = named(monkeypatch, "127.0.0.1")
        assert send(f"http://hooks.example.org:{there.port}/").status == 204
    assert asked == ["hooks.example.org"]
    assert there.received[0][1]["Host"] == f"hooks.example.org:{there.port}"


def test_a_name_that_does_not_exist_is_said():
    with pytest.raises(UserError, match=r"nowhere\.invalid was not found"):
        send("https://nowhere.invalid/")


def test_nobody_there_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UserError, match="could not be reached"):
        send(f"http://127.0.0.1:{port}/")


def test_a_redirect_is_an_answer_and_is_not_followed():
    with receiver() as elsewhere:

        def redirect(handler, _number):
            respond(handler, 307, Location=elsewhere.address)

        with receiver(redirect) as there:
            assert send(there.address).status == 307
    assert elsewhere.received == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with receiver() as there:
        assert send(there.address).status == 204


def test_a_receiver_that_says_nothing_is_left_after_the_limit():
    with receiver(lambda handler, _number: time.sleep(3)) as there:
        began = time.monotonic()
        with pytest.raises(UserError, match=r"within 0\.5 seconds"):
            send(there.address, seconds=0.5)
        assert time.monotonic() - began < 2.5


def test_a_receiver_that_drips_is_left_after_the_same_limit():
    def drip(handler, _number):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(OSError):  # once nobody listens any more
            for number in range(90):
                handler.wfile.write(b"X-%d: y\r\n" % number)
                time.sleep(0.05)

    with receiver(drip) as there:
        began = time.monotonic()
        with pytest.raises(UserError, match=r"within 0\.5 seconds"):
            send(there.address, seconds=0.5)
        assert time.monotonic() - began < 2.5


def test_no_more_of_an_answer_is_read_than_is_kept():
    endless = b"a\x00" * 10_000
    with receiver(lambda handler, _number: respond(handler, 500, endless)) as there:
        answer = send(there.address)
    assert answer.status == 500 and len(answer.body) == MOST_READ and "\x00" not in answer.body


def test_what_speaks_no_http_is_no_answer():
    def greet(handler, _number):
        handler.wfile.write(b"SSH-2.0-x\r\n")

    with receiver(greet) as there, pytest.raises(UserError, match="could not be reached"):
        send(there.address)


def test_when_to_come_back_is_read():
    with receiver(lambda handler, _number: respond(handler, 429, Retry_After="120")) as there:
        assert send(there.address).retry_after == 120
    with receiver(lambda handler, _number: respond(handler, 503, Retry_After="soon")) as there:
        assert send(there.address).retry_after is None


@pytest.fixture
def certificate(tmp_path):
    """A context for the server hooks.example.org, and the file by which it is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("hooks.example.org")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return context, file


def test_a_certificate_is_checked_for_the_name_and_not_for_the_number(certificate, monkeypatch):
    context, file = certificate
    with receiver(context=context) as there:
        named(monkeypatch, "127.0.0.1")
        with pytest.raises(UserError, match="certificate"):
            send(f"https://hooks.example.org:{there.port}/")
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert send(f"https://hooks.example.org:{there.port}/").status == 204
        with pytest.raises(UserError, match="certificate"):
            send(f"https://other.example.org:{there.port}/")
    assert len(there.received) == 1
