"""How long trials take, by what stored ones took."""

from collections import defaultdict
from collections.abc import Sequence

from lab.runs import tags
from lab.runs.experiment import StoredRun
from lab.runs.keys import Key

Data = frozenset[tuple[str, str]]  # digests by name of the arrays that are trained on


class TrialTimes:
    """Estimates seconds of trials that are still to be trained.

    Args:
        stored: runs of trials, with their keys.
    """

    def __init__(self, stored: Sequence[StoredRun]):
        self._of_key: dict[str, list[float]] = defaultdict(list)
        self._per_epoch: dict[Data, list[float]] = defaultdict(list)
        for run in stored:
            seconds = run.metrics["train_seconds"]
            key = Key.from_json(run.tags[tags.CACHE_PARTS])
            self._of_key[run.tags[tags.CACHE_KEY]].append(seconds)
            per_epoch = seconds / run.metrics["actual_epochs"]
            self._per_epoch[_data_of(key)].append(per_epoch)

    def of(self, key: Key, epochs: int) -> float | None:
        """Seconds of one trial on one core.

        Args:
            key: of the trial.
            epochs: at most so many.

        Returns:
            the mean of stored trials with that key; else by epoch, as those of other
            recipes took on the same data; None if there is none either.
        """
        if same := self._of_key.get(key.digest):
            return sum(same) / len(same)
        if rates := self._per_epoch.get(_data_of(key)):
            return epochs * sum(rates) / len(rates)
        return None


def _data_of(key: Key) -> Data:
    return frozenset(key.inputs.items())
