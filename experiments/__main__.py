"""The command line: `python -m experiments` lists what there is."""

import io
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import field, make_dataclass
from difflib import get_close_matches

import tyro

from estimators import extend, registry
from estimators.error import InputError
from experiments import command, measurement
from experiments.report import listing, readable
from experiments.study import studies


def parsed(kind, arguments: list[str], name: str):
    """The dataclass from its options; what tyro reports in a box becomes one sentence."""
    stream = io.StringIO()
    try:
        with redirect_stderr(stream):
            return tyro.cli(kind, args=arguments, prog=f"python -m experiments {name}")
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise InputError(sentence(stream.getvalue(), name)) from None


def sentence(box: str, name: str) -> str:
    """One line from tyro's report, without its frame."""
    words = re.sub(r"\x1b\[[0-9;]*m", "", box)
    lines = [re.sub(r"[│╭╮╰╯─]+", " ", line).strip() for line in words.splitlines()]
    lines = [line for line in lines if line and line not in ("Parsing error", "Unrecognized options", "Missing required arguments")]
    text = re.sub(r"\s+", " ", " ".join(lines)).strip()
    text = re.split(r" For full helptext,| Similar options| Perhaps you meant| Argument helptext|\\. Missing from", text)[0]
    text = re.sub(r"^(Value error|Invalid choice|Required options|Parsing error) ", "", text)
    return f"{text.rstrip('. ')}; `python -m experiments {name} --help` lists the options"


def plugins(arguments: list[str]) -> list[str]:
    """Takes --plugins DIR out of the arguments, before any name is looked up."""
    if "--plugins" not in arguments:
        return arguments
    index = arguments.index("--plugins")
    folder = arguments[index + 1] if index + 1 < len(arguments) else ""
    command.require_folder(folder, "--plugins")
    extend(folder)
    return arguments[:index] + arguments[index + 2:]


def run(arguments: list[str]) -> int:
    """The exit status; raises InputError for what the user can mend."""
    arguments = plugins(arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(listing(studies(), registry(), command.COMMANDS))
        return 0
    name, *rest = arguments
    if name == "measure":
        options = parsed(measurement.Measure, rest, name)
        frame = measurement.perform(options)
        print(f"wrote {options.out}: {len(frame)} rows" if options.out else readable(frame))
        return 0
    if name in command.COMMANDS:
        perform: Callable = command.COMMANDS[name]
        return tyro_call(perform, rest, name)
    if name in studies():
        module = studies()[name]
        kind = make_dataclass(name, [("config", tyro.conf.OmitArgPrefixes[module.Config], field(default_factory=module.Config)),
                                     ("run", tyro.conf.OmitArgPrefixes[command.Run], field(default_factory=command.Run))])
        kind.__doc__ = module.__doc__
        options = parsed(kind, rest, name)
        return command.study(module, options.config, options.run)
    known = [*studies(), *command.COMMANDS, "measure"]
    close = get_close_matches(name, known, n=3, cutoff=0.4)
    raise InputError(f"unknown command or study {name!r}; " + (f"did you mean {' or '.join(close)}?" if close else
                                                                f"expected one of {', '.join(known)}"))


def tyro_call(perform: Callable, arguments: list[str], name: str) -> int:
    """Calls a command with its own parameters as options."""
    options = parsed(command.options(perform), arguments, name)
    return perform(**vars(options)) or 0


def main() -> None:
    """One line and exit status 2 for bad input; 1 where something failed; 130 where the user stopped it."""
    try:
        sys.exit(run(sys.argv[1:]))
    except InputError as error:
        print(f"straightedge: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("straightedge: stopped; what was measured is kept", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
