"""The fields of an application, a person's or a small firm's, in the groups of its form."""

from app.web.fields import Choices, Field, Kind
from app.web.words import DAY_COUNTS, SETTLEMENTS, word
from loans.schedule import HIGHEST_RATE_PPM, LONGEST_TERM, Method
from loans.workflow import BorrowerKind

CONSENT_VERSION = "1"
METHODS: Choices = tuple((method.value, word(method)) for method in Method)
MOST_HIRES = 30
MONTHS: Choices = (("1", "每月"), ("3", "每季"))

_CONTACT = (
    Field(name="phone", label="联系电话（可不填）", needed=False, longest=20),
    Field(name="address", label="联系地址（可不填）", needed=False, longest=200),
    Field(name="account", label="还款账户（可不填）", needed=False, longest=30),
    Field(name="branch_id", label="经办网点", kind=Kind.ID),
)
_PERSON = (
    "申请人",
    (
        Field(name="name", label="姓名", longest=50),
        Field(name="id_no", label="身份证号", hint="18 位，末位可为 X", longest=30),
        *_CONTACT,
    ),
)
_FIRM = (
    "申请企业",
    (
        Field(name="name", label="企业名称", longest=100),
        Field(name="id_no", label="统一社会信用代码", hint="18 位", longest=30),
        *_CONTACT,
    ),
)
_LOAN = (
    "贷款",
    (
        Field(name="amount_fen", label="申请金额（元）", kind=Kind.MONEY),
        Field(
            name="term_months",
            label="期限（月）",
            kind=Kind.WHOLE,
            start="36",
            bounds=(1, LONGEST_TERM),
        ),
        Field(
            name="rate_ppm",
            label="年利率（%）",
            kind=Kind.RATE,
            start="4.35",
            bounds=(0, HIGHEST_RATE_PPM),
        ),
        Field(name="penalty_rate_ppm", label="罚息年利率（%）", kind=Kind.RATE, start="6.525"),
        Field(
            name="method",
            label="还款方式",
            kind=Kind.CHOICE,
            choices=METHODS,
            start=Method.BULLET,
        ),
        Field(
            name="every_months",
            label="还款间隔",
            kind=Kind.CHOICE,
            choices=MONTHS,
            start="1",
            hint="仅用于等额本息、等额本金",
        ),
        Field(
            name="settlement",
            label="结息方式",
            kind=Kind.CHOICE,
            choices=tuple(SETTLEMENTS.items()),
            start="quarterly-20",
            hint="仅用于按期付息、到期还本",
        ),
        Field(
            name="day_count",
            label="计息天数",
            kind=Kind.CHOICE,
            choices=tuple(DAY_COUNTS.items()),
            start="act/360",
        ),
        Field(name="purpose", label="贷款用途", longest=200),
    ),
)
_SITUATION = (
    "申请人情况",
    (
        Field(
            name="business_division",
            label="经营地行政区划代码",
            start="320281",
            hint="江阴市为 320281",
            longest=12,
            needed=False,
        ),
        Field(name="local_hukou", label="是否本市户籍", kind=Kind.TRUTH, needed=False),
        Field(
            name="categories",
            label="人群类别（可多选）",
            kind=Kind.CHECKS,
            hint="由人社部门核验；不属于任何一类的不选",
        ),
        Field(name="graduated_on", label="毕业日期（高校毕业生填写）", kind=Kind.DAY, needed=False),
        Field(name="employees", label="雇用人数（不含本人）", kind=Kind.WHOLE, needed=False),
        Field(name="honour_kind", label="项目荣誉", kind=Kind.CHOICE, needed=False),
        Field(name="honour_level", label="荣誉级别", kind=Kind.CHOICE, needed=False),
        Field(name="honour_project", label="获奖项目名称", needed=False),
        Field(name="honour_year", label="获奖年份", kind=Kind.WHOLE, needed=False),
        Field(name="spouse_has_loan", label="配偶是否有本项目贷款", kind=Kind.TRUTH, needed=False),
        Field(
            name="own_firm_subsidised",
            label="本人企业是否已享受贴息",
            kind=Kind.TRUTH,
            needed=False,
        ),
    ),
)
_FIRM_SITUATION = (
    "企业情况与新招用人员",
    (
        Field(
            name="business_division",
            label="经营地行政区划代码",
            start="320281",
            hint="江阴市为 320281",
            longest=12,
            needed=False,
        ),
        Field(name="is_small_firm", label="是否小微企业", kind=Kind.TRUTH, needed=False),
        Field(
            name="hires",
            label="当年新招用人员（签订1年以上劳动合同的）",
            kind=Kind.ROWS,
            needed=False,
            hint="姓名和证件号加密保存；超过 30 人的通过接口报送。",
            most=MOST_HIRES,
            columns=(
                Field(name="name", label="姓名", longest=50),
                Field(name="id_no", label="身份证号", longest=30),
                Field(name="category", label="人群", kind=Kind.CHOICE),
                Field(name="local_hukou", label="本市户籍", kind=Kind.TRUTH, needed=False),
                Field(name="graduated_on", label="毕业日期", kind=Kind.DAY, needed=False),
                Field(name="contract_from", label="合同起", kind=Kind.DAY),
                Field(name="contract_until", label="合同止（含）", kind=Kind.DAY, needed=False),
                Field(name="open_ended", label="无固定期限", kind=Kind.TRUTH, needed=False),
            ),
        ),
    ),
)
_UPLOADS = Field(
    name="uploads",
    label="上传材料",
    kind=Kind.ROWS,
    needed=False,
    hint="平台登记材料名称、文件名和文件摘要（SHA-256），文件由经办银行留存。",
    most=10,
    columns=(
        Field(name="kind", label="材料名称", longest=64),
        Field(name="file", label="文件", kind=Kind.FILE),
    ),
)
_CLOSING = (
    "材料与同意",
    (
        Field(
            name="evidence",
            label="材料清单（每行一份：名称 编号）",
            kind=Kind.LINES,
            needed=False,
            longest=2000,
        ),
        _UPLOADS,
        Field(
            name="consent",
            label="申请人同意",
            kind=Kind.CHECKS,
            choices=((CONSENT_VERSION, "申请人已书面同意为办理本贷款查询、核验和留存其个人信息"),),
        ),
    ),
)

Group = tuple[str, tuple[Field, ...]]
FORMS: dict[BorrowerKind, tuple[Group, ...]] = {
    BorrowerKind.INDIVIDUAL: (_PERSON, _LOAN, _SITUATION, _CLOSING),
    BorrowerKind.SMALL_FIRM: (_FIRM, _LOAN, _FIRM_SITUATION, _CLOSING),
}


def fields_of(kind: BorrowerKind) -> tuple[Field, ...]:
    """All fields of one kind's form."""
    return tuple(field for _, fields in FORMS[kind] for field in fields)
