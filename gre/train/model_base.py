"""Which published model a run's start descends from, and under which licence, asking no network."""

import re
from pathlib import Path

import yaml

from gre.models.shapes import QWEN_SHAPES

HUB_CACHE = re.compile(r"models--([^/]+?)--([^/]+)")
"""A model in the hub's cache: its folder's name says which it is."""

PROJECT_LICENSE = {"license": "apache-2.0"}
"""Of GRE Suite, and of the 7B and 32B base models."""

OTHER_LICENSES: dict[str, dict[str, str]] = {
    f"Qwen/Qwen2.5-VL-{size}-Instruct": {
        "license": "other",
        "license_name": name,
        "license_link": f"https://huggingface.co/Qwen/Qwen2.5-VL-{size}-Instruct/blob/main/LICENSE",
    }
    for size, name in (("3B", "qwen-research"), ("72B", "qwen"))
}
"""Base models whose licence is another one. Source: their model cards on the hub."""


def find_published_base(name_or_path: str) -> str | None:
    """Give the hub id of the model that a run started from, or of the one behind a local folder.

    A local folder is known by its place in the hub's cache, by the name of a published Qwen2.5-VL
    model, or by the `base_model` of its own card. None where nothing says it.
    """
    folder = Path(name_or_path).expanduser()
    if not folder.is_dir():
        return name_or_path
    cached = HUB_CACHE.search(str(folder.resolve()))
    if cached:
        return "/".join(cached.groups())
    for size in QWEN_SHAPES:
        if folder.resolve().name.lower() == f"qwen2.5-vl-{size}-instruct":
            return f"Qwen/Qwen2.5-VL-{size.upper()}-Instruct"
    base = read_front_matter(folder).get("base_model")
    base = base[0] if isinstance(base, list) and base else base
    return base if isinstance(base, str) else None


def find_license(name_or_path: str) -> dict[str, str]:
    """Give the licence fields of a card for a model trained from another: the other's terms stay.

    Returns:
        license, and where it is no standard one license_name and license_link.
    """
    known = OTHER_LICENSES.get(find_published_base(name_or_path) or "")
    if known:
        return known
    card = read_front_matter(Path(name_or_path).expanduser())
    fields = ("license", "license_name", "license_link")
    own = {key: value for key in fields if isinstance(value := card.get(key), str) and value}
    return own if "license" in own else PROJECT_LICENSE


def read_front_matter(folder: Path) -> dict[str, object]:
    """Give the fields at the head of a folder's README.md; nothing where it has none."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
        head = re.match(r"---\r?\n(.*?)\r?\n---", text, flags=re.DOTALL)
        fields = yaml.safe_load(head[1]) if head else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return fields if isinstance(fields, dict) else {}
