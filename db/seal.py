"""Sealing: AES-GCM with a data key per owner, each wrapped by the company's master key.

The master key (`STIPEND_ENCRYPTION_KEY`) only wraps data keys, so rotating it re-wraps a small table, and destroying
one person's data key makes everything sealed for them unreadable. It protects dumps, files and backups, not a host
that has been taken over while the bot runs.
"""

import base64
import binascii
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_LEAST_BYTES = 128
COMPANY = "company"


class SealError(Exception):
    """A sealed value could not be opened: the key is wrong, or the value was moved or changed."""


class NoDataKey(SealError):
    """There is no data key for this owner: it was erased, or never made."""


class BadKey(SealError):
    """STIPEND_ENCRYPTION_KEY must be 32 bytes in base64."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext. Nothing printable leaves it by accident."""

    ciphertext: bytes

    def __str__(self) -> str:
        """Never the bytes, so that a log line cannot carry them."""
        return "<sealed>"

    __repr__ = __str__


class Cipher:
    """One key; seals bytes and opens them again."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise BadKey(f"A key has {KEY_BYTES} bytes, this one {len(key)}.")
        self._key = key
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, bound_to: str) -> Sealed:
        """Encrypt; the result only opens with the same `bound_to` (table and unique key of the row)."""
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(nonce + self._aead.encrypt(nonce, plain, bound_to.encode()))

    def open(self, sealed: Sealed, bound_to: str) -> bytes:
        """Decrypt; raises SealError for a wrong key, a moved or a changed ciphertext."""
        blob = sealed.ciphertext
        try:
            return self._aead.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError("A sealed value does not open with this key in this place.") from error

    def blind(self, text: str) -> str:
        """A keyed hash: equal texts give equal keys, and nobody without the key can tell which text it was."""
        return hmac.digest(self._key, text.encode(), "sha256").hex()


class MasterKey(Cipher):
    """The key of the environment. It wraps data keys and nothing else."""

    @classmethod
    def from_base64(cls, text: str) -> "MasterKey":
        """Read the setting; raises BadKey with the sentence that the operator sees."""
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadKey("STIPEND_ENCRYPTION_KEY is not base64. Make one with: openssl rand -base64 32") from error
        if len(key) != KEY_BYTES:
            raise BadKey(
                f"STIPEND_ENCRYPTION_KEY holds {len(key)} bytes instead of {KEY_BYTES}."
                " Make one with: openssl rand -base64 32"
            )
        return cls(key)

    @property
    def fingerprint(self) -> str:
        """Names the key without giving anything of it away."""
        return self.blind("fingerprint")[:16]

    def wrap(self, data_key: bytes, owner: str) -> Sealed:
        """Seal a data key for its owner."""
        return self.seal(data_key, f"data_key:{owner}")

    def unwrap(self, wrapped: Sealed, owner: str) -> Cipher:
        """Open a data key; raises SealError when this master key did not wrap it."""
        return Cipher(self.open(wrapped, f"data_key:{owner}"))


class Vault:
    """Seals and opens values for an owner: `company`, or `person:<id>`.

    `find` finds an owner's data key; `make` makes one where a value is to be sealed and there is none yet (see
    `db.data_key`). Opening never makes a key.
    """

    def __init__(self, find: Callable[[str], Cipher | None], make: Callable[[str], Cipher] | None = None) -> None:
        self._find = find
        self._make = make
        self._ciphers: dict[str, Cipher] = {}

    def _cipher(self, owner: str, make: Callable[[str], Cipher] | None) -> Cipher:
        if owner not in self._ciphers:
            cipher = self._find(owner) or (make(owner) if make else None)
            if cipher is None:
                raise NoDataKey(NoDataKey.__doc__)
            self._ciphers[owner] = cipher
        return self._ciphers[owner]

    def seal(self, owner: str, value: Any, bound_to: str, *, least_bytes: int = _LEAST_BYTES) -> Sealed:
        """Seal any JSON value for an owner, bound to its row.

        What is sealed is filled up to `least_bytes`, or to the next power of two: the length of a ciphertext stands in
        the clear, and would tell how many digits a salary has.
        """
        plain = json.dumps(value, separators=(",", ":")).encode()
        room = max(least_bytes, 1 << (len(plain) - 1).bit_length())
        return self._cipher(owner, self._make).seal(plain.ljust(room), bound_to)  # JSON ends before blanks

    def open(self, owner: str, sealed: Sealed, bound_to: str) -> Any:
        """The JSON value again; raises SealError for a wrong key or a value that was moved, NoDataKey once erased."""
        return json.loads(self._cipher(owner, None).open(sealed, bound_to).decode())

    def blind(self, text: str) -> str:
        """A keyed hash under the company's data key, so that it survives a rotation of the master key."""
        return self._cipher(COMPANY, self._make).blind(text)


def person_owner(person_id: int) -> str:
    """The owner name of a person's data key."""
    return f"person:{person_id}"
