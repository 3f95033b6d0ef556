"""Whether the `mcp` package that is installed will do."""

from __future__ import annotations

import pytest

from assay.commands.mcp import check_package
from assay.errors import UsageError


def test_the_series_that_is_spoken_to_will_do() -> None:
    check_package("2.0.0")
    check_package("2.31.4rc1")


@pytest.mark.parametrize("found", [None, "1.30.0", "3.0.0", "20.0"])
def test_another_one_is_refused_with_the_remedy(found: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        check_package(found)
    assert "pip install 'assay[mcp]'" in caught.value.message
