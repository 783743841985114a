"""The one error that a user's input can cause."""


class InputError(ValueError):
    """Input that the project refuses; the message is one line with place, cause and remedy."""
