"""The one error that a user's input can cause, and its mild form: there is nothing yet."""


class InputError(ValueError):
    """Input that the project refuses; the message is one line with place, cause and remedy."""


class Empty(InputError):
    """Nothing is known of what was asked for. A notebook says so in one line, and goes on."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback."""
        return [f"空 empty: {self}"]
