"""Words of somebody else's, made fit to be shown: on a terminal, in one line."""


def visible(text: str, lines: bool = False) -> str:
    """The text without characters that a terminal obeys or cannot show, as controls, formats that reorder a line and halves of pairs: each
    is shown by its number.  With `lines`, the ends of lines stay."""
    return "".join(character if character.isprintable() or lines and character == "\n" else shown(character) for character in text)


def shown(character: str) -> str:
    """A space for white space, else the character's number as Python writes it."""
    return " " if character.isspace() else character.encode("unicode_escape").decode()


def sentence(text: str, limit: int = 1000) -> str:
    """The text as one line that a terminal shows as it is, cut where it is longer than a reader can want."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= limit else f"{line[:limit]} .."
