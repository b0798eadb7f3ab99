"""`python -m straightedge`: the command line."""

from straightedge.experiments.command.main import main

if __name__ == "__main__":
    main()
