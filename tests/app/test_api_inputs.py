"""What bad input gets: a problem in Chinese, never a stack trace and never a half-written state."""

import json
import tempfile

import pytest

from app.api.strict import LARGEST_JSON
from loans.money import fen_to_yuan
from tests.app.requests import application_body, opinion_body
from tests.app.test_journey import approve, draw, verify
from tests.programme import id_number

BRANCH = "12345678-1234-4234-8234-123456789012"


def problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["type"] == f"urn:fumin:problem:{code}"
    assert any("\u4e00" <= c <= "\u9fff" for c in body["detail"])
    return body


RAW = {
    "NaN": b'{"on": NaN}',
    "infinity": b'{"on": -Infinity}',
    "beyond double": b'{"on": 1e400}',
    "huge integer": b'{"on": 1' + b"0" * 400 + b"}",
    "lone surrogate": b'{"on": "\\ud800"}',
    "NUL": b'{"on": "2019\\u0000"}',
    "a key twice": b'{"on": "2019-05-01", "on": "2019-06-01"}',
    "deep nesting": b'{"on": ' + b"[" * 40 + b"]" * 40 + b"}",
    "very deep nesting": b"[" * 100_000,
    "not UTF-8": b'{"on": "\xff"}',
    "cut off": b'{"on": "2019',
    "nothing but a comma": b",",
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_a_body_has_one_meaning_or_none(api, raw):
    headers = {"Content-Type": "application/json"}
    problem(
        api.as_("system").send("PUT", "/business-date", content=raw, headers=headers),
        400,
        "bad-json",
    )


SHAPES = {
    "a number for a day": {"on": 20190501},
    "another form of day": {"on": "20190501"},
    "a week for a day": {"on": "2019-W18-3"},
    "full-width digits": {"on": "２０１９-05-01"},
    "no such day": {"on": "2019-02-29"},
    "far in the future": {"on": "9999-12-31"},
    "an unknown field": {"on": "2019-05-01", "off": True},
    "a missing field": {},
    "a list": [],
    "null": None,
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_a_body_of_another_shape_is_told_where(api, body):
    answer = api.as_("system").send("PUT", "/business-date", json=body)
    assert problem(answer, 422, "bad-content")["faults"][0]["where"].startswith("body")


TERMS = {
    "a number for money": {"amount": 300000},
    "a third decimal": {"amount": "300000.001"},
    "a negative amount": {"amount": "-1.00"},
    "thousands separators": {"amount": "300,000.00"},
    "a full-width amount": {"amount": "３００.00"},
    "an amount beyond all": {"amount": "9" * 14},
    "a rate of 100%": {"rate": "100"},
    "a number for a rate": {"rate": 4.35},
    "a text for a number": {"term_months": "12"},
    "a fraction of a month": {"term_months": 12.5},
    "true for a number": {"term_months": True},
    "no term at all": {"term_months": 0},
    "an unknown method": {"method": "BALLOON"},
    "control characters": {"purpose": "开店\u0007"},
    "only spaces": {"purpose": "   "},
}


@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)
def test_terms_of_another_form_are_refused(api, terms):
    answer = api.as_("B1-maker").send(
        "POST", "/applications", json=application_body(BRANCH, **terms)
    )
    (fault,) = problem(answer, 422, "bad-content")["faults"]
    assert fault["where"] == f"body.terms.{next(iter(terms))}"


QUERIES = {
    "/applications?limit=0": "limit",
    "/applications?limit=201": "limit",
    "/applications?limit=５０": "limit",
    "/applications?limit=1_0": "limit",
    "/applications?state=lost": "state",
    "/applications?after=1": "after",
    "/notes?due_before=today": "due_before",
    "/applications/1": "application_id",
    "/applications/{12345678-1234-4234-8234-123456789012}": "application_id",
    "/months/2019-13": "month",
    "/months/２０１９-04": "month",
}


@pytest.mark.parametrize("address", QUERIES)
def test_an_address_of_another_form_is_refused(api, address):
    answer = api.as_("B1-maker").send("GET", address)
    faults = problem(answer, 422, "bad-content")["faults"]
    assert [fault["where"].rpartition(".")[2] for fault in faults] == [QUERIES[address]]


def test_a_body_beyond_the_limit_is_refused(api):
    answer = api.as_("system").send(
        "PUT",
        "/business-date",
        content=b" " * (LARGEST_JSON + 1),
        headers={"Content-Type": "application/json"},
    )
    problem(answer, 413, "too-large")


def test_a_claim_file_that_is_none_is_refused(api):
    def send(**more):
        return api.as_("B1-maker").send("POST", "/claims", **more)

    quarter = {"since": "2019-03-21", "until": "2019-06-21"}
    hostile = {
        "empty": b"",
        "not a table": b"PK\x03\x04 this is no workbook",
        "another table": "姓名,年龄\n张三,30\n".encode(),
    }
    for name, data in hostile.items():
        answer = send(data=quarter, files={"file": (f"{name}.xlsx", data)})
        assert answer.status_code == 400, (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    problem(send(data=quarter), 400, "bad-json")  # an ordinary form, without a file
    problem(send(json=quarter), 422, "bad-content")


def test_an_upload_is_never_laid_on_a_disk(api, monkeypatch):
    """Nor refused as unreadable where the disk for temporary files is full, or gone."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    answer = api.as_("B1-maker").send(
        "POST",
        "/claims",
        data={"since": "2019-03-21", "until": "2019-06-21"},
        files={"file": ("明细表.csv", b"x," * 1_500_000)},
    )
    assert answer.status_code == 400 and answer.json()["code"] != "refused", answer.text


def test_a_file_s_name_is_cleaned_before_it_is_stored(api):
    """A NUL in it was a fault of the server on PostgreSQL."""
    number = id_number(9)
    body = multipart(
        b"..\\x/\x00\x1b[2J=a.csv",
        f"证件号,起始日期,终止日期,类别\n{number},2019-01-01,,其他\n".encode(),
    )
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = api.as_("F-maker").send("POST", "/registers", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["file_name"] == "[2J=a.csv"


def multipart(name: bytes, content: bytes) -> bytes:
    """The form of a list, byte for byte; a client would not send such a name."""
    part = b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    fields = part % (b"kind", b"exclusion") + part % (b"source", b"court")
    file = b'--B\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'
    return fields + file % (name, content) + b"--B--\r\n"


def test_a_page_s_form_with_a_nul_is_refused_before_the_database_sees_it(api):
    def post(path, content):
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        return api.client.post(path, content=content, headers=kind, follow_redirects=False)

    assert post("/sign-in", "login=a%00b&password=x").status_code == 400
    assert post("/search", "q=a%00b").headers["location"] == "/sign-in"
    assert post("/search", iter([b"q=of unknown length"])).headers["location"] == "/sign-in"


def test_unknown_paths_and_methods_are_problems_too(api):
    problem(api.as_("B1-maker").send("GET", "/no-such-thing"), 404, "not-found")
    problem(api.as_("B1-maker").send("DELETE", "/applications"), 405, "method-not-allowed")
    for method in ("GET", "POST"):  # never a redirect: a signature covers the path as sent
        problem(api.as_("B1-maker").send(method, "/applications/"), 404, "not-found")


def test_a_rule_that_refuses_is_quoted(api, programme):
    """（九）9.3: 300000.00 is in, 300000.01 is out; the answer cites the sentence."""
    branch = str(programme.branches[programme.bank.id])
    maker, reviewer = api.as_("B1-maker"), api.as_("G-maker")
    body = application_body(branch, amount="300000.01")
    path = f"/applications/{maker.post('/applications', body)['id']}"
    submitted = maker.post(f"{path}/submit")
    assert submitted["assessment"]["eligible"] == "no"
    assert submitted["assessment"]["cap"] == "300000.00"
    reviewer.post(f"{path}/accept")
    verify(api, path, ["graduate"])
    refused = reviewer.send("POST", f"{path}/proposals", json=opinion_body("G"))
    assert any("30万元" in cite for cite in problem(refused, 409, "not-eligible")["cites"])


def test_a_day_without_a_rule_is_a_policy_gap(api):
    answer = api.as_("B1-maker").send("GET", "/policy?on=2018-12-31")
    keys = {rule["key"] for rule in answer.json()["rules"]}
    assert "benchmark.le_1y" in keys and "individual_cap" not in keys
    asked = {
        "kind": "individual",
        "on": "2018-12-31",
        "amount": "1.00",
        "term_months": 12,
        "rate": "4.35",
        "facts": {},
    }
    answer = api.as_("B1-maker").send("POST", "/assessments", json=asked)
    problem(answer, 422, "policy-gap")


# --- reads ----------------------------------------------------------------------------------------


def test_lists_are_walked_page_by_page_and_filtered(api, programme):
    branch, maker = str(programme.branches[programme.bank.id]), api.as_("B1-maker")
    made = [
        maker.post("/applications", application_body(branch, who=n, amount=fen_to_yuan(n * 100)))
        for n in range(1, 6)
    ]
    maker.post(f"/applications/{made[0]['id']}/submit")
    seen, after = [], None
    while True:
        page = maker.get("/applications", limit=2, **({"after": after} if after else {}))
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [item["id"] for item in reversed(made)]
    assert len(maker.get("/applications", state="draft")["items"]) == 4
    assert maker.get("/applications", kind="small_firm")["items"] == []
    everyone = api.as_("G-maker")
    banks = everyone.get("/organisations", kind="bank")["items"]
    counts = [len(everyone.get("/applications", bank=bank["id"])["items"]) for bank in banks]
    assert sorted(counts) == [0, 5]


def test_notes_are_found_by_number_state_and_maturity(api, programme):
    api.day("2019-04-10")
    file = approve(api, application_body(str(programme.branches[programme.bank.id])))
    for no, amount in (("JJ-1", "100000.00"), ("JJ-2", "200000.00")):
        drawing = {"note_no": no, "amount": amount, "on": "2019-04-10"}
        if no == "JJ-1":
            draw(api, file, **drawing)
    reader = api.as_("B1-reader")
    assert [note["note_no"] for note in reader.get("/notes", note_no="JJ-1")["items"]] == ["JJ-1"]
    assert reader.get("/notes", note_no="JJ-3")["items"] == []
    assert len(reader.get("/notes", due_before="2020-04-11", state="active")["items"]) == 1
    assert reader.get("/notes", due_before="2020-04-10")["items"] == []


def test_the_rules_in_force_come_with_their_sentences(api):
    policy = api.as_("O-reader").get("/policy", on="2019-06-01")
    caps = {rule["key"]: rule for rule in policy["rules"]}
    assert caps["individual_cap"]["shown"] == "300000.00元"
    assert all(rule["cites"] for rule in policy["rules"])
    assert policy["documents"][0]["confirmed"] is False


def test_an_assessment_stores_nothing_and_names_the_way_to_pass(api):
    asked = {
        "kind": "individual",
        "amount": "500000.00",
        "term_months": 36,
        "rate": "4.35",
        "facts": {"business_division": "320281", "employees": 6},
        "exposure": {"other_approved": "0.00"},
    }
    answer = api.as_("B1-maker").post("/assessments", asked)
    assert (answer["eligible"], answer["cap"], answer["attainable_cap"]) == (
        "unknown",
        "300000.00",
        "500000.00",
    )
    assert answer["remedies"]
    assert json.dumps(answer, ensure_ascii=False).count("综合评估")


def test_the_process_says_that_it_lives(api):
    assert api.client.get("/healthz").json() == {"status": "ok"}
    assert api.client.get("/readyz").json() == {"status": "ok"}
