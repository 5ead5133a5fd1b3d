"""A claim over HTTP: what is asked wrongly is named, and what may be asked instead."""

from uuid import uuid4

from subsidy.reconciliation import CODES
from tests.app.conftest import Api


def test_a_code_that_is_none_is_refused_with_the_closed_list(api: Api) -> None:
    bureau, path = api.as_("F-maker"), f"/claims/{uuid4()}/lines"

    refused = str(bureau.get(path, status=422, code="R99"))

    assert "R99" in refused and all(code in refused for code in CODES)
    bureau.get(path, status=404, code="R01")
