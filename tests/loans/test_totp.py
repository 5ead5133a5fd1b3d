"""One-time codes: the vectors of RFC 4226 and RFC 6238, drift, and each code good once."""

import base64

import pytest

from loans import totp

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds, code):
    """Appendix B gives eight digits; six are their last six."""
    assert totp.code_at(SECRET, totp.step_of(seconds)) == code


def test_the_vectors_of_rfc_4226():
    codes = ["755224", "287082", "359152", "969429", "338314"]
    assert [totp.code_at(SECRET, step) for step in range(5)] == codes


@pytest.mark.parametrize(("away", "accepted"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_away(away, accepted):
    code = totp.code_at(SECRET, 1000 + away)
    found = totp.accepted_step(SECRET, code, seconds=1000 * 30, last_step=0)
    assert (found == 1000 + away) is accepted


def test_a_code_is_good_once_and_never_an_older_one_after_it():
    for used, code in ((1000, 1000), (1001, 1000)):
        given = totp.code_at(SECRET, code)
        assert totp.accepted_step(SECRET, given, seconds=1000 * 30, last_step=used) is None


@pytest.mark.parametrize("code", ["", "28708", "2870820", "２８７０８２", "abcdef"])
def test_nothing_else_is_a_code(code):
    assert totp.accepted_step(SECRET, code, seconds=59, last_step=0) is None


def test_the_address_for_the_app_holds_the_secret():
    uri = totp.enrolment_uri(SECRET, issuer="平台", login="wang.fang")
    assert uri.startswith("otpauth://totp/") and "wang.fang" in uri
    assert f"secret={base64.b32encode(SECRET).decode()}&" in uri
