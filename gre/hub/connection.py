"""The one way to the hub: which server, which token, and errors that are one line without it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gre.errors import GreError, InputError, say_how_to_install
from gre.models.lookup import network_errors

if TYPE_CHECKING:
    from huggingface_hub import HfApi

DEFAULT_ENDPOINT = "https://huggingface.co"
ENDPOINT_VARIABLE = "HF_ENDPOINT"
_QUERY = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]+")
"""A signed address carries its right of access in its query."""


def endpoint() -> str:
    """The server that HF_ENDPOINT names, or the public hub.

    Raises:
        InputError: The variable holds no address of a server.
    """
    address = os.environ.get(ENDPOINT_VARIABLE, "").rstrip("/") or DEFAULT_ENDPOINT
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        shown = parts.hostname if parts.username else address
        raise InputError(
            f"{ENDPOINT_VARIABLE}: got {shown!r}, must be http(s)://host without a user; unset it"
            " for the public hub"
        )
    return address


def connect() -> "HfApi":
    """The hub's client for `endpoint`, with its own progress, telemetry and chatter off.

    Raises:
        InputError: The client is not installed.
    """
    if find_spec("huggingface_hub") is None:
        raise InputError(f"huggingface_hub is not installed; {say_how_to_install('eval')}")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import huggingface_hub
    from huggingface_hub.utils import logging as hub_logging
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    hub_logging.set_verbosity_error()
    import gre

    return huggingface_hub.HfApi(
        endpoint=endpoint(), library_name="gre-suite", library_version=gre.__version__
    )


def find_token() -> str | None:
    """The token of the environment (HF_TOKEN) or of `hf auth login`; None where there is none."""
    from huggingface_hub import get_token

    return get_token()


def redact(text: str) -> str:
    """A text without the token and without the queries of signed addresses."""
    token = find_token()
    shown = text.replace(token, "***") if token else text
    return _QUERY.sub(r"\1", shown)


class UnreachableError(GreError):
    """The hub does not answer at all; what is on the disk may do."""


@contextmanager
def plain_errors(doing: str) -> Iterator[None]:
    """Turn what the client raises into one line.

    Args:
        doing: What failed, as the line begins.

    Raises:
        InputError: The hub refuses: no such repository, no right, terms not accepted.
        UnreachableError: The hub cannot be reached.
        GreError: The hub fails.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise InputError(
            f"{doing}: asks for its terms to be accepted; open its page, accept, and set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(f"{doing}: no such revision; correct --revision") from error
    except RepositoryNotFoundError as error:
        raise InputError(
            f"{doing}: not found on {endpoint()}, or not yours to see; check the name, set HF_TOKEN"
        ) from error
    except HfHubHTTPError as error:
        raise _refused(doing, error) from error
    except OfflineModeIsEnabled as error:
        raise UnreachableError(
            f"{doing}: HF_HUB_OFFLINE is set; unset it to reach the hub"
        ) from error
    except network_errors() as error:
        reason = redact(str(error)).strip().splitlines() or [type(error).__name__]
        raise UnreachableError(
            f"{doing}: {endpoint()} cannot be reached ({reason[0]}); check the network or"
            f" {ENDPOINT_VARIABLE}, then run the same command again"
        ) from error


def _refused(doing: str, error: Exception) -> GreError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in {401, 403}:
        return InputError(
            f"{doing}: the hub refuses this token ({status}); set HF_TOKEN to one that may do it"
        )
    return GreError(f"{doing}: the hub answers {status}; run the same command again later")
