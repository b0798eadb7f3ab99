"""Which parameters of a module are measured: by name, one by one; the others as random projections, or not at all."""

from collections.abc import Sequence

from torch import Tensor, nn

from straightedge.estimators.network.error import InputError, nearest


def chosen(whole: nn.Module, names: Sequence[str] | None, projections: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(parameters that are measured one by one, the others that need a gradient), by their names in `whole`, in its order.

    Raises InputError for a name that is none, and where nothing is left to measure."""
    if isinstance(projections, bool) or not isinstance(projections, int) or projections < 0:
        raise InputError(f"projections: {projections!r}; expected a whole number of random directions, or 0 for none")
    known: dict[str, Tensor] = dict(whole.named_parameters())
    free = {name: value for name, value in known.items() if value.requires_grad}
    if names is None:
        single = {} if projections else free
    else:
        given = [names] if isinstance(names, str) else list(names)
        for name in given:
            if not any(inside(other, name) for other in known):
                raise InputError(nearest(name, [other.removeprefix("model.") for other in known], "parameter"))
        single = {other: value for other, value in known.items() if any(inside(other, name) for name in given)}
    if not single and not (projections and free):
        raise InputError("the model has no parameters that require a gradient and are to be measured; expected at least one")
    return single, {name: value for name, value in free.items() if name not in single}


def inside(parameter: str, name: str) -> bool:
    """Whether a parameter of the whole has this name in the model, or is of the submodule of this name."""
    return f"{parameter}.".startswith(f"model.{name}.")
