"""Hooks of Schemathesis: every request comes from one of the programme's people, with a fresh key.

The role is drawn anew for every request, mostly among those that may call the operation: what the
others get is the access matrix's affair. Most ids name something that is there, and an edit names
the version that it was shown: no schema can say which that is.
"""

import atexit
import json
import os
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

import schemathesis
from hypothesis import strategies as st

from loans.access import ALLOWED, Role
from tests.app.people import NAMES

KEY = re.compile(r"[A-Za-z0-9_\-.:]{8,128}")
ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TAG = re.compile(r'"[0-9]{1,9}(-[0-9a-f]{24})?"')
KNOWN: dict[str, list[str]] = json.loads(os.environ.get("FUMIN_FUZZ_IDS", "{}"))
drawn = Random(os.environ.get("FUMIN_FUZZ_SEED", "0"))

# Days on which there are rules: what is said of the others is one sentence, the same everywhere.
days = st.dates(date(2019, 4, 1), date(2025, 12, 31))
schemathesis.openapi.format("date", days.map(date.isoformat))


@schemathesis.auth(refresh_interval=None)
class Somebody:
    """Somebody's credentials."""

    def get(self, case: schemathesis.Case, _context: Any) -> str:
        """The login of who calls."""
        operation = case.operation.definition.raw.get("x-operation")
        allowed = sorted(ALLOWED.get(operation, set(Role)))
        role = drawn.choice(allowed if drawn.random() < 0.9 else sorted(Role))
        return NAMES[role]

    def set(self, case: schemathesis.Case, data: str, _context: Any) -> None:
        """The key that the programme gave them."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer fumin_{data}"}


@schemathesis.hook
def before_call(_context: Any, case: schemathesis.Case, _kwargs: dict[str, Any]) -> None:
    """A well-formed key is used once; a malformed or missing one is left as it is."""
    headers = case.headers or {}
    if KEY.fullmatch(str(headers.get("Idempotency-Key", ""))):
        headers["Idempotency-Key"] = str(UUID(int=drawn.getrandbits(128), version=4))
    if case.meta is not None and case.meta.phase.name != "stateful":  # it has ids of its own
        _name_what_is_there(case.path_parameters)
        _name_what_is_there(case.query)
        _name_what_is_there(case.body)
    if TAG.fullmatch(str(headers.get("If-Match", ""))):
        _name_what_was_shown(case, headers)


def _name_what_is_there(values: Any) -> None:
    for name in KNOWN.keys() & set(values if isinstance(values, dict) else ()):
        if ID.fullmatch(str(values[name])) and drawn.random() < 0.8:
            values[name] = drawn.choice(KNOWN[name])


def _name_what_was_shown(case: schemathesis.Case, headers: dict[str, Any]) -> None:
    """The tag of the record as the same caller reads it now; whoever may not is refused anyway."""
    address = f"{case.operation.base_url.rstrip('/')}{case.formatted_path}"
    shown = Request(address, headers={"Authorization": headers.get("Authorization", "")})
    try:
        with urlopen(shown) as answer:
            headers["If-Match"] = answer.headers["ETag"]
    except HTTPError as refused:
        refused.close()


answers: defaultdict[str, Counter[int]] = defaultdict(Counter)


@schemathesis.hook
def after_call(_context: Any, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Counts the answers of every operation by their status."""
    answers[case.operation.label][response.status_code] += 1


@atexit.register
def tell() -> None:
    """Leave the counts to who asked for the requests."""
    if told := os.environ.get("FUMIN_FUZZ_TOLD"):
        Path(told).write_text(json.dumps(answers))
