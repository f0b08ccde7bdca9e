"""What of a model's folder is published: a list of what may leave, and all else stays."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from gre.errors import InputError
from gre.hub.card import make_card, read_result
from gre.hub.secrets import refuse_secrets

SENT = (
    *("config.json", "generation_config.json", "gre.json", "LICENSE", "NOTICE"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "preprocessor_config.json", "video_preprocessor_config.json"),
    *("processor_config.json", "chat_template.jinja", "chat_template.json"),
    *("model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json"),
    *("adapter/adapter_config.json", "adapter/adapter_model*.safetensors"),
)
"""Files that may leave, beside the card. No photo is among them, so no EXIF can leave; nor are
rollouts, logs and settings, which name local paths, nor optimizer states, which are pickles."""

CARD = "README.md"
PATH_KEYS = ("_name_or_path", "base_model_name_or_path", "name_or_path")
"""Fields of configurations in which libraries keep the local folder that something came from."""
MAX_TEXT_BYTES = 50_000_000
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Parcel:
    """A file to send.

    Attributes:
        path: Its name in the repository.
        content: The file itself, or the bytes where it differs from it.
    """

    path: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


@dataclass(frozen=True)
class Package:
    """All that is sent, and the names in the folder that are not.

    Attributes:
        parcels: The card first.
        left_out: Names with a slash behind folders.
    """

    parcels: tuple[Parcel, ...]
    left_out: tuple[str, ...]


def pack(folder: Path, repo_id: str, results: Sequence[Path]) -> Package:
    """Choose and check what is sent.

    Args:
        folder: A finished run's folder, one of its checkpoints, or any model folder.
        repo_id: Where it goes.
        results: Run folders of `gre evaluate` about this model.

    Raises:
        InputError: The folder holds no whole model, a result is about another one, or a file
            holds what looks like a key.
    """
    _check_folder(folder)
    files = sorted(path for path in folder.rglob("*") if _may_leave(folder, path))
    card = _read_card(folder)
    read = [read_result(run, folder) for run in results]
    parcels = [Parcel(CARD, make_card(card, repo_id, read).encode())]
    parcels += [_parcel(folder, path) for path in files]
    for parcel in parcels:
        _refuse_secrets(folder, parcel)
    sent = {parcel.path for parcel in parcels}
    left_out = [
        path.name + ("/" if path.is_dir() else "")
        for path in sorted(folder.iterdir())
        if not any(name == path.name or name.startswith(path.name + "/") for name in sent)
    ]
    return Package(tuple(parcels), tuple(left_out))


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder, must be a model's; name a finished run")
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no config.json in it, must be a model's; name a finished run")
    is_run = any((folder / name).exists() for name in ("trainer_state.json", "resolved.yaml"))
    if is_run and not (folder / "complete.json").is_file():
        raise InputError(
            f"{folder}: the run is not finished (no complete.json); run its training command again"
        )
    weights = sorted(folder.glob("model*.safetensors"))
    if not weights:
        raise InputError(
            f"{folder}: no model*.safetensors in it; pickled weights are never published, save the"
            " model as safetensors"
        )
    for path in weights:
        _check_weights(path)
    _check_shards(folder, {path.name for path in weights})


def _check_weights(path: Path) -> None:
    """Refuse a safetensors file that is cut short: its header says how long it must be."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(length)) if 0 < length < min(size, 10**8) else {}
            ends = [int(part["data_offsets"][1]) for key, part in header.items() if key[:2] != "__"]
        except (ValueError, KeyError, TypeError, AttributeError):
            ends = []
    if not ends or size != 8 + length + max(ends):
        raise InputError(f"{path}: is damaged or cut short ({size} bytes); save the model again")


def _check_shards(folder: Path, present: set[str]) -> None:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    try:
        named = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"{index}: cannot be read ({error}); save the model again") from error
    if named != present:
        odd = sorted(named ^ present)[0]
        raise InputError(
            f"{index}: {odd} is {'missing' if odd in named else 'not listed'}; save the model again"
        )


def _may_leave(folder: Path, path: Path) -> bool:
    """Whether a file is listed and its own: a link could bring anything along."""
    name = path.relative_to(folder).as_posix()
    return (
        any(fnmatch(name, pattern) and name.count("/") == pattern.count("/") for pattern in SENT)
        and path.is_file()
        and path.resolve().is_relative_to(folder.resolve())
    )


def _read_card(folder: Path) -> str:
    path = folder / CARD
    if not path.is_file():
        return f"---\ntags:\n- geo-localization\n- gre-suite\n---\n\n# {folder.resolve().name}\n"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 ({error}); mend it") from error


def _parcel(folder: Path, path: Path) -> Parcel:
    name = path.relative_to(folder).as_posix()
    if path.name not in {"config.json", "adapter_config.json", "tokenizer_config.json"}:
        return Parcel(name, path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); save the model again") from error
    changed = _without_local_paths(values)
    if changed == values:
        return Parcel(name, path)
    return Parcel(name, (json.dumps(changed, ensure_ascii=False, indent=2) + "\n").encode())


def _without_local_paths(value: object) -> object:
    """Local folders in the fields of `PATH_KEYS` become a hub id or their last part."""
    if isinstance(value, list):
        return [_without_local_paths(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_local_paths(part) for key, part in value.items()}
    for key in PATH_KEYS:
        name = kept.get(key)
        if isinstance(name, str):
            kept[key] = _public_name(name)
    return kept


def _public_name(name: str) -> str:
    from gre.train.model_base import find_published_base

    if _HUB_ID.fullmatch(name) and not Path(name).exists():
        return name
    published = find_published_base(name) if Path(name).expanduser().is_dir() else None
    return published or Path(name).name


def _refuse_secrets(folder: Path, parcel: Parcel) -> None:
    if parcel.path.endswith(".safetensors") or parcel.size > MAX_TEXT_BYTES:
        return
    raw = parcel.content if isinstance(parcel.content, bytes) else parcel.content.read_bytes()
    lines = raw.decode("utf-8", errors="replace").splitlines()
    refuse_secrets(folder / parcel.path, lines)
