"""How many trials, and how many at once."""

from lab.host import cores
from lab.training.seeds import Trials


def test_never_more_workers_than_trials():
    assert Trials(seeds=(0, 1), workers=8).num_workers == 2
    assert Trials(seeds=(0, 1, 2), workers=1).num_workers == 1
    automatic = Trials(seeds=tuple(range(1000)), workers=None)
    assert automatic.num_workers == min(len(cores.available()), 1000)
