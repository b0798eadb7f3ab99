"""Formulas of docstrings as MathML, which browsers set without a script; words between them stay words."""

import re

from latex2mathml.converter import convert
from markupsafe import Markup, escape

GREEK = {"tau", "beta", "lambda", "mu", "sigma", "theta", "alpha", "delta", "epsilon", "phi", "pi"}
OPERATORS = {"log", "exp", "tanh", "cosh", "max", "min", "sum"}
TOKEN = re.compile(r"(?P<name>[A-Za-z]+)(?P<tilde>~?)(?P<prime>'*)(?:_(?:(?P<index>\w+)|{(?P<long>[^{}]*)}))?|(?P<number>\d+(?:\.\d+)?)"
                   r"|(?P<space>\s+)|(?P<sign>.)", re.DOTALL)
SIGNS = {"*": r"\cdot ", "~": r"\sim ", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
         "\\": r"\backslash ", "<": r"\lt ", ">": r"\gt ", "^": "", "|": "|"}
PAIRS = ((r"<([^<>=]+)>(?!\w)", r"⟨\1⟩"), (r":=", "≔"), (r"<=", "≤"), (r">=", "≥"), (r"\+-", "±"), (r"\.\.", "…"),
         (r"(?<=\s)\|(?=\s)", "∣"), (r"\s+([=≤≥+<>-])\s+", r"\1"))


def formula(text: str) -> Markup:
    """One line of words and formulas; a formula is a part between commas that has a sign of one.  Whatever else it holds is shown, not
    obeyed."""
    shown = []
    for part in parts(text.replace("`", "")):
        counted = re.search(r":=|[=^/|(_]|\w ~ |\d \w", part) and not prose(part)
        shown.append(mathml(part) if counted else escape(part))
    return Markup("").join(shown)


def parts(text: str) -> list[str]:
    """The text cut behind the commas, colons and semicolons that stand in no bracket."""
    found, depth = [""], 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        found[-1] += letter
        if depth <= 0 and letter in ",;:" and text[place + 1:place + 2] == " ":
            found.append("")
    return found


def prose(part: str) -> bool:
    """Whether it is a sentence with a sign in it rather than a formula: most of its letters are of long words."""
    words = re.findall(r"[A-Za-z]+", part)
    long = [word for word in words if len(word) > 2 and word not in GREEK | OPERATORS and word != "span"]
    return len(long) > 4 and len(long) > len(words) / 2


def mathml(part: str) -> Markup:
    """A formula, with its comma and the space behind it."""
    body = part.rstrip(" ,;:")
    return Markup(" " if part.startswith(" ") else "") + Markup(convert(tex(body.strip()))) + escape(part[len(body):])


def tex(text: str) -> str:
    """The formula for LaTeX: letters slanted, words upright, powers raised, indices lowered, a leading derivative as a fraction."""
    for old, new in PAIRS:
        text = re.sub(old, new, text)
    found = re.match(r"d (\w+~?) / d (\w+)(?= ≔)", text)
    head = ""
    if found:
        head, text = rf"\frac{{d {tex(found[1])}}}{{d {tex(found[2])}}}", text[found.end():]
    written, place = [head], 0
    while place < len(text):
        if text.startswith("^(", place):
            end = closed(text, place + 1)
            written.append(f"^{{{tex(text[place + 2:end])}}}")
            place = end + 1
            continue
        power = re.compile(r"\^(\w+)").match(text, place)
        if power:
            written.append(f"^{{{tex(power[1])}}}")
            place = power.end()
            continue
        token = TOKEN.match(text, place)
        assert token is not None
        other = r"\ " if token["space"] else SIGNS.get(token["sign"], token["sign"])
        written.append(name(token) if token["name"] else token["number"] or other)
        place = token.end()
    return "".join(written)


def name(token: re.Match[str]) -> str:
    """A variable, an operator or a word, with its tilde, primes and index."""
    word = token["name"]
    if word in GREEK or word in OPERATORS:
        shown = rf"\{word} "
    else:
        shown = word if len(word) == 1 else rf"\mathrm{{{word}}}"
    shown = rf"\tilde{{{shown}}}" if token["tilde"] else shown
    below = token["index"] or token["long"]
    index = f"_{{{tex(below)}}}" if below else ""
    return shown + token["prime"] + index


def closed(text: str, place: int) -> int:
    """Where the bracket that opens at this place is closed; the end of the text where it is not."""
    depth = 0
    for end in range(place, len(text)):
        depth += (text[end] == "(") - (text[end] == ")")
        if depth == 0:
            return end
    return len(text)
