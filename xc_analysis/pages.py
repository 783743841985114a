"""Write an executed notebook as one page: code folded, nothing loaded from elsewhere."""

import re
from copy import deepcopy
from html import escape
from pathlib import Path

from .words import word

# what would run, restyle the page or load something when it is opened
_LOADED = re.compile(
    r"<(script|style|iframe)\b.*?</\1>|<link\b[^>]*>|<img\b[^>]*src=\"(?!data:)[^>]*>"
    r"|(?<=\s)on\w+=\"[^\"]*\"",
    re.IGNORECASE | re.DOTALL,
)


def notebook_page(nb, name: str, lang: str) -> str:
    """Render an executed notebook as html with pictures and style in it, no outside address."""
    from nbconvert import HTMLExporter

    prose = [cell["source"] for cell in nb.cells if cell["cell_type"] == "markdown"]
    title = next((text for text in prose if text.strip()), name).lstrip("# ").partition("\n")[0]
    nb = deepcopy(nb)
    for cell in nb.cells:  # warnings are the build's to tell
        shown = cell.get("outputs", ())
        cell["outputs"] = [output for output in shown if output.get("name") != "stderr"]
        if cell["cell_type"] != "code":
            del cell["outputs"]
    exporter = HTMLExporter(
        raw_template=Path(__file__).with_name("notebook_page.html").read_text(encoding="utf-8"),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    resources = {
        "xc_lang": "zh-CN" if lang == "zh" else "en",
        "xc_title": escape(title),
        "xc_code": word("page.code", lang),
        "xc_made": word("page.made_from", lang, name=f"notebooks/{name}.ipynb"),
    }
    page = exporter.from_notebook_node(nb, resources=resources)[0]
    head, body = page.split("<body>", 1)
    page = f"{head}<body>{_LOADED.sub('', body)}"
    page = re.sub(r'href="([\w.-]+)\.ipynb"', r'href="\1.html"', page)
    # an address is told, never linked or loaded
    page = re.sub(r'<a [^>]*href="\w+://([^"]*)"[^>]*>(.*?)</a>', r"\2 (\1)", page)
    return re.sub(r"\bhttps?://", "", page)
