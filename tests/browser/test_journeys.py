"""Each office's main journey by clicking, in a real browser, with JavaScript and without it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Desk, Site, open_site
from tests.browser.office import claim_sheet
from tests.databases import Databases
from tests.programme import credit_code, id_number

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=[True, False], ids=["with-script", "without-script"])
def site(request: pytest.FixtureRequest, chromium: Browser, databases: Databases) -> Iterator[Site]:
    """One office for all journeys: each goes its own way."""
    with open_site(chromium, databases, java_script_enabled=request.param) as found:
        yield found


def _opinion(desk: Desk, *, listed: bool = True) -> None:
    """The maker's opinion: every line of the checklist done."""
    desk.unfold("提出经办意见")
    if listed:
        for line in desk.page.get_by_label("已做到").all():
            line.check()
    desk.page.get_by_label("理由", exact=True).first.fill("材料齐全，符合条件")
    desk.press("提出经办意见")
    expect(desk.page.get_by_role("status")).to_contain_text("等待复核")


def _decision(desk: Desk) -> None:
    desk.unfold("复核决定")
    desk.page.get_by_label("决定", exact=True).select_option("yes")
    desk.press("复核决定")
    expect(desk.page.get_by_role("status")).to_contain_text("决定已生效")


def test_from_an_application_to_its_note(site: Site) -> None:
    at = {login: site.at(login) for login in
          ("B1-maker", "B1-checker", "G-maker", "G-checker", "H-verifier")}  # fmt: skip
    maker = at["B1-maker"]
    page = maker.page
    maker.shot("home")
    maker.follow(page.get_by_role("link", name="录入个人申请"))
    for label, text in {
        "姓名": "赵小明", "身份证号": id_number(777), "申请金额（元）": "180,000",
        "期限（月）": "24", "贷款用途": "开办小餐馆", "雇用人数（不含本人） 可不填": "3",
    }.items():  # fmt: skip
        page.get_by_label(label).fill(text)
    page.get_by_label("经办网点").select_option(index=1)
    page.get_by_label("是否本市户籍").select_option("yes")
    for label in ("配偶是否有本项目贷款", "本人企业是否已享受贴息"):
        page.get_by_label(label).select_option("no")
    page.get_by_label("本市户籍失业人员").check()
    page.get_by_label("材料清单").fill("就业创业证（失业登记） JY-7\n户口簿 HK-7")
    page.get_by_label("申请人已书面同意").check()
    page.get_by_role("button", name="试算（不保存）").click()
    expect(page.locator("#result")).to_contain_text("180000.00元，在限额以内")
    maker.shot("trial")
    page.get_by_label("经办网点").select_option(index=1)
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("status")).to_contain_text("草稿")
    maker.press("提交申请")
    address = re.sub(r"\?.*", "", page.url)
    maker.shot("submitted")

    at["G-maker"].page.goto(address)
    at["G-maker"].press("受理")
    verifier = at["H-verifier"]
    verifier.page.goto(address)
    verifier.page.get_by_label("属实", exact=True).check()
    verifier.page.get_by_label("依据").fill("失业登记系统")
    verifier.press("登记核验结果")
    at["G-maker"].page.goto(address)
    _opinion(at["G-maker"])
    at["G-maker"].shot("opinion")
    at["G-checker"].page.goto(address)
    _decision(at["G-checker"])
    page.goto(address)
    _opinion(maker)
    at["B1-checker"].page.goto(address)
    _decision(at["B1-checker"])

    page.goto(address)
    maker.unfold("登记放款")
    page.get_by_label("贷款合同号").fill("HT-2019-777")
    page.get_by_label("借据号").fill("JJ-2019-777")
    maker.press("登记放款")
    expect(page.get_by_role("status")).to_contain_text("等待复核")
    checker = at["B1-checker"]
    checker.page.goto(address)
    checker.page.get_by_role("button", name="复核放款").click()
    expect(checker.page.get_by_role("heading", level=1)).to_contain_text("JJ-2019-777")
    expect(checker.page.get_by_text("180,000.00").first).to_be_visible()
    checker.shot("note")


def _give(desk: Desk, sheet: Path) -> None:
    """A file for the form: dropped on its field where scripts run, else chosen."""
    if not desk.site.options["java_script_enabled"]:
        desk.page.get_by_label("申报文件").set_input_files(sheet)
        return
    dropped = desk.page.evaluate_handle(
        """([name, content]) => {
          const held = new DataTransfer();
          held.items.add(new File([Uint8Array.from(content)], name));
          return held;
        }""",
        [sheet.name, list(sheet.read_bytes())],
    )
    desk.page.locator(".drop").dispatch_event("drop", {"dataTransfer": dropped})


def test_from_a_claim_to_its_payment(site: Site, tmp_path: Path) -> None:
    sheet = tmp_path / "贴息申报明细表.xlsx"
    programme = site.office.programme
    sheet.write_bytes(claim_sheet(programme, programme.bank, errors=True))
    bank = site.at("B1-maker")
    page = bank.page
    bank.follow(page.get_by_role("link", name="贴息申报").first)
    bank.follow(page.get_by_role("link", name="申报前预检"))
    page.get_by_label("申报的季度").select_option("2019-06-21")
    _give(bank, sheet)
    page.get_by_role("button", name="预检", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("预检未通过")
    expect(page.locator("#checked")).to_contain_text("JJ-99999")
    bank.shot("checked")
    page.get_by_label("申报文件").set_input_files(sheet)
    with page.expect_download() as kept:
        page.get_by_role("button", name="下载更正后的明细表").click()
    assert kept.value.suggested_filename == "corrected.xlsx"
    page.get_by_role("button", name="报送这份申报").click()
    expect(page.get_by_role("status")).to_contain_text("逐行重算")
    address = re.sub(r"\?.*", "", page.url)

    auditor = site.at("F-maker")
    auditor.shot("home")
    auditor.page.goto(address)
    auditor.shot("claim")
    auditor.follow(auditor.page.get_by_role("link", name=re.compile("R08")).first)
    auditor.follow(auditor.page.get_by_role("link", name="JJ-99999"))
    expect(auditor.page.get_by_text("登记簿中没有这个借据号")).to_be_visible()
    auditor.page.goto(address)
    auditor.follow(auditor.page.get_by_role("link", name="JJ-00102"))
    expect(auditor.page.get_by_text("2,513.33").first).to_be_visible()
    auditor.shot("line")
    auditor.follow(auditor.page.get_by_role("link", name="待处理"))
    page.goto(auditor.page.url)
    bank.unfold("说明或补充依据")
    page.get_by_label("说明", exact=True).fill("借款人 7 月 15 日还款，系统未扣减")
    bank.press("说明或补充依据")
    expect(page.get_by_role("status")).to_contain_text("说明已记录")
    auditor.page.reload()
    expect(auditor.page.get_by_text("系统未扣减")).to_be_visible()
    auditor.page.get_by_label("决定", exact=True).select_option("disallowed")
    auditor.page.get_by_label("理由", exact=True).fill("还款后的余额不再贴息")
    auditor.shot("case")
    auditor.press("作出决定")
    expect(auditor.page.get_by_role("status")).to_contain_text("决定已记录")
    auditor.page.goto(address)
    auditor.page.get_by_label("审核意见").fill("差异已逐行核对")
    auditor.press("审核通过差异")

    approver = site.at("F-checker")
    approver.page.goto(address)
    approver.press("批准")
    expect(approver.page.get_by_role("status")).to_contain_text("应付贴息")
    auditor.page.goto(address)
    auditor.press("制作拨付单")
    approver.page.goto(address)
    approver.page.get_by_label("支付凭证号").fill("ZF-2019-0042")
    approver.press("确认付款")
    expect(approver.page.get_by_role("status")).to_contain_text("付款已确认")
    approver.shot("paid")
    page.goto("/remittances")
    expect(page.locator("#orders ~ table")).to_contain_text("ZF-2019-0042")


def test_a_month_is_closed_after_its_preview(site: Site) -> None:
    approver = site.at("F-checker")
    approver.follow(approver.page.get_by_role("link", name="月结"))
    approver.follow(approver.page.get_by_role("link", name="关账前检查与试算"))
    approver.shot("months-preview")
    approver.page.get_by_role("button", name="关账 2019-09").click()
    expect(approver.page.get_by_role("heading", level=1)).to_contain_text("2019-09 月结")
    approver.shot("month")
    approver.follow(approver.page.get_by_role("link", name="月结").first)
    expect(approver.page.get_by_text("下一个待关账的月份是 2019-10")).to_be_visible()


def test_from_arrears_to_payout_and_recovery(site: Site) -> None:
    bank, reviewer, approver = (site.at(login) for login in ("B2-maker", "G-maker", "G-checker"))
    page = bank.page
    page.goto(f"/notes/{site.office.others_note}")
    bank.unfold("登记逾期")
    page.get_by_label("未还的应还款日").select_option("2019-06-20")
    bank.press("登记逾期")
    bank.follow(page.get_by_role("link", name="催收记录、代偿材料"))
    bank.unfold("登记催收")
    page.get_by_label("方式").select_option("phone")
    page.get_by_label("结果").select_option("promised")
    bank.press("登记催收")
    for item in ("disbursement", "transcript"):
        bank.unfold("归档代偿材料")
        page.get_by_label("材料", exact=True).select_option(item)
        page.get_by_label("凭证名称与编号").fill(f"{item} 1")
        bank.press("归档代偿材料")
    bank.shot("dunning")
    bank.unfold("申请代偿")
    page.get_by_label("理由", exact=True).fill("逾期未还，催收未果")
    for side in ("经办银行", "担保公司"):
        page.get_by_label(f"{side}催收有缺的说明").fill("借款人失联")
    bank.press("申请代偿")
    expect(page.get_by_role("status")).to_contain_text("等待担保公司审核")
    address = re.sub(r"\?.*", "", page.url)

    reviewer.page.goto("/")
    waiting = "section[aria-labelledby=payouts] tbody a"
    reviewer.follow(reviewer.page.locator(waiting))
    reviewer.page.get_by_label("意见", exact=True).select_option("yes")
    ground = reviewer.page.get_by_role("group", name="未按期催收（不予代偿或核减）")
    ground.get_by_label("金额（元）").fill("100.00")
    ground.get_by_label("说明").fill("各催收一次")
    reviewer.page.get_by_label("审核意见").fill("核减后代偿")
    reviewer.press("审核代偿申请")
    reviewer.shot("examined")
    approver.page.goto("/")
    approver.follow(approver.page.locator(waiting))
    approver.page.get_by_label("决定", exact=True).select_option("yes")
    approver.press("批准代偿审核")
    reviewer.page.goto(address)
    reviewer.unfold("登记代偿付款")
    reviewer.page.get_by_label("付款凭证号").fill("ZZ-2019-1")
    reviewer.press("登记代偿付款")
    expect(reviewer.page.get_by_role("status")).to_contain_text("贴息已停止")

    page.goto(address)
    bank.unfold("登记追偿费用")
    page.get_by_label("费用金额（元）").fill("50.00")
    page.get_by_label("事项", exact=True).fill("诉讼费")
    bank.press("登记追偿费用")
    bank.unfold("登记追偿收回")
    page.get_by_label("收回金额（元）").fill("1,050.00")
    bank.press("登记追偿收回")
    expect(page.locator("#recovery ~ table")).to_contain_text("+800.00")  # the fund's 80%
    bank.shot("recovered")
    approver.page.goto(address)
    approver.unfold("核销")
    approver.page.get_by_label("理由", exact=True).last.fill("法院终结执行")
    approver.press("核销")
    expect(approver.page.get_by_role("status")).to_contain_text("债权保留")
    approver.page.goto("/standing")
    approver.page.get_by_label("理由", exact=True).fill("已完成整改")
    approver.press("解除预警或暂停")
    expect(approver.page.get_by_role("status")).to_contain_text("已解除")
    approver.shot("released")


def test_a_firm_with_its_hires_is_taken_in(site: Site) -> None:
    desk = site.at("B1-maker")
    page = desk.page
    desk.follow(page.get_by_role("link", name="录入企业申请"))
    for label, text in {
        "企业名称": "江阴测试商贸有限公司", "统一社会信用代码": credit_code(7001),
        "申请金额（元）": "1,000,000", "期限（月）": "24", "贷款用途": "进货",
    }.items():  # fmt: skip
        page.get_by_label(label).fill(text)
    page.get_by_label("还款方式").select_option("LUMP_SUM")
    page.get_by_label("经办网点").select_option(index=1)
    page.get_by_label("是否小微企业").select_option("yes")
    before = page.get_by_label("身份证号").count()
    page.get_by_role("button", name="增加几行").first.click()
    expect(page.get_by_label("身份证号")).to_have_count(before + 5)
    hire = page.get_by_role("group", name="第 1 行").first
    hire.get_by_label("姓名").fill("员工一")
    hire.get_by_label("身份证号").fill(id_number(801))
    hire.get_by_label("人群").select_option("unemployed")
    hire.get_by_label("本市户籍").select_option("yes")
    hire.get_by_label("合同起").fill("2019-03-01")
    hire.get_by_label("无固定期限").select_option("yes")
    page.get_by_role("button", name="试算（不保存）").click()
    expect(page.locator("#result")).to_contain_text("还有")
    expect(page.locator("#result")).to_contain_text("小微企业贴息")
    paper = page.get_by_role("group", name="上传材料第 1 行")
    paper.get_by_label("材料名称").fill("就业创业证（失业登记）")
    paper.get_by_label("文件").set_input_files(
        {"name": "就业创业证.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"}
    )
    page.get_by_label("申请人已书面同意").check()
    desk.shot("firm")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("status")).to_contain_text("草稿")
    expect(page.get_by_text("就业创业证.pdf")).to_be_visible()
    page.get_by_label("查找").fill("江阴测试商贸有限公司")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("status")).to_contain_text("查到申请 1 件")


def test_an_applicant_asks_without_signing_in(site: Site) -> None:
    desk = site.at("")
    page = desk.page
    page.goto("/sign-in")
    desk.follow(page.get_by_role("link", name="我能享受什么"))
    page.get_by_role("checkbox", name="本市户籍失业人员").check()
    page.get_by_label("是江阴户籍吗").select_option("yes")
    page.get_by_label("雇了几个人").fill("2")
    page.get_by_role("button", name="看结果").click()
    expect(page.locator("#answer")).to_contain_text("300,000.00")
    expect(page.locator("#answer")).to_contain_text("全额贴息")
    expect(page.get_by_text("户口簿", exact=True).first).to_be_visible()
    desk.shot("entitlement")


def test_a_first_screen_leads_to_the_rows_of_an_earlier_day(site: Site) -> None:
    desk = site.at("G-maker")
    page = desk.page
    column = page.locator("a.column").nth(5)
    column.focus()
    expect(column.locator(".value")).to_be_visible()
    page.get_by_label("截至").fill("2019-08-31")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2019-08-31")
    desk.follow(page.get_by_role("link", name="本市户籍失业人员"))
    expect(page.get_by_text("日终的情况")).to_be_visible()
    expect(page.get_by_role("link", name="JJ-00102")).to_be_visible()
