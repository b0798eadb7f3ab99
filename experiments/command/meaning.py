"""What the parameters of the commands mean: one sentence for a name, wherever it stands, and a command's own where its name says more."""

MEANINGS = {
    "after": "What it is held against: a table of `measure --out`, a folder of a study or of results, or a revision of the checkout.",
    "backend": "Where cells are measured: processes of this machine, or a dask cluster's workers.",
    "before": "A table of `measure --out`, a folder of a study or of results, or a revision of the checkout.",
    "cell_timeout": "Seconds that one cell may take; it is then stopped and named, and the others go on.",
    "data": "An npz with X and Y, where the file of the network has none.",
    "device": "Where the engine and its peers compute: cpu, cuda, cuda:1; another device than cpu has a folder of its own.",
    "file": "A stored cell, a table, a picture or a parquet.",
    "folder": "Where files are written; it is made where there is none.",
    "format": "Of the files: pdf, svg or png; pgf for LaTeX, which must be installed.",
    "jobs": "Processes; all cores if not given.",
    "loss": "What the outputs are held against Y by.",
    "name": "A name of small letters, digits and underscores, that no estimator has.",
    "network": "An npz with w0 [units, inputs], b0, w1, b1, .. up to the output layer, X [points, inputs] and Y; or a torch state_dict of "
               "Linear layers (.pt, .pth, .safetensors).",
    "noise": "F(a) = P(upper state): logistic is 1 / (1 + exp(-a)), logistic2 is 1 / (1 + exp(-2 a)).",
    "out": "The file of the page; report/ below the folder of results if not given.",
    "rows": "Estimates of each seed, where moments are not exact.",
    "scheduler": "The address of the cluster's scheduler, as in tcp://HOST:8786.",
    "seeds": "Independent replicates; their spread gives the errors.",
    "shell": "The shell that reads it: eval \"$(straightedge completion bash)\".",
    "states": "The two states of a unit.",
    "study": "A study's name; `straightedge` lists them.",
    "style": "A style sheet of matplotlib, whose settings go before the package's.",
    "table": "A table that `measure --out` or a probe wrote, .csv, .json or .parquet; all published results if not given.",
    "width": "Inches, as the figure is set: text is then as large as it says.",
}
OWN = {
    ("check", "name"): "An estimator, NAME or NAME:hyper=value; `straightedge` lists them.",
    ("new", "folder"): "Where the file is written; estimators/ of the checkout if not given, and there is one.",
    ("rerun", "study"): "One study; all of them if not given.",
}


def meaning(command: str, parameter: str) -> str:
    """What a parameter of a command means."""
    return OWN.get((command, parameter)) or MEANINGS[parameter]
