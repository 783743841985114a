"""What all tests share: a drawing backend without a screen, and the material beside the project."""

import os
from pathlib import Path

import pytest

# before anything imports matplotlib
os.environ["MPLBACKEND"] = "Agg"
# the project's own tables, whatever the caller works on
os.environ.pop("XC_DATA", None)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of building material; tests that need it skip with a reason where it is absent."""
    given = os.environ.get("XC_SHARED")
    folder = Path(given) if given else ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"building material not found at {folder} (set XC_SHARED to its folder)")
    return folder
