"""Says whether a changed recipe helped: arms in, verdict and report out.

Here belongs what judges arms that are trained already, wherever they come from. It
trains nothing, prints nothing and knows no experiment tracker.

The names for users are those of `didithelp.front_door`, which is loaded when the first
of them is asked for: importing the package, or one light module of it, costs nothing.
One more, `from_mlflow`, leads out of here: the package `didithelp_mlflow`, which is
built upon this one, has it, and needs MLflow.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from didithelp.front_door import *
    from didithelp_mlflow.front_door import from_mlflow as from_mlflow
else:
    import importlib.util

    # By name: where it lives, and the extra with which that is installed.
    _ELSEWHERE = {"from_mlflow": ("didithelp_mlflow.front_door", "mlflow")}

    def __getattr__(name: str) -> object:
        if name in _ELSEWHERE:
            return _from_elsewhere(name)
        # `from didithelp import scores` asks here before it imports the module.
        is_module = importlib.util.find_spec(f"{__name__}.{name}") is not None
        if not is_module and (name == "__all__" or not name.startswith("_")):
            front_door = importlib.import_module("didithelp.front_door")
            if name == "__all__" or name in front_door.__all__:
                return getattr(front_door, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def _from_elsewhere(name: str) -> object:
        module, extra = _ELSEWHERE[name]
        if importlib.util.find_spec(extra) is None:
            raise ImportError(
                f"didithelp.{name} needs {extra}, which is not installed; "
                f"pip install 'didithelp[{extra}]'"
            )
        return getattr(importlib.import_module(module), name)

    def __dir__() -> list[str]:
        front_door = importlib.import_module("didithelp.front_door")
        return sorted([*globals(), *front_door.__all__, *_ELSEWHERE])
