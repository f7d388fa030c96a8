"""Which licences allow a model to be shipped."""

import pytest

from jamflow.prepare.licences import may_ship


@pytest.mark.parametrize(
    "licence",
    [
        "CC-BY-4.0",
        "CC BY 4.0",
        "cc_by 3.0",
        "CC-BY-SA-4.0",
        "CC0",
        "CC0-1.0",
        "Public-Domain",
        "public domain",
        "MIT",
        "Apache-2.0",
    ],
)
def test_free(licence: str) -> None:
    assert may_ship(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "CC-BY-NC-4.0",
        "CC BY-NC-SA 4.0",
        "CC BY-ND 4.0",
        "CC-BY-NC-ND-3.0",
        "CC BY Non-Commercial",
        "CC-BY-NoDerivatives",
        "CC-BY-NoDerivs 2.0",
        "",
        " ",
        "unknown",
        "see YouTube",
        "research only",
        "permitted",
        "mitigated",
    ],
)
def test_not_free(licence: str) -> None:
    assert not may_ship(licence)
