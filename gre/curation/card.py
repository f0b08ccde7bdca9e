"""The README.md of a built data set, in the form of a hub dataset card, and its way to the hub.

A card is made to be published: of local paths only the last part stands in it.
"""

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2
import yaml

from gre.curation.charts import write_bars, write_points_map
from gre.curation.files import sha256_of, write_bytes
from gre.environment import describe
from gre.errors import GreError, InputError
from gre.geo.latlon import LatLon

UNKNOWN_LICENSE = "unknown"
"""The hub's own word for it."""

KEPT_HERE = (".building/*", "*.reviews/*")
"""Names in a set's folder that are not published: work in hand, and who decided what."""

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card says.

    Attributes:
        title: Name of the set.
        lead: What it is, a sentence or two.
        license: Identifier of the hub's list.
        provenance: Where photos and texts come from, Markdown.
        facts: Lines of the table.
        left_out: Photos left out by reason.
        left_out_note: Where they are named.
        format_note: The fields of a record, Markdown.
        bars: Counts for the picture of bars.
        bars_title: What they count.
        data_file: The record file.
        num_records: Records in it.
        sections: Further parts, Markdown; they come after the bars.
    """

    title: str
    lead: str
    license: str
    provenance: str
    facts: Mapping[str, str]
    format_note: str
    bars: Mapping[str, int]
    bars_title: str
    data_file: str
    num_records: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    left_out_note: str = ""
    sections: str = ""


def write_card(folder: Path, card: Card, points: Iterable[LatLon]) -> None:
    """Write README.md, map.svg and bars.svg beside a record file that is complete."""
    map_title = f"Where the photos of {card.title} were taken"
    write_points_map(folder / "map.svg", points, title=map_title)
    write_bars(folder / "bars.svg", card.bars, title=card.bars_title)
    names = [card.data_file, *(n for n in ("left_out.jsonl",) if (folder / n).is_file())]
    made = describe()
    text = _template().render(
        front_matter=_front_matter(card),
        map_title=map_title,
        license_note=_license_note(card.license),
        command=command_line(sys.argv),
        hashes={name: sha256_of(folder / name) for name in names},
        version=made["gre"],
        commit=made["commit"],
        **{name: getattr(card, name) for name in _SHOWN},
    )
    write_bytes(folder / "README.md", text.encode("utf-8", "replace"))


_SHOWN = (
    *("title", "lead", "license", "provenance", "facts"),
    *("left_out", "left_out_note", "format_note", "bars_title", "sections"),
)


def command_line(arguments: Sequence[str]) -> str:
    """The command as a shell takes it, without folders of this machine."""
    return shlex.join(["gre", *map(_without_folders, arguments[1:])])


def _without_folders(word: str) -> str:
    """The last part of a path, also of one behind an option or a name: --out=/a/b is --out=b."""
    if word.startswith(("/", "~")):
        return Path(word).name
    name, is_given, value = word.partition("=")
    return name + is_given + (_without_folders(value) if value else "")


def size_category(count: int) -> str:
    """The hub's word for so many records. Source: huggingface.co/docs/hub/datasets-cards."""
    return next((name for most, name in _SIZES if count < most), "1M<n<10M")


def _front_matter(card: Card) -> str:
    fields = {
        "license": card.license,
        "task_categories": ["image-text-to-text"],
        "language": ["en"],
        "tags": ["geo-localization", "gre-suite", "image"],
        "pretty_name": card.title,
        "size_categories": [size_category(card.num_records)],
        "configs": [{"config_name": "default", "data_files": card.data_file}],
    }
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)


def _license_note(name: str) -> str:
    if name == UNKNOWN_LICENSE:
        return "Nobody has said under which terms the photos may be used: find out before sharing."
    return "It was given by who built the set; photos may carry terms of their own."


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - Markdown, with a filter of its own
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = cell
    source = files("gre.curation").joinpath("templates", "dataset_card.md")
    return environment.from_string(source.read_text(encoding="utf-8"))


def cell(value: object) -> str:
    """A text that does not end its cell of a Markdown table."""
    return " ".join(str(value).split()).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def check_hub_token(repo: str) -> None:
    """Refuse early what the hub would refuse late.

    Raises:
        InputError: No token, no library, or the repository's name has another form.
    """
    owner, _, name = repo.partition("/")
    if not owner or not name or "/" in name:
        raise InputError(f"--push-to-hub: got {repo!r}, must be OWNER/NAME; correct it")
    try:
        from huggingface_hub import get_token
    except ImportError:
        raise InputError(
            "--push-to-hub: huggingface_hub is not installed; pip install huggingface_hub"
        ) from None
    if not get_token():
        raise InputError(
            f"--push-to-hub {repo}: there is no token of the hub, must be one that may write; set"
            " HF_TOKEN or log in with `hf auth login`"
        )


def push_to_hub(folder: Path, repo: str) -> str:
    """Upload a data set to a private dataset repository; gives its address.

    Raises:
        GreError: The hub refuses or cannot be reached.
    """
    check_hub_token(repo)
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    try:
        url = api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            repo_type="dataset",
            ignore_patterns=list(KEPT_HERE),
        )
    except (HfHubHTTPError, httpx.HTTPError, OSError, ValueError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise GreError(
            f"--push-to-hub {repo}: {line}; the set lies whole in {folder}, push it again"
        ) from error
    return str(url)
