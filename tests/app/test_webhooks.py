"""Events reach their receiver: all that were committed, in order, signed; never an inside one."""

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Event, Thread
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app import sending
from app.commandline.worker import sweep
from app.sending import Refused, Sender, public_addresses
from loans import keys, webhooks
from loans.errors import Conflict
from loans.models import IdempotencyKey, OutboxEvent
from tests.programme import Programme

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receiver:
    """A bank's system: fails three times in ten, sometimes after it has taken the event."""

    def __init__(self) -> None:
        self.taken: list[dict] = []
        self.ids: list[str] = []
        self.forged = 0
        self.fails = True
        self._dice = Random(11)

    def answer(self, headers, body: bytes) -> int:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        code = hmac.digest(base64.b64decode(SECRET[6:]), signed, hashlib.sha256)
        if headers["webhook-signature"] != "v1," + base64.b64encode(code).decode():
            self.forged += 1
            return 401
        fails = self.fails and self._dice.random() < 0.3
        if fails and self._dice.random() < 0.5:
            return 500
        if headers["webhook-id"] not in self.ids:  # as every receiver must: the same id, once
            self.ids.append(headers["webhook-id"])
            self.taken.append(json.loads(body))
        return 500 if fails else 204


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on this machine."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(found.answer(self.headers, body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        found.port = server.server_port
        yield found
        server.shutdown()
        thread.join()


class Killed(BaseException):
    """The sender's process is gone."""


class Mortal(Sender):
    """A sender that dies, now and then, after the receiver has answered."""

    def _settle(self, delivery, delivered):
        if DICE.random() < 0.15:
            raise Killed
        super()._settle(delivery, delivered)


DICE = Random(5)


@contextmanager
def later(p: Programme) -> Iterator[Programme]:
    """Time passes by the hour instead of by the second."""
    real, hours = p.installation, iter(range(1, 1_000_000))
    start = real.clock()
    p.installation = replace(real, clock=lambda: start + timedelta(hours=next(hours)))
    yield p
    p.installation = real


def registered(p: Programme, receiver: Receiver) -> None:
    p.do(
        p.security,
        "webhooks.register",
        lambda ctx: webhooks.register(
            ctx, code="B1", url=f"http://bank.example:{receiver.port}/events?x=1", secret=SECRET
        ),
    )


def live(p: Programme) -> None:
    """Two banks' loans, some repaid; one refused command in between."""
    p.day(date(2019, 4, 10))
    with p.at_once():
        notes = [p.loan(amount_fen=100_000_00, on=p.today) for _ in range(3)]
        theirs = p.approved(p.asked(bank=p.other_bank), bank=p.other_bank)
        p.draw(theirs, amount_fen=1_000_00, on=p.today)
    for n in range(4):
        for note in notes:
            p.repay(note, 100_00 + n, on=p.today)
    with pytest.raises(Conflict):
        p.repay(notes[0], 900_000_00, on=p.today)


def committed(p: Programme, organisation_id: int) -> list[OutboxEvent]:
    return p.rows(
        select(OutboxEvent)
        .where(OutboxEvent.organisation_id == organisation_id)
        .order_by(OutboxEvent.id)
    )


def test_all_that_was_committed_arrives_once_in_order_signed(programme, receiver) -> None:
    p = programme
    registered(p, receiver)
    live(p)
    with later(p):
        sender = Mortal(p.installation, resolve=lambda *_: ["127.0.0.1"], https_only=False)
        killed = 0
        for _ in range(400):
            try:
                if sender.work() == 0 and not p.rows(
                    select(OutboxEvent.id).where(
                        OutboxEvent.organisation_id == p.bank.maker.organisation_id,
                        OutboxEvent.delivered_at.is_(None),
                    )
                ):
                    break
            except Killed:
                killed += 1
    events = committed(p, p.bank.maker.organisation_id)
    assert len(events) >= 20 and killed >= 3 and receiver.forged == 0
    assert sorted(receiver.ids) == sorted(str(event.public_id) for event in events)
    for subject in {event.subject for event in events}:
        mine = [str(event.public_id) for event in events if event.subject == subject]
        assert [id for id in receiver.ids if id in mine] == mine, "in order"
    assert {each["data"].get("note") for each in receiver.taken} >= {
        event.payload["note"] for event in events if "note" in event.payload
    }
    print(f"webhooks: {len(events)} events, sender killed {killed} times, distinct = committed")


def test_a_stopped_receiver_waits_for_its_own_and_is_given_up_in_the_end(programme, receiver):
    p = programme
    p.day(date(2019, 4, 10))
    note = p.loan(amount_fen=100_000_00, on=p.today)
    registered(p, receiver)  # what was before is not sent
    p.repay(note, 1_00, on=p.today)
    with later(p):
        for _ in range(webhooks.MOST_ATTEMPTS * 4):
            Sender(p.installation, resolve=_refuse, https_only=False).work()
    *earlier, event = committed(p, p.bank.maker.organisation_id)
    assert receiver.taken == [] and {each.attempts for each in earlier} == {0}
    assert event.failed_at is not None and event.attempts == webhooks.MOST_ATTEMPTS


def test_an_answer_that_never_ends_holds_up_nobody(programme, monkeypatch) -> None:
    """Each byte comes in time, the whole does not."""
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.2)
    cut = Event()

    def trickle(server: socket.socket) -> None:
        link, _ = server.accept()
        with link, suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 50:
                link.sendall(bytes([byte]))
                cut.wait(0.01)
            link.sendall(b"\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=trickle, args=[server])
        thread.start()
        sender = Sender(programme.installation, resolve=lambda *_: ["127.0.0.1"], https_only=False)
        delivered = sender._send(a_delivery(programme, server.getsockname()[1]))
        cut.set()
        thread.join()
    assert delivered is False


def a_delivery(p: Programme, port: int) -> webhooks.Delivery:
    url = f"http://bank.example:{port}/"
    return webhooks.Delivery(1, UUID(int=1), "t", {}, p.installation.clock(), url, SECRET)


def test_a_silent_receiver_is_waited_for_once_a_batch(programme, receiver) -> None:
    p = programme
    registered(p, receiver)
    live(p)
    asked: list[str] = []

    def silent(host: str, _port: int) -> list[str]:
        asked.append(host)
        raise OSError("no answer")

    assert Sender(p.installation, resolve=silent, https_only=False).work() > 1
    assert len(asked) == 1


def _refuse(*_: object) -> list[str]:
    raise Refused("inside")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "::1", "localhost",
     "fd00::1", "::ffff:10.0.0.1", "100.64.0.1", "224.0.0.1", "::10.0.0.1", "64:ff9b::a00:1",
     "2002:a00:1::", "fec0::1"],
)  # fmt: skip
def test_nothing_is_sent_to_an_address_inside(host: str) -> None:
    with pytest.raises(Refused):
        public_addresses(host, 443)
    assert public_addresses("1.1.1.1", 443) == ["1.1.1.1"]


def test_in_production_only_https_and_no_address_with_a_user(programme) -> None:
    delivery = webhooks.Delivery(
        1, programme.bank.id, "t", {}, programme.installation.clock(), "http://1.1.1.1/", SECRET
    )
    assert Sender(programme.installation)._send(delivery) is False
    for url in (
        "ftp://bank.example/", "https://user:word@bank.example/", "https://@bank.example/",
        "https:///x", "bank", "https://bank.example:99999/", "https://bank.example:0/",
        f"https://{'a' * 64}.example/", "https://bank.example/a b", "https://bank.example/\x1b[2J",
        "https://[::1/",
    ):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            programme.do(
                programme.security,
                "webhooks.register",
                lambda ctx, url=url: webhooks.register(ctx, code="B1", url=url, secret=SECRET),
            )
        assert refused.value.code == "webhook-url"


def test_keys_are_kept_for_the_year_s_final_accounts_and_then_forgotten(programme) -> None:
    p = programme
    p.create(p.asked())
    count = select(func.count(IdempotencyKey.id))
    (before,) = p.rows(count)
    start = p.installation.clock()
    for days, left in ((399, before), (401, 0)):
        moment = start + timedelta(days=days)
        sweep(replace(p.installation, clock=lambda moment=moment: moment))
        assert p.rows(count) == [left]
    assert before > 0 and timedelta(days=400) == keys.KEPT
