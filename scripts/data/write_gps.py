"""Copy the pictures of a record file into a folder, each with its position as a camera writes it.

    python scripts/data/write_gps.py work/world/dataset/gre_cot/gre_cot.json work/photos

So the sample world can stand for a folder of plain photos. The folder must be new.
"""

import argparse
from pathlib import Path

from PIL import ExifTags, Image

from gre.curation.leakage import read_training
from gre.geo.latlon import LatLon


def gps_exif(point: LatLon) -> Image.Exif:
    """EXIF that holds a position. Source: Exif 2.3, section 4.6.6."""
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N" if point.lat >= 0 else "S"
    gps[ExifTags.GPS.GPSLatitude] = degrees_minutes_seconds(abs(point.lat))
    gps[ExifTags.GPS.GPSLongitudeRef] = "E" if point.lon >= 0 else "W"
    gps[ExifTags.GPS.GPSLongitude] = degrees_minutes_seconds(abs(point.lon))
    return exif


def degrees_minutes_seconds(angle_deg: float) -> tuple[float, float, float]:
    """An angle, at least 0, in the three parts that EXIF holds."""
    degrees, rest = divmod(angle_deg, 1.0)
    minutes, rest = divmod(rest * 60.0, 1.0)
    return degrees, minutes, rest * 60.0


def main() -> None:
    """Read the arguments, write the folder, print a line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("records", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    records = read_training(given.records).records
    given.folder.mkdir(parents=True)
    for record in records:
        with Image.open(record.image_path) as image:
            path = given.folder / f"{record.image_path.stem}.jpg"
            image.convert("RGB").save(path, "JPEG", quality=95, exif=gps_exif(record.truth))
    print(f"{given.folder}: {len({r.image_path for r in records})} photos with GPS")


if __name__ == "__main__":
    main()
