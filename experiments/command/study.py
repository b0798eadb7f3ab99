"""The command line of a study: its configuration and how it is run, as options."""

from dataclasses import dataclass, field, make_dataclass

import tyro

from straightedge.experiments.command.option import parsed
from straightedge.experiments.command.task import told
from straightedge.experiments.runner.listing import study_of
from straightedge.experiments.runner.perform import perform


@dataclass(frozen=True)
class Run:
    """How a study is run; none of this changes a number."""

    jobs: int | None = None
    """Processes; all cores if not given."""
    smoke: bool = False
    """The configuration of a few seconds, into results/smoke."""
    paper: bool = False
    """The configuration with more networks and seeds, into results/custom."""


def perform_study(name: str, arguments: list[str]) -> int:
    """Runs one study and says what it did."""
    study = study_of(name)
    kind = make_dataclass(name, [("config", tyro.conf.OmitArgPrefixes[study.config], field(default_factory=study.config)),
                                 ("run", tyro.conf.OmitArgPrefixes[Run], field(default_factory=Run))])
    kind.__doc__ = study.question
    given = parsed(kind, arguments, name)
    config = study.smoke if given.run.smoke else study.paper if given.run.paper else given.config
    told(name, perform(study, config, given.run.jobs))
    return 0
