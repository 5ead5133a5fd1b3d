"""The error tree. Five kinds of impossible request; nothing here knows HTTP.

    FuminError
    ├── NotFound        the object does not exist, or not for this actor
    ├── NotPermitted    the actor's role or organisation may not do this
    ├── Conflict        the object's present state refuses this
    ├── BadFile         a file that cannot be read as what it claims to be
    └── PolicyGap       no rule in the policy book, calendar or rate table for that day

An anticipated "no" is a value (a ``Finding``), never an exception; a broken invariant is an
assertion. Every error says in Chinese what, which record, which date and what to do, and cites
the sentence of law where a rule decided.
"""

from collections.abc import Mapping


class FuminError(Exception):
    """Root of the tree.

    ``code`` is a stable kebab-case identifier; ``message`` is for people, in Chinese; ``cites``
    are sentences of law; ``details`` are JSON-ready facts (which record, which date).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        cites: tuple[str, ...] = (),
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.cites = cites
        self.details: dict[str, object] = dict(details or {})


class NotFound(FuminError):
    """The object does not exist, or is not visible to this actor: the two look the same."""


class NotPermitted(FuminError):
    """The actor's role or organisation may not do this."""


class Conflict(FuminError):
    """The present state of the object, or a rule, refuses this request."""


class BadFile(FuminError):
    """A file that is hostile, broken, or not of the promised form."""


class PolicyGap(FuminError):
    """No rule, rate or calendar in force on the day asked for; never replaced by a default."""
