"""Keeps what steps do in MLflow's store; no other wing of the lab knows MLflow.

- `execution` runs a step within its run; `step` is what the step sees of it, with
  `trials`, `answers`, `artifacts`, `datasets`, `models` and `provenance` behind it.
  `open_run` is what it has in common with the run of an arm that is nested in it.
- `launch` describes a step to run; `launched` runs it, `plan` only says what would run.
- `keys` says what a result depends on, with `essentials` of the code; `reuse` looks for
  one that is there already, and `trial_times` tells how long the others take.
- `experiment` reads and writes runs, `tags` names their tags, `locations` tells what
  names a run; `reaper` ends the runs of killed processes.
- `judged` links the runs of others that were judged, and tells them the verdict.
- `environment`, `store` and `errors` deal with MLflow's own ways.

What a step computes is not here, nor what a comparison concludes, and no object of
MLflow's leaves this package. Only `environment`, `essentials`, `keys`, `launch`,
`locations`, `plan` and `store` can be imported before MLflow, which takes seconds to
load; whoever imports the others calls `environment.prepare` first.
"""
