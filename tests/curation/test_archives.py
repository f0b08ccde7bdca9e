"""Photos in folders and shards are found and read without unpacking anything."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from gre.curation import archives
from gre.curation.archives import Member, list_members, list_stores, photo_file
from gre.data.images import ImageError
from gre.errors import InputError
from tests.curation.making import jpeg_bytes

LONG = "deep/" * 30 + "long.jpg"  # over 100 characters: tar writes it in a header of its own


def make_tar(path: Path, names: list[str]) -> None:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for number, name in enumerate(names):
            data = jpeg_bytes(number)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)


def all_members(store: Path) -> list[Member]:
    members: list[Member] = []
    start: int | None = 0
    while start is not None:
        some, start = list_members(store, start)
        members += some
    return members


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_a_tar_is_listed_in_chunks_and_read_at_offsets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(archives, "CHUNK_MEMBERS", chunk)
    make_tar(tmp_path / "a.tar", ["00/1.jpg", LONG, "note.txt", "../out.jpg"])
    members = all_members(tmp_path / "a.tar")
    assert [member.path for member in members] == ["00/1.jpg", LONG, "../out.jpg"]
    for number, member in zip((0, 1, 3), members, strict=True):
        with photo_file(member) as path:
            assert path.read_bytes() == jpeg_bytes(number)
        assert not path.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar"]  # "../out.jpg" led nowhere


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_zip_is_read_member_by_member(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("00/1.jpg", jpeg_bytes(1))
        archive.writestr("00/2.jpg", jpeg_bytes(2))
    member = all_members(tmp_path / "a.zip")[1]
    if method == zipfile.ZIP_LZMA:
        with pytest.raises(ImageError, match="must be stored or deflated"), photo_file(member):
            pass
        return
    with photo_file(member) as path:
        assert path.read_bytes() == jpeg_bytes(2)


def test_a_folder_is_walked_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "a/1.png", "a/note.txt", ".git/3.jpg", "a/._1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [member.path for member in all_members(tmp_path)] == ["a/1.png", "b/2.JPG"]


def test_a_folder_of_shards_stands_for_its_shards(tmp_path: Path) -> None:
    for name in ("01.tar", "00.tar"):
        make_tar(tmp_path / name, ["x.jpg"])
    assert [store.name for store in list_stores([tmp_path])] == ["00.tar", "01.tar"]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.tar.gz", b"", "plain .tar"),
        ("a.rar", b"", "must be a folder"),
        ("missing.tar", None, "no such file"),
    ],
)
def test_stores_that_cannot_be_used(
    tmp_path: Path, name: str, data: bytes | None, says: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=says):
        list_stores([tmp_path / name])


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_a_damaged_shard_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x01nothing of the kind" * 99)
    with pytest.raises(InputError, match="is damaged"):
        list_members(tmp_path / name, 0)
