"""The cache of processed images: whole or absent, bounded, shared by processes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gre.data.image_cache import BYTES_PER_GIB, HEADER_BYTES, ImageCache, entry_key
from gre.errors import InputError

KEYS = [f"{number:02x}" * 32 for number in range(8)]
KIB = 1024


def arrays(value: int, num_bytes: int = 64 * KIB) -> dict[str, np.ndarray]:
    return {"patches": np.full(num_bytes, value, np.uint8), "grid": np.array([1, value, 2])}


def cache_of(folder: Path, kib: float) -> ImageCache:
    return ImageCache(folder, gib=kib * KIB / BYTES_PER_GIB)


def entries(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*/*.safetensors")}


def taken(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*"))


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    cache = cache_of(tmp_path / "made", 1024)
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], arrays(7))
    found = ImageCache(tmp_path / "made", gib=1).get(KEYS[0])
    assert found is not None
    assert found["patches"].dtype == np.uint8
    assert found["patches"].tolist() == [7] * 64 * KIB
    assert found["grid"].tolist() == [1, 7, 2]


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        flip_a_bit,
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 100),
    ],
    ids=["bit", "cut", "empty", "noise"],
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage, caplog) -> None:
    cache = cache_of(tmp_path, 1024)
    cache.put(KEYS[0], arrays(7))
    [path] = tmp_path.glob("*/*.safetensors")
    damage(path)
    assert cache.get(KEYS[0]) is None
    assert str(path) in caplog.text
    assert not path.exists()
    cache.put(KEYS[0], arrays(7))
    assert cache.get(KEYS[0]) is not None


def test_what_was_not_used_for_longest_gives_way(tmp_path: Path) -> None:
    # An entry books 64 KiB, 24 bytes of grid and 4 KiB for its header: three fit, a fourth does
    # not, and nine tenths of the limit hold two beside it.
    cache = cache_of(tmp_path, 250)
    for age, key in zip((30, 20, 10), KEYS[:3], strict=True):
        cache.put(key, arrays(1))
        [path] = tmp_path.glob(f"*/{key}*")
        os.utime(path, (1e9 - age, 1e9 - age))
    assert cache.get(KEYS[0]) is not None  # used just now
    cache.put(KEYS[3], arrays(1))
    assert entries(tmp_path) == {KEYS[0], KEYS[2], KEYS[3]}


def test_an_entry_larger_than_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, 100)
    cache.put(KEYS[0], arrays(1))
    cache.put(KEYS[1], arrays(1, 100 * KIB))
    assert entries(tmp_path) == {KEYS[0]}


@pytest.mark.parametrize("text", ["", "nonsense"])
def test_a_damaged_ledger_is_counted_anew(tmp_path: Path, text: str) -> None:
    cache = cache_of(tmp_path, 250)
    for key in KEYS[:3]:
        cache.put(key, arrays(1))
    (tmp_path / "ledger").write_text(text)
    cache.put(KEYS[3], arrays(1))
    assert taken(tmp_path) <= 250 * KIB


def test_what_a_dead_process_left_counts_and_goes(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, 250)
    (tmp_path / "aa").mkdir()
    dead = tmp_path / "aa" / f"key.1.{150 * KIB}.tmp"
    dead.touch()
    os.utime(dead, (1e9, 1e9))
    writing = tmp_path / "aa" / f"key.2.{64 * KIB + HEADER_BYTES}.tmp"
    writing.touch()
    for key in KEYS[:2]:
        cache.put(key, arrays(1))
    assert not dead.exists()
    assert writing.exists()
    assert entries(tmp_path) == set(KEYS[:2])


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"image_cache_dir .*file/cache: cannot be written"):
        ImageCache(tmp_path / "file" / "cache", gib=1)
    with pytest.raises(InputError, match="image_cache_gib must be > 0, got 0"):
        ImageCache(tmp_path, gib=0)


def test_a_disk_that_fails_is_told_once_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    cache = cache_of(tmp_path, 1024)
    monkeypatch.setattr("gre.data.image_cache.save_file", full)
    for key in KEYS:
        cache.put(key, arrays(1))
    assert caplog.text.count("No space left") == 1
    assert not list(tmp_path.glob("*/*"))


WRITER = """
import sys
from pathlib import Path
import numpy as np
from gre.data.image_cache import ImageCache, BYTES_PER_GIB
folder, limit, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
cache = ImageCache(folder, gib=limit / BYTES_PER_GIB)
print("ready", flush=True)
sys.stdin.readline()
rng = np.random.default_rng(seed)
most = 0
for _ in range(50):
    number = int(rng.integers(12))
    key = f"{number:02x}" * 32
    found = cache.get(key)
    if found is None:
        cache.put(key, {"patches": np.full(65536, number, np.uint8)})
    else:
        assert (found["patches"] == number).all(), number
    sizes = []
    for path in folder.glob("*/*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            pass
    most = max(most, sum(sizes))
print(most)
"""


def test_two_processes_share_it_and_never_pass_the_limit(tmp_path: Path) -> None:
    limit = 512 * KIB  # holds seven of the twelve entries that both ask for
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(limit), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        out, err = writer.communicate("go\n", timeout=120)
        assert writer.returncode == 0, err
        assert "damaged" not in err
        assert 0 < int(out) <= limit
    assert len(entries(tmp_path)) > 3


def test_a_key_changes_with_file_and_recipe(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"1")
    first = entry_key(photo, {"max_pixels": 1})
    assert first == entry_key(tmp_path / "." / "a.jpg", {"max_pixels": 1})
    assert first != entry_key(photo, {"max_pixels": 2})
    photo.write_bytes(b"22")
    assert first != entry_key(photo, {"max_pixels": 1})
