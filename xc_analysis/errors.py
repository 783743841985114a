"""The one exception that a user's input can raise."""


class InputError(ValueError):
    """Report input that cannot be used.

    The text is one line in the language of the run: what is wrong and what to do about it.
    Raise it through `xc_analysis.words.error`, which takes a key of ``words.csv``.
    """
