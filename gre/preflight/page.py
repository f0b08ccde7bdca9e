"""The findings as one page that opens offline."""

from pathlib import Path

from gre.evaluation.pages.page import write_page
from gre.preflight.check import CheckResult
from gre.preflight.findings import SEVERITIES

HEADLINES = {
    "error": "Errors: the run should not be launched",
    "warning": "Warnings: worth a look before a GPU is paid for",
    "note": "Facts",
    "ok": "Looked at and sound",
}


def write_check_page(result: CheckResult, out: Path) -> None:
    """Write the page; it appears whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    counts = result.findings.counts()
    groups = [
        {
            "id": severity,
            "title": HEADLINES[severity],
            "rows": [item for item in result.findings.items if item.severity == severity],
        }
        for severity in SEVERITIES
        if counts[severity]
    ]
    context = {
        "title": f"Preflight of {result.config.name}",
        "verdict": "Do not launch yet"
        if result.findings.has_errors
        else "Nothing stands in the way",
        "counts": counts,
        "groups": groups,
        "tables": result.tables,
        "stage": result.stage,
        "config": str(result.config),
        "seconds": f"{result.seconds:,.0f}",
    }
    write_page(out, "check.html", context, scripts=())
