"""What makes a run the same run: its data, its settings and its number of processes.

A checkpoint goes on bit for bit only under all three. They are written once, when a run begins,
and compared whenever it is taken up again. No torch here.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from gre.errors import InputError

logger = logging.getLogger(__name__)

IDENTITY_FILE = "run.json"

FREE_KEYS = frozenset(
    {
        *("output_dir", "overwrite", "model_name", "hang_timeout_s"),
        *("logging_steps", "logging_dir", "report_to", "run_name", "project", "log_completions"),
        *("save_steps", "save_total_limit", "heldout_path", "heldout_limit", "heldout_steps"),
        *("heldout_max_new_tokens", "per_device_eval_batch_size", "image_root", "data_path"),
        *("dataloader_num_workers", "dataloader_prefetch_factor", "dataloader_pin_memory"),
        *("attention", "shared_prefix", "packed_tokens", "image_cache_dir", "image_cache_gib"),
        *("push_to_hub", "hub_model_id", "hub_private_repo"),
        *("hub_token", "hub_strategy", "hub_revision", "vllm_server_host", "vllm_server_port"),
        *("vllm_server_base_url", "vllm_server_timeout"),
    }
)
"""Settings that may change between two parts of a run: they move no weight, or only by rounding.

The data may lie elsewhere, too: its hash decides."""

Identity = Mapping[str, object]


def run_identity(values: Mapping[str, object], *, data_path: Path, world_size: int) -> Identity:
    """Give what must stay equal over the parts of a run, ready for JSON.

    Args:
        values: Every setting of the run by name.
        data_path: Its record file.
        world_size: Number of processes that train.
    """
    with data_path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    kept = {key: value for key, value in values.items() if key not in FREE_KEYS}
    settings = json.loads(json.dumps(kept, sort_keys=True, default=str))
    return {"data_sha256": digest, "world_size": world_size, "settings": settings}


def write_identity(output_dir: Path, identity: Identity) -> None:
    """Write it beside the checkpoints."""
    text = json.dumps(identity, indent=2, ensure_ascii=False)
    (output_dir / IDENTITY_FILE).write_text(text + "\n", encoding="utf-8")


def check_identity(output_dir: Path, identity: Identity) -> None:
    """Refuse to go on with a run under other data, settings or processes.

    Raises:
        InputError: The first difference, with both values.
    """
    path = output_dir / IDENTITY_FILE
    if not path.exists():
        logger.warning("%s is missing: cannot tell if data and settings are the same", path)
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        was, settings = dict(before), before["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: is damaged ({error}); start in a new output_dir, or delete the file where"
            " you are sure that nothing has changed"
        ) from error
    if was.get("world_size") != identity["world_size"]:
        raise InputError(
            f"{output_dir}: was begun by {was.get('world_size')} processes, this run has"
            f" {identity['world_size']}; launch with as many, or start in a new output_dir"
        )
    if was.get("data_sha256") != identity["data_sha256"]:
        raise InputError(
            f"{output_dir}: was begun on other records (sha256 {str(was.get('data_sha256'))[:16]},"
            f" now {str(identity['data_sha256'])[:16]}); restore them, or start in a new output_dir"
        )
    now = identity["settings"]
    assert isinstance(now, Mapping)
    for key in sorted(settings.keys() | now.keys()):
        if settings.get(key) != now.get(key):
            raise InputError(
                f"{key}: the run in {output_dir} was begun with {settings.get(key)!r}, now it is"
                f" {now.get(key)!r}; set it back, or start in a new output_dir"
            )
