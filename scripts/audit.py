"""Look for keys in the tree, and for published weaknesses in the pinned packages.

An audit that could look nothing up is "not audited", never passed: the tool asked here ends with
"No known vulnerabilities found" and 0 where the index knows none of the packages.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gre.hub.secrets import find_secrets

ROOT = Path(__file__).resolve().parents[1]
CLEAN, FOUND, NOT_AUDITED = 0, 1, 75
"""Exit codes; 75 is EX_TEMPFAIL of sysexits.h: it may work another time."""
TIMEOUT_S = 900
PROBE = "numpy"
"""Looked up first: an index that does not know it knows nothing."""


@dataclass(frozen=True)
class Audit:
    """What a look-up of packages gave.

    Attributes:
        found: A line for each weakness.
        num_looked_up: Packages that the service knows.
        num_skipped: Packages that it does not, or that could not be asked about.
    """

    found: tuple[str, ...]
    num_looked_up: int
    num_skipped: int

    @property
    def code(self) -> int:
        """The exit code: one package that was not looked up leaves the audit undone."""
        if self.found:
            return FOUND
        return CLEAN if self.num_looked_up and not self.num_skipped else NOT_AUDITED

    def sentence(self) -> str:
        """The outcome, for a person."""
        total = self.num_looked_up + self.num_skipped
        if self.found:
            return f"{len(self.found)} weaknesses in {self.num_looked_up} of {total} packages"
        if self.code == CLEAN:
            return f"no known weakness in {total} packages"
        return f"not audited: could not look up {self.num_skipped} of {total} packages"


def read_audit(text: str) -> Audit:
    """Read what pip-audit prints as JSON."""
    packages = json.loads(text)["dependencies"]
    known = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {weakness['id']}, fixed in"
        f" {', '.join(weakness.get('fix_versions', [])) or 'no version'}"
        for package in known
        for weakness in package.get("vulns", [])
    ]
    return Audit(tuple(found), len(known), len(packages) - len(known))


def audit_pins(pins: Sequence[str]) -> Audit:
    """Ask pip-audit about lines `name==version`; what cannot be asked about counts as skipped."""
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-f", "json"]
    command += ["--progress-spinner", "off", "--timeout", "10", "-r", "/dev/stdin"]
    nothing = Audit((), 0, len(pins))
    try:
        done = subprocess.run(
            command,
            input="\n".join(pins) + "\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        return read_audit(done.stdout)
    except (ValueError, KeyError):
        why = done.stderr.strip().splitlines()
        print(f"pip-audit: {why[-1] if why else 'said nothing'}", file=sys.stderr)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"pip-audit: {error}", file=sys.stderr)
    return nothing


def audit_dependencies() -> int:
    """Audit constraints.txt, the probe first; print the outcome."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if "==" in line and not line.startswith("#")]
    audit = audit_pins([pin for pin in pins if pin.startswith(f"{PROBE}==")])
    audit = audit_pins(pins) if audit.num_looked_up else Audit((), 0, len(pins))
    for line in audit.found:
        print(line)
    print(audit.sentence())
    return audit.code


def list_files(folder: Path) -> list[Path]:
    """Files that Git knows or would add; without Git, all."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        return sorted(path for path in folder.rglob("*") if path.is_file())
    names = sorted({name for name in done.stdout.decode().split("\0") if name})
    return [folder / name for name in names if (folder / name).is_file()]


def scan(folder: Path) -> int:
    """Print file, line and kind of everything that looks like a key; never the key."""
    files, num_found = list_files(folder), 0
    for path in files:
        text = path.read_bytes().decode("utf-8", errors="replace")
        for finding in find_secrets(text):
            num_found += 1
            print(f"{path.relative_to(folder)}:{finding.line}: {finding.kind}")
    print(f"{num_found} possible secrets in {len(files)} files")
    return FOUND if num_found else CLEAN


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(description="Exit: 0 clean, 1 found, 75 not audited.")
    parser.add_argument("what", choices=("secrets", "dependencies"))
    parser.add_argument("--folder", type=Path, default=ROOT, help="tree to scan for secrets")
    given = parser.parse_args()
    return scan(given.folder) if given.what == "secrets" else audit_dependencies()


if __name__ == "__main__":
    sys.exit(main())
