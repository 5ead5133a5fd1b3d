"""Personal data: sealed fields and their blind index, behind one object.

A field is sealed with AES-SIV under the newest key of the ring (the field's name is bound in, so
a sealed phone cannot be moved into an ID column). Equality search uses a keyed HMAC-SHA-256 of
the canonical text. Nothing else in the programme sees a key.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_BYTES = 64  # AES-256-SIV uses two 256-bit keys


@dataclass(frozen=True, slots=True)
class Vault:
    """Key ring by version; ``index_key`` keys the blind index and the audit chain."""

    keys: Mapping[int, bytes]
    index_key: bytes

    @property
    def newest(self) -> int:
        """The version that seals now."""
        return max(self.keys)

    def seal(self, field: str, text: str) -> bytes:
        """Sealed bytes of a text: one version byte, then AES-SIV."""
        return self.seal_bytes(field, text.encode())

    def open(self, field: str, sealed: bytes) -> str:
        """The text again; raises ``cryptography.exceptions.InvalidTag`` if it was altered."""
        return self.open_bytes(field, sealed).decode()

    def seal_bytes(self, field: str, data: bytes) -> bytes:
        """The same for a whole file."""
        version = self.newest
        return bytes([version]) + AESSIV(self.keys[version]).encrypt(data, [field.encode()])

    def open_bytes(self, field: str, sealed: bytes) -> bytes:
        """The bytes again; raises ``InvalidTag`` like ``open``."""
        return AESSIV(self.keys[sealed[0]]).decrypt(sealed[1:], [field.encode()])

    def index(self, field: str, text: str) -> bytes:
        """Keyed blind index of a canonical text, for equality search."""
        return hmac.digest(self.index_key, f"{field}\0{text}".encode(), hashlib.sha256)

    def mac(self, message: bytes) -> bytes:
        """Keyed code of a message, for the audit chain."""
        return hmac.digest(self.index_key, b"audit\0" + message, hashlib.sha256)
