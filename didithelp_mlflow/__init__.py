"""Reads the runs of any MLflow experiment as arms, for `didithelp` to judge.

Whoever logged the runs, with whatever framework: what is looked at is what MLflow's
search returns of each. Here belongs what knows MLflow and needs nothing of the lab, so
that it is installed with the library: `pip install didithelp[mlflow]`, and then
`didithelp.from_mlflow`.

- `selection` declares what is asked for, `columns` finds it in a run.
- `runs` searches a store; it alone knows MLflow, whose objects do not leave it.
- `groups` sorts runs into groups, `arms` makes an arm of each, `datasets` says which
  were run on other data; `selecting` puts these together.
- `front_door` is the function for users.
"""
