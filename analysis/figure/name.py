"""Estimators' names for readers."""


def words(label: str) -> str:
    """The estimator's name for readers: 'REINFORCE, leave one out, samples 4'."""
    for old, new in (("baseline=", ""), (" (", ", "), (")", ""), ("=", " "), ("_", " ")):
        label = label.replace(old, new)
    for name in ("reinforce", "arms", "arm", "disarm", "darn", "zgr", "foust", "psa", "rebar", "relax", "rodeo", "mve"):
        if label.split(",")[0] == name:
            label = name.upper() + label[len(name):]
    for old, new in (("DISARM", "DisARM"), ("FOUST", "FouST"), ("muprop", "MuProp"), ("reinmax", "ReinMax"), ("gumbel rao", "Gumbel-Rao"),
                     ("gumbel softmax", "Gumbel-softmax"), ("st gumbel", "ST-Gumbel"), ("gapped st", "gapped ST"),
                     ("straight through", "straight-through"), ("double cv", "double CV"), ("approx sign", "ApproxSign"),
                     ("measure valued", "measure-valued"), ("bayesbinn", "BayesBiNN"), ("i mle", "I-MLE"), ("one sided", "one-sided")):
        label = label.replace(old, new)
    return label
