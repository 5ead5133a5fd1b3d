"""The questions of the public page: no name, no number, nothing that tells who is asking."""

from app.web.application_fields import METHODS
from app.web.fields import Field, Kind
from app.web.words import word
from loans.schedule import HIGHEST_RATE_PPM, Method
from loans.workflow import BorrowerKind

HERE = "320281"  # 江阴市
PERSON = BorrowerKind.INDIVIDUAL.value
# How many new hires of each kind: the field and the group of 9.8 it counts.
COUNTS = {
    "hired_graduates": "graduate",
    "hired_unemployed": "unemployed",
    "hired_veterans": "veteran",
    "hired_farmers": "farmer",
}

NONE_IS_ZERO = "没有请填 0；不清楚请留空，结果会说明要查询什么。"

_WHO = (
    Field(
        name="kind",
        label="谁来申请",
        kind=Kind.CHOICE,
        choices=tuple((kind.value, word(kind)) for kind in BorrowerKind),
        start=PERSON,
    ),
    Field(name="here", label="在江阴经营吗", kind=Kind.TRUTH, needed=False, start="yes"),
    Field(name="amount_fen", label="想贷多少（元）", kind=Kind.MONEY, start="200000"),
    Field(name="term_months", label="期限（月）", kind=Kind.WHOLE, start="24"),
    Field(
        name="rate_ppm", label="银行年利率（%）", kind=Kind.RATE, start="4.35",
        bounds=(0, HIGHEST_RATE_PPM),
        hint="银行合同上的年利率，按百分数填写，例如 4.35。",
    ),
    Field(
        name="method", label="还款方式", kind=Kind.CHOICE, choices=METHODS, start=Method.BULLET
    ),
)  # fmt: skip
_PERSON = (
    Field(
        name="categories", label="属于哪些人群（可多选，都不属于的不选）", kind=Kind.CHECKS,
        needed=False,
    ),
    Field(name="local_hukou", label="是江阴户籍吗", kind=Kind.TRUTH, needed=False),
    Field(name="graduated_on", label="高校毕业日期", kind=Kind.DAY, needed=False),
    Field(name="employees", label="雇了几个人（不算自己）", kind=Kind.WHOLE, needed=False),
    Field(name="honour_kind", label="项目得过的荣誉", kind=Kind.CHOICE, needed=False),
    Field(name="honour_level", label="荣誉的级别", kind=Kind.CHOICE, needed=False),
    Field(
        name="other_approved_fen", label="已批准未还清的同类贷款（元）", kind=Kind.MONEY,
        needed=False, hint=NONE_IS_ZERO,
    ),
    Field(name="spouse_has_loan", label="配偶有同类贷款吗", kind=Kind.TRUTH, needed=False),
    Field(
        name="own_firm_subsidised", label="自己的企业享受贴息吗", kind=Kind.TRUTH, needed=False
    ),
)  # fmt: skip
_FIRM = (
    Field(name="is_small_firm", label="是小微企业吗", kind=Kind.TRUTH, needed=False),
    Field(name="hired_graduates", label="毕业5年内高校毕业生（人）", kind=Kind.WHOLE, needed=False),
    Field(name="hired_unemployed", label="本市户籍失业人员（人）", kind=Kind.WHOLE, needed=False),
    Field(name="hired_veterans", label="本市户籍退役军人（人）", kind=Kind.WHOLE, needed=False),
    Field(name="hired_farmers", label="本市户籍农民（人）", kind=Kind.WHOLE, needed=False),
    Field(
        name="other_bases_fen", label="其他在贷贷款的贴息基数（元）", kind=Kind.MONEY,
        needed=False, hint=NONE_IS_ZERO,
    ),
    Field(
        name="other_hires", label="支持这些贷款的吸纳人员（人，不含上面的）", kind=Kind.WHOLE,
        needed=False,
    ),
)  # fmt: skip

GROUPS = (
    ("贷款", "", _WHO),
    ("个人填写", "小微企业不用填这一组。", _PERSON),
    ("小微企业填写", "今年新招用并签订1年以上劳动合同的人数；个人不用填这一组。", _FIRM),
)
FIELDS = tuple(field for _, _, fields in GROUPS for field in fields)
