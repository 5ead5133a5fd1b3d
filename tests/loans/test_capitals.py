"""人民币大写, against the rule's own examples and an oracle."""

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loans.capitals import in_capitals
from loans.money import LARGEST_FEN, fen_to_yuan, yuan_to_fen


@pytest.mark.parametrize(
    ("yuan", "written"),
    [
        # The examples of 支付结算办法 附一, in the shorter of the forms it allows.
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("0.00", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("10.00", "壹拾元整"),
        ("300000.00", "叁拾万元整"),
        ("1000001.00", "壹佰万零壹元整"),
        ("100000000.01", "壹亿元零壹分"),
        ("-1341.25", "负壹仟叁佰肆拾壹元贰角伍分"),
    ],
)
def test_an_amount_is_written_as_on_a_voucher(yuan, written):
    assert in_capitals(yuan_to_fen(yuan)) == written


@given(st.integers(0, 10**14) | st.integers(0, 100_000_00))
def test_it_agrees_with_the_oracle(fen):
    # The oracle leaves out 整 after 角, which the rule allows and a voucher is safer with.
    expected = cn2an.an2cn(fen_to_yuan(fen), "rmb")

    assert in_capitals(fen) == expected + ("整" if expected.endswith("角") else "")


def test_an_amount_no_voucher_can_hold_is_refused():
    with pytest.raises(ValueError):
        in_capitals(LARGEST_FEN + 1)
