"""The explorer: one panel, in a notebook or as a page of its own on this machine."""


def explore(query: str = "", **choices):
    """Show the panel in which series, months, projections and verdicts can be tried.

    Parameters
    ----------
    query : str, optional
        What an address of the page holds after ``?``.
    **choices
        The same by name: ``view`` (target, compare, choices, series, months or table), ``lang``,
        ``indicator``, ``areas``, ``years="2013-2025"``, ``fit="2015-2020"``, ``without="2020"``,
        ``method``, ``b_fit`` and the like. What is wrong is said in the panel.

    Returns
    -------
    ipywidgets.VBox

    Examples
    --------
    >>> import xc_analysis as xc
    >>> panel = xc.explore(view="series", indicator="pm25", areas="西城区,北京市")
    >>> panel.state.areas
    ('西城区', '北京市')
    """
    from urllib.parse import urlencode

    from .panel import Panel

    return Panel("&".join(filter(None, [query.lstrip("?"), urlencode(choices)])))
