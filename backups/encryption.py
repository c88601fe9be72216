"""Plain: encrypted streams. AES-256-GCM over pieces of a megabyte, each with its place and whether
it is the last one in its nonce (STREAM, as age has it), so that pieces can be neither changed nor
left out, doubled, swapped or cut off at the end without being noticed.

A random key encrypts; the passphrase, through scrypt, only opens that key.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.errors import UserError, gettext_noop

PIECE = 1 << 20  # bytes of plain text in a piece
SALT = 16  # bytes at the begin of each stream
TAG = 16  # bytes that each piece is longer than its plain text
COST = 1 << 15  # of scrypt: 32 MiB of memory


class WrongPassphrase(UserError):
    """A passphrase that does not open the key."""


class Damaged(ValueError):
    """A stream that was changed, or that ends too early."""


class Cipher:
    """Encrypts and decrypts streams with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def name_of(self, digest: str) -> str:
        """What an object is called instead of its digest, which tells nobody what it holds."""
        return hmac.new(self._derived(b"names"), digest.encode(), hashlib.sha256).hexdigest()

    def encrypted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The encrypted stream of some bytes, whatever pieces they come in."""
        salt = secrets.token_bytes(SALT)
        cipher = AESGCM(self._derived(salt))
        yield salt
        number, waiting = 0, bytearray()
        for piece in pieces:
            waiting += piece
            while len(waiting) > PIECE:  # the last one is marked, so it has to wait
                yield cipher.encrypt(_nonce(number, False), bytes(waiting[:PIECE]), None)
                del waiting[:PIECE]
                number += 1
        yield cipher.encrypt(_nonce(number, True), bytes(waiting), None)

    def decrypted(self, file: IO[bytes]) -> Iterator[bytes]:
        """The plain pieces of an encrypted stream. Raises Damaged."""
        cipher = AESGCM(self._derived(file.read(SALT)))
        number, piece = 0, file.read(PIECE + TAG)
        while True:
            following = file.read(PIECE + TAG)
            try:
                yield cipher.decrypt(_nonce(number, not following), piece, None)
            except InvalidTag as error:
                raise Damaged from error
            if not following:
                return
            number, piece = number + 1, following

    def _derived(self, salt: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt, b"shengqing backup").derive(self._key)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def new_lock(passphrase: str) -> tuple[dict[str, Any], Cipher]:
    """A new key, as it is kept under a passphrase, and the cipher that uses it."""
    salt, nonce, key = (secrets.token_bytes(size) for size in (16, 12, 32))
    kept = AESGCM(_stretched(passphrase, salt, COST)).encrypt(nonce, key, None)
    lock = {"scrypt": COST, "salt": salt.hex(), "nonce": nonce.hex(), "key": kept.hex()}
    return lock, Cipher(key)


def opened(lock: dict[str, Any], passphrase: str) -> Cipher:
    """The cipher of a kept key. Raises WrongPassphrase."""
    salt, nonce, key = (bytes.fromhex(lock[name]) for name in ("salt", "nonce", "key"))
    try:
        return Cipher(
            AESGCM(_stretched(passphrase, salt, lock["scrypt"])).decrypt(nonce, key, None)
        )
    except InvalidTag as error:
        raise WrongPassphrase(
            gettext_noop("This passphrase does not open the backup. Nothing was changed.")
        ) from error


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode())
