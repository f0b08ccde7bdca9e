"""Whether a model that is named can be had, before anything heavy loads.

A folder is looked into. The hub is asked once and briefly: the libraries that load from it ask
several times for each of several files, and tell of each try.
"""

from importlib.util import find_spec
from pathlib import Path

from gre.errors import InputError
from gre.models.adapters import base_of_adapter, is_adapter_folder
from gre.models.names import means_folder

WEIGHT_PATTERNS = ("*.safetensors", "*.safetensors.index.json")

TIMEOUT_S = 10.0
"""Longest wait for the hub's answer, seconds."""


def check_model(name_or_path: str) -> None:
    """Refuse a model that cannot be had, be it a folder, an adapter's or its base, or a hub id.

    Raises:
        InputError: As in `check_model_folder` and `check_hub_name`.
    """
    check_model_folder(name_or_path)
    is_adapter = is_adapter_folder(name_or_path)
    check_hub_name(base_of_adapter(name_or_path) if is_adapter else name_or_path)


def check_model_folder(name_or_path: str) -> None:
    """Refuse a local model folder that is missing or incomplete, before anything heavy loads.

    A name that looks like a hub id ("owner/name") and is no folder is left to the hub. Of an
    adapter folder, the base that it names is checked too.

    Raises:
        InputError: No such folder, or config, processor or weights are not in it.
    """
    folder = Path(name_or_path).expanduser()
    if not folder.is_dir():
        is_beside = folder.parent.is_dir() and str(folder.parent) != "."
        if means_folder(name_or_path) or is_beside:
            raise InputError(
                f"model {name_or_path}: no such folder; gre pull NAME fetches a published model, a"
                " stage leaves its own once it has run; or name a hub id (owner/name)"
            )
        return
    is_adapter = is_adapter_folder(name_or_path)
    if is_adapter:
        base = base_of_adapter(name_or_path)
        try:
            check_model_folder(base)
        except InputError as error:
            raise InputError(
                f"adapter {name_or_path}: {error}; adapter_config.json names its base"
            ) from error
    own = () if is_adapter else ("config.json",)
    for needed in (*own, "preprocessor_config.json|processor_config.json"):
        if not any((folder / name).exists() for name in needed.split("|")):
            raise InputError(
                f"model {name_or_path}: {needed.replace('|', ' or ')} is missing;"
                " download the whole folder"
            )
    if not any(any(folder.glob(pattern)) for pattern in WEIGHT_PATTERNS):
        raise InputError(f"model {name_or_path}: no *.safetensors in it; only safetensors are read")


def check_hub_name(name: str, *, what: str = "model") -> None:
    """Refuse a name that is no folder and that the hub cannot give, before anything loads.

    A folder, and a model whose config.json is in the cache, ask nobody; nor does HF_HUB_OFFLINE.

    Args:
        name: As the user gave it.
        what: What it is, as the message begins.

    Raises:
        InputError: There is no such model, it may not be seen, or the hub cannot be reached.
    """
    if Path(name).expanduser().is_dir():
        return
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
    )

    place = f"{what} {name}: no such folder, and"
    try:
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return
        if HF_HUB_OFFLINE:
            raise InputError(
                f"{place} HF_HUB_OFFLINE is set and no such model is in the cache; correct the"
                " path, or unset it"
            )
        get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=TIMEOUT_S)
    except HFValidationError:
        raise InputError(f"{place} no name of a model on the hub; correct the path") from None
    except GatedRepoError:
        raise InputError(
            f"{place} on the hub its terms must be accepted; open its page, accept, set HF_TOKEN"
        ) from None
    except RepositoryNotFoundError:
        raise InputError(
            f"{place} the hub has no such model, or it is not yours to see; correct the path or"
            " name, or set HF_TOKEN"
        ) from None
    except EntryNotFoundError:
        raise InputError(
            f"{place} on the hub it has no config.json, so it is no model; correct the name"
        ) from None
    except HfHubHTTPError:
        return  # the hub is there and has a fault of its own: loading tries again, and tells
    except network_errors() as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{place} the hub cannot be reached ({reason}); correct the path, or check the network"
            " and HF_ENDPOINT"
        ) from None


def network_errors() -> tuple[type[Exception], ...]:
    """What the hub's HTTP library raises; which library it is differs between versions."""
    kinds: list[type[Exception]] = [ConnectionError, TimeoutError]
    if find_spec("httpx2") is not None:
        import httpx2

        kinds.append(httpx2.TransportError)
    if find_spec("httpx") is not None:
        import httpx

        kinds.append(httpx.TransportError)
    return tuple(kinds)
