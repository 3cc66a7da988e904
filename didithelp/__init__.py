"""Says whether a changed recipe helped: arms in, verdict and report out.

Here belongs what judges arms that are trained already, wherever they come from. It
trains nothing, prints nothing and knows no experiment tracker.

The names for users are those of `didithelp.front_door`, which is loaded when the first
of them is asked for: importing the package, or one light module of it, costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from didithelp.front_door import *
else:
    import importlib.util

    def __getattr__(name: str) -> object:
        # `from didithelp import scores` asks here before it imports the module.
        is_module = importlib.util.find_spec(f"{__name__}.{name}") is not None
        if not is_module and (name == "__all__" or not name.startswith("_")):
            front_door = importlib.import_module("didithelp.front_door")
            if name == "__all__" or name in front_door.__all__:
                return getattr(front_door, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        front_door = importlib.import_module("didithelp.front_door")
        return sorted([*globals(), *front_door.__all__])
