"""docs/uploads.md names all that there is."""

import json
import re

from app.batches.reasons import REASONS, WARNINGS
from tests.conftest import ROOT
from tests.upload.conftest import Command

PAGE = (ROOT / "docs" / "uploads.md").read_text()
TEXTS = ROOT / "static" / "src" / "admin" / "texts"


def test_every_reason_and_warning_is_explained() -> None:
    assert [code for code in (*REASONS, *WARNINGS) if f"`{code}`" not in PAGE] == []


def test_every_reason_for_which_a_file_stays_behind_is_explained() -> None:
    texts = json.loads((TEXTS / "es.json").read_text())
    left = {key.removeprefix("left.") for key in texts if key.startswith("left.")}
    codes = {code for code in left if code not in ("photos", "others", "more") and "." not in code}
    assert len(codes) == 11
    assert [code for code in codes if f"`{code}`" not in PAGE] == []


def test_every_option_of_the_command_is_explained(mirada: Command) -> None:
    shown = mirada(ROOT, "--help").out
    options = set(re.findall(r"--[a-z-]+", shown)) - {"--help"}
    assert len(options) == 12
    assert [option for option in options if option not in PAGE] == []
