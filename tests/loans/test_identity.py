"""Identity numbers: one person, one spelling; a slip is refused; little is shown."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from loans.identity import (
    IdentityText,
    born_on,
    canonical_credit_code,
    canonical_id,
    gender_of,
    mask_account,
    mask_id,
    mask_name,
    mask_phone,
    region_warning,
)

TODAY = date(2026, 1, 31)
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789Xx"}


def with_check(seventeen):
    """The 18 characters of a resident number, its check by the oracle."""
    return seventeen + ric.calc_check_digit(seventeen + "0")


@st.composite
def id_numbers(draw, since=date(1900, 1, 1)):
    region = draw(st.sampled_from(["320281", "110101", "810000", "830000", "911156", "320281"]))
    birth = draw(st.dates(since, TODAY))
    return with_check(f"{region}{birth:%Y%m%d}{draw(st.integers(1, 999)):03d}")


@st.composite
def credit_codes(draw):
    head = draw(st.sampled_from(["91", "92", "93", "51", "12", "A1", "Y1", "N2"]))
    body = draw(st.text(CREDIT_ALPHABET, min_size=9, max_size=9))
    code = f"{head}320281{body}"
    return code + uscc.calc_check_digit(code)


def spellings(number):
    """Ways in which people and spreadsheets write the same number."""
    return [
        number.lower(),
        f" {number} ",
        f"{number[:6]} {number[6:14]} {number[14:]}",
        number.translate(FULL_WIDTH),
        number.lower().translate(FULL_WIDTH),
        f"{number[:9]}\u3000\u00a0{number[9:]}",
    ]


def refused(text, canonical):
    with pytest.raises(IdentityText) as found:
        canonical(text)
    return str(found.value)


def resident(text):
    return canonical_id(text, on=TODAY)


class TestResidentNumbers:
    @given(id_numbers())
    def test_every_spelling_is_one_number_and_the_number_itself(self, number):
        assert resident(number) == number
        assert {resident(spelling) for spelling in spellings(number)} == {number}

    @given(id_numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
    def test_one_wrong_character_is_refused(self, number, at, wrong):
        assume(number[at] != wrong)

        refused(number[:at] + wrong + number[at + 1 :], resident)

    @given(id_numbers(), st.integers(0, 16))
    def test_two_neighbours_exchanged_are_refused(self, number, at):
        assume(number[at] != number[at + 1])

        refused(number[:at] + number[at + 1] + number[at] + number[at + 2 :], resident)

    @given(id_numbers(since=date(1900, 1, 1)))
    def test_fifteen_digits_are_the_same_person_as_eighteen(self, number):
        assume(number[6:8] == "19" and number[0] != "9" and number[14:17] < "996")

        assert resident(number[:6] + number[8:17]) == number

    def test_a_fifteen_digit_sequence_of_centenarians_is_not_guessed(self):
        assert "请提供18位" in refused("320281000101996", resident)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "320281",
            "3202811990010100",
            "32028119900101002X0",
            "O2028119900101002X",
            "32028119900101002Х",  # a Cyrillic letter
            "٣20281199001010021",  # an Arabic digit
            "320281-19900101-002X",
            "02028119900101002X",
        ],
    )
    def test_another_form_is_refused(self, text):
        assert "18位" in refused(text, resident)

    @pytest.mark.parametrize("hidden", ["\n", "\t", "\u200b", "\u200d", "\ufeff", "\u202e", "\0"])
    def test_characters_nobody_sees_are_refused(self, hidden):
        assert "不可见字符" in refused(f"32028119900101{hidden}002X", resident)
        assert "不可见字符" in refused(f"32028119900101002X{hidden}", resident)

    def test_a_number_instead_of_text_is_refused(self):
        assert "文本" in refused(320281199001010021, resident)

    @pytest.mark.parametrize("birth", ["19900229", "19901301", "19900001", "19900431", "00000101"])
    def test_a_birth_date_that_never_was_is_refused(self, birth):
        assert "出生日期" in refused(with_check(f"320281{birth}002"), resident)

    def test_births_count_from_1900_up_to_the_day_asked_about(self):
        born_today = with_check("32028120190318002")

        assert canonical_id(born_today, on=date(2019, 3, 18)) == born_today
        with pytest.raises(IdentityText):
            canonical_id(born_today, on=date(2019, 3, 17))
        assert "1900" in refused(with_check("32028118991231002"), resident)

    def test_the_message_never_repeats_the_number(self):
        for text in ["32028119900101002Y", "320281199001010020", with_check("32028118991231002")]:
            said = refused(text, resident)
            assert text not in said
            assert text[6:14] not in said

    def test_birth_and_gender_are_read_from_the_number(self):
        number = with_check("32028119880229123")

        assert born_on(number) == date(1988, 2, 29)
        assert gender_of(number) == "男"
        assert gender_of(with_check("32028119880229124")) == "女"

    @pytest.mark.parametrize(
        ("region", "known"),
        [
            ("320281", True),
            ("810000", True),
            ("830000", True),
            ("911156", True),
            ("999999", False),
            ("160000", False),
        ],
    )
    def test_an_unknown_region_is_a_warning_not_a_refusal(self, region, known):
        number = resident(with_check(f"{region}19900101002"))

        assert (region_warning(number) is None) == known


class TestCreditCodes:
    @given(credit_codes())
    def test_every_spelling_is_one_code_and_the_code_itself(self, code):
        assert canonical_credit_code(code) == code
        assert canonical_credit_code(code.lower()) == code
        assert canonical_credit_code(f" {code[:8]} {code[8:].translate(FULL_WIDTH)}") == code

    @given(credit_codes(), st.integers(0, 17), st.sampled_from(CREDIT_ALPHABET))
    def test_one_wrong_character_is_refused(self, code, at, wrong):
        assume(code[at] != wrong)

        refused(code[:at] + wrong + code[at + 1 :], canonical_credit_code)

    @given(credit_codes(), st.integers(0, 16))
    def test_two_neighbours_exchanged_are_refused(self, code, at):
        assume(code[at] != code[at + 1])

        exchanged = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        refused(exchanged, canonical_credit_code)

    def test_letters_that_look_like_digits_are_refused(self):
        assert "I、O、S、V、Z" in refused("9111000060003734IL", canonical_credit_code)

    def test_the_old_registration_number_is_refused(self):
        assert "18位" in refused("320281000012345", canonical_credit_code)


class TestAgainstTheOracle:
    """python-stdnum, where it is right; where it is not, the difference is named."""

    @given(st.dates(date(1988, 1, 1), TODAY), st.integers(0, 999), st.sampled_from("0123456789X"))
    def test_ordinary_residents_are_judged_alike(self, birth, sequence, check):
        number = f"320281{birth:%Y%m%d}{sequence:03d}{check}"

        assert _accepts(resident, number) == ric.is_valid(number)

    @given(st.text(CREDIT_ALPHABET, min_size=10, max_size=10))
    def test_ordinary_firms_are_judged_alike(self, tail):
        code = f"91320281{tail}"

        assert _accepts(canonical_credit_code, code) == uscc.is_valid(code)

    @pytest.mark.parametrize("region", ["810000", "820000", "830000", "911156"])
    def test_permits_and_foreign_residents_are_accepted_here_only(self, region):
        number = with_check(f"{region}19900101002")

        assert _accepts(resident, number)
        assert not ric.is_valid(number)

    @pytest.mark.parametrize("region", ["133100", "320240"])
    def test_a_county_the_oracle_crashes_on_is_accepted_here(self, region):
        number = with_check(f"{region}19900101002")

        assert _accepts(resident, number)
        with pytest.raises(KeyError):
            ric.is_valid(number)

    def test_a_birth_before_jiangyin_became_a_city_is_accepted_here_only(self):
        number = with_check("32028119860101002")  # a number may be given long after the birth

        assert _accepts(resident, number)
        assert not ric.is_valid(number)

    def test_a_birth_in_the_future_is_accepted_there_only(self):
        number = with_check("32028120990101002")

        assert not _accepts(resident, number)
        assert ric.is_valid(number)

    def test_firms_registered_by_other_bodies_are_accepted_here_only(self):
        code = "A1110000600037341"
        code += uscc.calc_check_digit(code)

        assert _accepts(canonical_credit_code, code)
        assert not uscc.is_valid(code)


class TestMasks:
    @given(id_numbers())
    def test_a_masked_number_hides_the_birth_date(self, number):
        masked = mask_id(number)

        assert len(masked) == 18
        assert masked == f"{number[:6]}********{number[14:]}"

    @pytest.mark.parametrize(
        ("name", "shown"),
        [("张三", "张*"), ("张三丰", "张**"), ("欧阳小明", "欧***"), ("张", "*"), ("", "*")],
    )
    def test_a_name_keeps_its_first_character(self, name, shown):
        assert mask_name(name) == shown

    @pytest.mark.parametrize(
        ("phone", "shown"),
        [
            ("13812341234", "138****1234"),
            ("+8613812341234", "+86*******1234"),
            ("051086801234", "051*****1234"),
            ("86801234", "******34"),
            ("110", "***"),
        ],
    )
    def test_a_phone_number_keeps_its_ends(self, phone, shown):
        assert mask_phone(phone) == shown

    @pytest.mark.parametrize(
        ("account", "shown"),
        [("6222021103001234567", "****4567"), ("1234567", "****"), ("", "****")],
    )
    def test_an_account_keeps_its_last_four_digits(self, account, shown):
        assert mask_account(account) == shown


def _accepts(canonical, text):
    try:
        return canonical(text) == text
    except IdentityText:
        return False
