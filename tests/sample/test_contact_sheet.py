"""The contact sheet: one tile per city, a size fit for a README."""

from pathlib import Path

import pytest
from PIL import Image

from gre.errors import InputError
from gre.sample.contact_sheet import _varied_scenes, write_contact_sheet


def test_the_sheet_has_the_asked_tiles(tmp_path):
    write_contact_sheet(tmp_path / "new" / "sheet.jpg", seed=1, columns=3, rows=2)
    with Image.open(tmp_path / "new" / "sheet.jpg") as sheet:
        # 3 tiles of 224 and 4 gaps of 6; 2 rows of 168 + 18 and 3 gaps of 6.
        assert sheet.size == (696, 390)


def test_no_city_is_shown_twice_before_all_were_shown():
    scenes = _varied_scenes(1, 60)
    assert len({scene.city.name for scene in scenes}) == 60
    assert not any(scene.ambiguous for scene in scenes)


@pytest.mark.parametrize(("columns", "rows"), [(0, 4), (6, -1), (100, 100)])
def test_an_impossible_sheet_is_refused(tmp_path, columns, rows):
    with pytest.raises(InputError, match="contact sheet: got"):
        write_contact_sheet(tmp_path / "sheet.jpg", columns=columns, rows=rows)


def test_a_place_that_takes_no_files_is_refused():
    with pytest.raises(InputError, match="/proc takes no files"):
        write_contact_sheet(Path("/proc/x/sheet.jpg"))
