"""GRE Suite: worldwide image geo-localization by reasoning. Data, training, evaluation."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["GeoLocalizer", "Guess", "LatLon", "__version__"]

if TYPE_CHECKING:
    from gre.geo.latlon import LatLon
    from gre.models.localizer import GeoLocalizer, Guess

_HOMES = {
    "GeoLocalizer": "gre.models.localizer",
    "Guess": "gre.models.localizer",
    "LatLon": "gre.geo.latlon",
}


def __getattr__(name: str) -> Any:  # Any: the attribute's type is the home module's business
    """Load the public names on first use, so that `import gre` needs no torch (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gre' has no attribute {name!r}")
    from importlib import import_module

    try:
        home = import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        if (error.name or "gre").partition(".")[0] == "gre":
            raise
        from gre.errors import say_how_to_install

        message = f"{name} needs {error.name}: {say_how_to_install('eval')}"
        raise ModuleNotFoundError(message, name=error.name) from error
    return getattr(home, name)
