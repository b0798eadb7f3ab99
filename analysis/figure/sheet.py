"""Tables to be read: rows in groups, the named levels of the index, each named once; and the same for LaTeX, with booktabs and siunitx."""

import re

import pandas as pd

NUMBER = re.compile(r"([<>] )?[-+−]?\d+(\.\d+)?")
SPECIAL = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
           "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
           "±": r"$\pm$", "∞": r"$\infty$", "²": r"\textsuperscript{2}", "τ": r"$\tau$"}


def levels(frame: pd.DataFrame) -> list[str]:
    """The names of the groups."""
    return [str(name) for name in frame.index.names if name is not None]


def whole(frame: pd.DataFrame) -> pd.DataFrame:
    """All words, the groups as columns of their own."""
    return (frame.reset_index() if levels(frame) else frame.reset_index(drop=True)).astype(str)


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """The same, a group named in its first row alone."""
    shown, names = whole(frame), levels(frame)
    again = pd.Series(len(shown) > 0, index=shown.index)
    kept = shown.copy()
    for name in names:
        again &= shown[name].eq(shown[name].shift())
        kept[name] = shown[name].mask(again, "")
    return kept


def numeric(frame: pd.DataFrame) -> list[bool]:
    """Of every column, whether it is numbers, or nothing, but for a word here and there."""
    parts = [[cell for cell in frame[name] if cell] for name in frame]
    return [bool(cells) and sum(bool(NUMBER.fullmatch(cell)) for cell in cells) > len(cells) / 2 for cells in parts]


def latex(frame: pd.DataFrame) -> str:
    """A tabular with booktabs' rules, a thin one between groups; columns of numbers are aligned at their decimals by siunitx."""
    shown, outer = flat(frame), whole(frame)
    columns = ["l" if not right else f"S[table-format={form(shown[name])}]"
               for name, right in zip(shown, numeric(shown), strict=True)]
    heads = [f"{{{escaped(name)}}}" for name in shown]
    lines = ["% needs \\usepackage{booktabs, siunitx}", rf"\begin{{tabular}}{{{' '.join(columns)}}}", r"\toprule",
             " & ".join(heads) + r" \\", r"\midrule"]
    first = levels(frame)[:1]
    for place, row in enumerate(shown.to_numpy().tolist()):
        if first and place and outer[first[0]].iloc[place] != outer[first[0]].iloc[place - 1]:
            lines.append(r"\midrule")
        lines.append(" & ".join(cell(text, column[0] == "S") for text, column in zip(row, columns, strict=True)) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def cell(text: str, number: bool) -> str:
    """One cell: a number as siunitx reads it, words in braces where numbers are expected."""
    if number and NUMBER.fullmatch(text):
        return text.replace("−", "-")
    return f"{{{escaped(text)}}}" if number and text else escaped(text)


def form(column: pd.Series) -> str:
    """The digits before and after the decimal of a column, as siunitx counts them, with a sign and a comparison where one has them."""
    numbers = [text for text in column if NUMBER.fullmatch(text)]
    parts = [re.sub(r"[^\d.]", "", text).partition(".") for text in numbers]
    before, after = (max((len(part[index]) for part in parts), default=0) for index in (0, 2))
    sign = "+" if any(re.search(r"[+]", text) for text in numbers) else "-" if any(re.search(r"[-−]", text) for text in numbers) else ""
    mark = "<" if any(text[0] in "<>" for text in numbers) else ""
    return f"{mark}{sign}{before}" + (f".{after}" if after else "")


def escaped(text: str) -> str:
    """Words that LaTeX shows."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)
