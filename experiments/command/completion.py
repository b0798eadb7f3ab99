"""Completion for a shell: the names of commands and studies, the options of each, and estimators after --estimator."""

from dataclasses import fields
from inspect import signature
from typing import Literal

from straightedge.estimators.catalogue.catalogue import entries
from straightedge.experiments.command.measure import Options
from straightedge.experiments.command.option import performed
from straightedge.experiments.command.study import Run
from straightedge.experiments.command.task import COMMANDS
from straightedge.experiments.runner.listing import studies

SCRIPT = """# Completion of straightedge: eval "$(straightedge completion {shell})"
{before}_straightedge() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
  case "$before" in
    --estimator|--only|--against|--reference|check) words="{estimators}" ;;
    --network|--data|--out|--style|--folder|--results|report|provenance) COMPREPLY=($(compgen -f -- "$word")); return ;;
    *) if [ "$COMP_CWORD" -le 1 ]; then words="{commands}"; else
      case "${{COMP_WORDS[1]}}" in
{cases}
      esac; fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -F _straightedge straightedge
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n"


def option(name: str) -> str:
    """The option of a field."""
    return f"--{name.replace('_', '-')}"


def options() -> dict[str, list[str]]:
    """Command or study -> its options."""
    found = {name: [option(one.name) for one in fields(study.config)] + [option(one.name) for one in fields(Run)]
             for name, study in studies().items()}
    found |= {name: [option(part) for part, given in signature(call).parameters.items() if given.default is not given.empty]
              for name, call in COMMANDS.items()}
    return found | {"measure": [option(one.name) for one in fields(Options)], "completion": []}


def script(shell: str) -> str:
    """The completion, for bash, or for zsh by its emulation of bash's."""
    known = options()
    words = {name: " ".join(dict.fromkeys([*names, "--help", "--plugins"])) for name, names in known.items()}
    cases = "\n".join(f'        {name}) words="{said}" ;;' for name, said in words.items())
    return SCRIPT.format(shell=shell, before=ZSH if shell == "zsh" else "", estimators=" ".join(entries()),
                         commands=" ".join([*known, "--help", "--version", "--plugins"]), cases=cases)


def completion(shell: Literal["bash", "zsh"]) -> int:
    """Prints the completion of names and options for a shell, to be read by it.

    straightedge completion bash
    """
    print(script(shell), end="")
    return 0


def complete(arguments: list[str]) -> int:
    """The command, from its words; the exit status."""
    return performed(completion, arguments, "completion")
