"""What all tests share: no screen, the project's own tables, one language after the other."""

import os
import shutil
from pathlib import Path

import minipack
import pytest

from xc_analysis.tables import use_data
from xc_analysis.words import use_language

# before anything imports matplotlib; whatever tables and language the caller works with
os.environ |= {"MPLBACKEND": "Agg", "XC_LANG": "en"}
os.environ.pop("XC_DATA", None)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The material beside the repository; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the material beside the repository is not there")
    return folder


@pytest.fixture
def pack(tmp_path) -> Path:
    """A copy of data/ that a test may break."""
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


@pytest.fixture
def small(tmp_path) -> Path:
    """A copy of the small tables that a test may break."""
    return minipack.write(tmp_path / "small")


@pytest.fixture(autouse=True)
def _settings_go_back():
    """Leave no language and no data folder behind for the next test."""
    yield
    use_language(None)
    use_data(None)


@pytest.fixture
def lang_en(_settings_go_back):
    use_language("en")


@pytest.fixture(scope="module")
def browser():
    """Chromium; tests that need it skip where it is absent."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as play:
        one = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield one
        one.close()
