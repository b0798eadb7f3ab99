"""What an estimator's docstring declares: its five headings, and the passes of one estimate that the Cost line stands for.

A Cost line is a sum of these phrases; parentheses and other words are for the reader.  A count is a number, a word or an expression
of the estimator's fields, `samples` - 1.

    COUNT forward, COUNT backward                    whole passes of the network; COUNT forward and backward for both
    COUNT backward through every layer               as many multiply-adds as forward: autograd's, to the first layer's parameters too
    COUNT forward ... from each layer upward         the part of the network above a layer, once for each layer
    the layers above COUNT more for each unit        the same for every unit, which changes one column of weights in the next layer
    COUNT backward below the last layer              without the output layer
    one flip of every unit through one layer         that column alone
    one flip of every unit of the last layer         that column alone, of the last layer
    the loss for every flip of the last layer
    counted as no pass
"""

import ast
import operator
import re

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network

HEADINGS = ("By", "Needs", "Bias", "Cost", "Paper")
WORDS = {"one": "1", "once": "1", "two": "2", "twice": "2", "three": "3", "thrice": "3"}
COUNT = rf"((?:`\w+`|\d+|{'|'.join(WORDS)})(?: [-+*] (?:`\w+`|\d+))*)"
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


def headings(kind: type[Estimator]) -> dict[str, str]:
    """Heading -> text, in the order in which the class's own docstring has them; '' -> everything before."""
    found, name = {"": ""}, ""
    for line in (vars(kind).get("__doc__") or "").splitlines():
        match = re.match(rf"\s*({'|'.join(HEADINGS)})\s\s+(\S.*)", line)
        if match:
            name = match[1]
        found[name] = f"{found.get(name, '')} {match[2] if match else line.strip()}".strip()
    return found


def count(text: str, estimator: Estimator) -> float:
    """The value of a count."""
    def value(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        return float(getattr(estimator, node.id) if isinstance(node, ast.Name) else ast.literal_eval(node))

    return value(ast.parse(WORDS.get(text, text).replace("`", ""), mode="eval").body)


def passes(estimator: Estimator, network: Network) -> tuple[float, float]:
    """(forward, backward) passes of one estimate, as the Cost line declares them.  Raises ValueError where it declares none."""
    line = headings(type(estimator)).get("Cost", "")
    text = re.sub(r"\([^)]*\)", "", line)
    if not re.search(rf"{COUNT} (?:forward|backward|more)|for every flip|flip of every|counted as no pass", text):
        raise ValueError(f"the Cost line {line!r} declares no passes; write a sum such as '1 forward, 1 backward', "
                         "'`samples` forward', '1 forward, and one more from each layer upward' or 'counted as no pass'")
    above = network.outputs or network.widths[-1]
    forward = [o * (i + 1) for o, i in network.shapes] + [above]
    backward = [o * i for o, i in network.shapes[1:]] + ([] if network.outputs else [above])
    columns = [o for o, _ in network.shapes[1:]] + ([] if network.outputs else [above])
    layers = range(network.depth)
    rollout = sum(sum(forward[layer + 1:]) for layer in layers), sum(sum(backward[layer:]) for layer in layers)
    flips = [width * column for width, column in zip(network.widths, columns, strict=True)]
    rest = [width * sum(forward[layer + 2:] if network.outputs or layer < network.depth - 1 else forward[-1:])
            for layer, width in enumerate(network.widths)]
    total = [0.0, 0.0]
    for clause in re.split(r"[,;]", text):
        scope: tuple[float, float] = rollout if "from each layer upward" in clause else (sum(forward), sum(backward))
        if "through every layer" in clause:
            scope = sum(forward), sum(forward)
        if "for each unit" in clause:
            scope = sum(flips) + sum(rest), 0.0
        if "below the last layer" in clause:
            scope = sum(forward), sum(backward[: network.depth - 1])
        both = re.sub(rf"{COUNT} forward and backward", r"\1 forward \1 backward", clause)
        for amount, direction in re.findall(rf"{COUNT} (forward|backward|more)", both):
            total[direction == "backward"] += count(amount, estimator) * scope[direction == "backward"]
        if "flip of every unit through one layer" in clause:
            total[0] += sum(flips)
        if "flip of every unit of the last layer" in clause:
            total[0] += flips[-1]
        if "the loss for every flip of the last layer" in clause:
            total[0] += network.widths[-1] * above
    return total[0] / sum(forward), total[1] / sum(backward)
