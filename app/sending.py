"""Sending events out: signed as Standard Webhooks are, and never to an address inside.

``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` (``v1,`` and the Base64 of an
HMAC-SHA-256 over ``id.timestamp.body``) let the receiver refuse what is forged or sent again. The
name is resolved once, and only a public address is connected to: a name that points into our own
network gets nothing.
"""

import base64
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address, ip_network
from threading import Timer
from urllib.parse import urlsplit

from app.commands import retried
from app.deps import Installation
from loans import wall, webhooks
from loans.webhooks import Delivery

TIMEOUT_S = 10  # for a whole attempt: a receiver that answers byte by byte holds up the others
BATCH = 20
SECRET_PREFIX = "whsec_"
# IPv6 addresses that hold an IPv4 address, which a gateway unpacks, and site-local ones.
UNPACKED = tuple(
    map(ip_network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10"))
)

Resolve = Callable[[str, int], Sequence[str]]


class Refused(Exception):
    """This address is not sent to."""


def public_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, if all of them are public; ``Refused`` otherwise."""
    found = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not found or not all(map(_is_public, found)):
        raise Refused(f"{host} is not a public address")
    return sorted(found)


def _is_public(address: str) -> bool:
    parsed = ip_address(address)
    return (
        parsed.is_global
        and not parsed.is_multicast
        and not any(parsed in network for network in UNPACKED)
    )


def signature(secret: str, *, id: str, timestamp: str, body: bytes) -> str:
    """The value of ``webhook-signature``; ``secret`` is ``whsec_`` and Base64."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    code = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(code).decode()


def new_secret(random: bytes) -> str:
    """A receiver's secret as it is shown to it, once."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what is due of one installation; ``resolve`` decides which addresses may be reached."""

    installation: Installation
    resolve: Resolve = public_addresses
    https_only: bool = True

    def work(self) -> int:
        """Send one batch of events that are due; how many there were.

        A receiver that failed once is not waited for again in this batch.
        """
        due, silent = retried(self._leased), set()
        for delivery in due:
            delivered = delivery.url not in silent and self._send(delivery)
            if not delivered:
                silent.add(delivery.url)
            retried(partial(self._settle, delivery, delivered))
        return len(due)

    def _leased(self) -> list[Delivery]:
        with self.installation.writes() as session, session.begin():
            wall.admit(session, wall.EVERY_BANK)
            at = self.installation.clock()
            return webhooks.lease(session, self.installation.vault, at=at, most=BATCH)

    def _settle(self, delivery: Delivery, delivered: bool) -> None:
        with self.installation.writes() as session, session.begin():
            wall.admit(session, wall.EVERY_BANK)
            webhooks.settle(session, delivery, at=self.installation.clock(), delivered=delivered)

    def _send(self, delivery: Delivery) -> bool:
        """Whether the receiver took it: any 2xx. Redirects are not followed."""
        body = json.dumps(
            {
                "type": delivery.topic,
                "timestamp": delivery.at.isoformat(),
                "data": delivery.payload,
            },
            ensure_ascii=False,
        ).encode()
        timestamp = str(int(self.installation.clock().timestamp()))
        id = str(delivery.event_id)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(delivery.secret, id=id, timestamp=timestamp, body=body),
        }
        try:
            return 200 <= self._post(delivery.url, body, headers) < 300
        except (OSError, HTTPException, ValueError, Refused):  # ValueError: an address that is none
            return False

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(url)
        assert parts.hostname is not None
        secure = parts.scheme == "https"
        if self.https_only and not secure:
            raise Refused("only https")
        port = parts.port or (443 if secure else 80)
        connection = _Pinned(parts.hostname, port, self.resolve(parts.hostname, port)[0], secure)
        end = Timer(TIMEOUT_S, connection.cut)
        end.start()
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, headers)
            status = connection.getresponse().status
            if connection.is_late:  # the answer ended because it was cut
                raise TimeoutError
            return status
        finally:
            end.cancel()
            connection.close()


class _Pinned(HTTPConnection):
    """A connection to the address that was checked, whatever the name says a moment later."""

    def __init__(self, host: str, port: int, address: str, secure: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address, self._secure = address, secure
        self.is_late = False

    def cut(self) -> None:
        """End it from another thread, whatever it waits for."""
        self.is_late = True
        with suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)

    def connect(self) -> None:
        """Connect to the checked address, and prove that it is the host by its certificate."""
        self.sock = socket.create_connection((self._address, self.port), TIMEOUT_S)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()
