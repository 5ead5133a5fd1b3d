"""The second factor of a sign-in: time-based one-time codes, RFC 6238 over RFC 4226.

Six digits, SHA-1, 30 seconds: what every authenticator app can do. A code is named by its step, so
that a step can be used once only. No clock here: the caller says which moment it is.
"""

import base64
import hmac
import struct
from urllib.parse import quote, urlencode

SECRET_BYTES = 20
STEP_SECONDS = 30
DIGITS = 6
DRIFT_STEPS = 1  # a phone's clock may be one step away


def code_at(secret: bytes, step: int) -> str:
    """The code of one step (RFC 4226, 5.3: dynamic truncation)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    at = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[at : at + 4])
    return f"{(number & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}d}"


def step_of(seconds: int) -> int:
    """The step that a moment [seconds since 1970 UTC] lies in."""
    return seconds // STEP_SECONDS


def accepted_step(secret: bytes, code: str, *, seconds: int, last_step: int) -> int | None:
    """The step whose code this is, near the moment and later than ``last_step``; else None."""
    now = step_of(seconds)
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        is_same = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if is_same and step > last_step:
            return step
    return None


def shown_secret(secret: bytes) -> str:
    """The secret as a person types it into the app: Base32."""
    return base64.b32encode(secret).decode()


def enrolment_uri(secret: bytes, *, issuer: str, login: str) -> str:
    """The ``otpauth://`` address that an app reads."""
    wanted = {"secret": shown_secret(secret), "issuer": issuer, "period": STEP_SECONDS}
    return f"otpauth://totp/{quote(f'{issuer}:{login}')}?{urlencode(wanted)}"
