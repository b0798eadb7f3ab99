"""The one kind of error that a user can mend."""


class InputError(ValueError):
    """Bad input.  The message is one sentence: what is wrong, where, and what would be right."""
