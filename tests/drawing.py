"""What the tests of figures and charts share."""

import re
import warnings

import matplotlib.pyplot as plt
import pytest
from matplotlib.text import Text

from xc_analysis import style

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


@pytest.fixture(autouse=True, name="folder")
def drawing_folder(monkeypatch, tmp_path):
    """Write to a folder of the test's own, in Chinese; a missing glyph is an error."""
    monkeypatch.setenv("XC_BUILD_FIGURES", str(tmp_path))
    for name in ("XC_FIGURE_WIDTH", "XC_FIGURE_FORMATS"):
        monkeypatch.delenv(name, raising=False)
    with style.use_style("zh"), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        yield tmp_path
    plt.close("all")


def texts_of(fig) -> dict[str, float]:
    """Return the texts of a figure and their sizes in points, as drawn."""
    texts = [t for t in fig.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return {text.get_text(): text.get_fontsize() for text in texts}
