"""Whether the name of a model means a folder here or a repository on the hub."""

import re

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
"""An owner and a name, as the hub spells them."""

CLONE_FOLDERS = ("models", "outputs", "runs", "work")
"""Where `gre pull`, the stages, evaluations and the quickstart write: no owner is meant."""


def means_folder(name: str) -> bool:
    """Whether a model's name is a path and no hub id, be the folder there or not."""
    return not HUB_ID.fullmatch(name) or name.partition("/")[0] in CLONE_FOLDERS
