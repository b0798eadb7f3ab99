"""Completion for a shell: the names of commands and studies, the options of each, and estimators after --estimator."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from inspect import signature

from straightedge.estimators.catalogue.catalogue import entries
from straightedge.experiments.command.measure import Options
from straightedge.experiments.command.study import Run
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


def options(commands: Mapping[str, Callable[..., int]]) -> dict[str, list[str]]:
    """Command or study -> its options."""
    found = {name: [option(one.name) for one in fields(study.config)] + [option(one.name) for one in fields(Run)]
             for name, study in studies().items()}
    found |= {name: [option(part) for part, given in signature(call).parameters.items() if given.default is not given.empty]
              for name, call in commands.items()}
    return found | {"measure": [option(one.name) for one in fields(Options)]}


def script(shell: str, commands: Mapping[str, Callable[..., int]]) -> str:
    """The completion, for bash, or for zsh by its emulation of bash's."""
    known = options(commands)
    words = {name: " ".join(dict.fromkeys([*names, "--help", "--plugins"])) for name, names in known.items()}
    cases = "\n".join(f'        {name}) words="{said}" ;;' for name, said in words.items())
    return SCRIPT.format(shell=shell, before=ZSH if shell == "zsh" else "", estimators=" ".join(entries()),
                         commands=" ".join([*known, "--help", "--version", "--plugins"]), cases=cases)
