"""The command line: `straightedge` lists what there is.  The list, --version, a typo and `new` answer without importing torch."""

import os
import sys
from importlib.metadata import PackageNotFoundError, version

from straightedge.analysis.store.display import sentence, visible
from straightedge.estimators.catalogue.catalogue import entries, extend, faults
from straightedge.estimators.network.error import Failed, InputError, nearest
from straightedge.experiments.command import task
from straightedge.experiments.command.option import performed
from straightedge.experiments.runner.listing import questions


def plugins(arguments: list[str]) -> list[str]:
    """Takes --plugins DIR out of the arguments, as often as it is given, before any name is looked up."""
    rest, folders = [], []
    waiting = iter(arguments)
    for word in waiting:
        if word == "--plugins":
            folders.append(next(waiting, ""))
        elif word.startswith("--plugins="):
            folders.append(word.removeprefix("--plugins="))
        else:
            rest.append(word)
    for folder in folders:
        extend(folder)
    return rest


def listing() -> str:
    """Studies, commands and estimators, a line each."""
    def block(head: str, lines: dict[str, str]) -> list[str]:
        width = max(map(len, lines), default=0)
        return [head, *(f"  {name:<{width}}  {line}" for name, line in lines.items()), ""]

    commands = {name: (call.__doc__ or "").split("\n")[0] for name, call in task.COMMANDS.items()}
    parts = ["straightedge COMMAND [OPTIONS]; --help after a command lists its options, --plugins DIR adds estimators of your own", ""]
    parts += block("Studies", questions())
    parts += block("Commands", {"measure": "Measures estimators on your own network.", **commands})
    parts += block("Estimators", {name: entry.line for name, entry in entries().items()})
    parts += block("Not used", faults()) if faults() else []
    return visible("\n".join(parts).rstrip(), lines=True)


def released() -> str:
    """The installed version."""
    try:
        return version("straightedge")
    except PackageNotFoundError:
        return "not installed"


def run(arguments: list[str]) -> int:
    """The exit status; raises InputError for what the user can mend."""
    arguments = plugins(arguments)
    if arguments[:1] == ["help"] and len(arguments) > 1:
        arguments = [arguments[1], "--help"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(listing())
        return 0
    name, *rest = arguments
    if name == "--version":
        print(f"straightedge {released()}")
        return 0
    if name in task.COMMANDS:
        return performed(task.COMMANDS[name], rest, name)
    if name == "measure":
        from straightedge.experiments.command.measure import measure

        return measure(rest)
    if name in questions() and not rest and task.stands(name):
        return 0
    if name in questions():
        from straightedge.experiments.command.study import perform_study

        return perform_study(name, rest)
    raise InputError(nearest(name, [*questions(), *task.COMMANDS, "measure"], "command or study"))


def main() -> None:
    """One line and exit status 2 for bad input; 1 where something failed; 130 where the user stopped it."""
    try:
        status = run(sys.argv[1:])
        sys.stdout.flush()
    except InputError as error:
        status = ended(2, str(error))
    except Failed as error:
        status = ended(1, str(error))
    except KeyboardInterrupt as error:
        status = ended(130, str(error) or "stopped")
    except BrokenPipeError:  # `straightedge | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except OSError as error:
        status = ended(1, f"{error.filename or 'a file'}: {error.strerror or error}; what was finished is kept")
    except MemoryError:
        status = ended(1, "the memory of this machine is not enough; what was finished is kept")
    sys.exit(status)


def ended(status: int, words: str) -> int:
    """Says in one line why the command ended; the exit status."""
    print(f"straightedge: {sentence(words, 10_000)}", file=sys.stderr)
    return status
