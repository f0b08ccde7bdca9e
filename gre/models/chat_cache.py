"""Good replies of a chat server on disk: one file each, named by the hash of what was asked."""

import json
import logging
import os
import threading
from dataclasses import asdict, replace
from pathlib import Path

from gre.errors import InputError
from gre.models.chat_types import ChatEndpoint, ChatReply, ChatRequest, Spent
from gre.models.chat_wire import request_key

logger = logging.getLogger(__name__)


def cache_path(folder: Path, endpoint: ChatEndpoint, request: ChatRequest) -> Path:
    """Where the reply to a request is kept."""
    key = request_key(endpoint, request)
    return folder / key[:2] / f"{key}.json"


def read_cached(path: Path) -> ChatReply | None:
    """A kept reply; None where there is none or the file is damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["reply"]
        counted = {name: kept[name] for name in ("prompt_tokens", "completion_tokens")}
        reply = ChatReply(**kept | {"spent": Spent(**kept.get("spent", counted))})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s: is damaged (%s); asked again", path, error)
        return None
    return replace(reply, is_cached=True)


def write_cached(path: Path, reply: ChatReply, endpoint: ChatEndpoint) -> None:
    """Keep a good reply: written aside and renamed, so that two writers cannot mix.

    Raises:
        InputError: The folder cannot be written to.
    """
    kept = {"model": endpoint.model, "base_url": endpoint.base_url, "reply": asdict(reply)}
    partial = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(kept, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"{path}: the reply cannot be kept ({error.strerror}); name another cache folder"
        ) from None
