"""Every page in a real Chromium: axe finds no serious barrier, and nothing sticks out.

The app has the same checks in its own test.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gre.curation.leakage import Leakage, NamedBenchmark, Nearness, SuspiciousPair, read_training
from gre.curation.leakage_files import write_leakage
from gre.evaluation.benchmarks.loading import load_benchmark
from gre.evaluation.pages.map_page import write_map_page
from gre.evaluation.report.page import write_report
from gre.evaluation.rollouts.page import write_rollouts_page
from gre.preflight.check import CheckResult
from gre.preflight.findings import Finding, Findings
from gre.preflight.forecast import Table
from gre.preflight.page import write_check_page
from tests.evaluation.conftest import make_photo, make_run
from tests.evaluation.rollout_maker import make_training

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

WIDTHS = (390, 1280)


def write_report_page(folder: Path, out: Path, sample_world: Path) -> None:
    runs = [
        make_run(folder / "before", name="untrained", typical_km=7000, seed=1),
        make_run(folder / "after", name="stage 1", typical_km=150, seed=2),
    ]
    write_report(runs, out)


def write_rollouts(folder: Path, out: Path, sample_world: Path) -> None:
    write_rollouts_page(make_training(folder / "stage3", sample_world), out)


def write_map(folder: Path, out: Path, sample_world: Path) -> None:
    make_photo(folder / "a.jpg", seed=1)
    row = {"photo": str(folder / "a.jpg"), "status": "ok", "reason": None, "city": "Arezzo"}
    row |= {"country": "Italy", "lat": 43.4, "lon": 11.8, "gt_lat": 40.0, "gt_lon": 9.0}
    row |= {"error_km": 440.0, "radius_km": 300.0, "reasoning": "1. Cypress trees // 2. Vines"}
    unread = dict.fromkeys(row) | {"photo": "b.jpg", "status": "failed", "reason": "refusal"}
    write_map_page([row, unread], out)


def write_preflight(folder: Path, out: Path, sample_world: Path) -> None:
    severities = ("error", "warning", "note", "ok")
    items = [
        Finding(
            name, "images", f"{'long/' * 30}: 3 cannot be opened", (f"{'long/' * 30}a.jpg: cut",)
        )
        for name in severities
    ]
    table = Table("Memory of a GPU, 8 in all, GB", ("ZeRO", "weights"), (("2", "15.5"),))
    result = CheckResult("sft", Path("configs/stage1_sft.yaml"), Findings(items), [table], 12.0)
    write_check_page(result, out)


def write_leakage_page(folder: Path, out: Path, sample_world: Path) -> None:
    training = read_training(sample_world / "dataset/gre_seed/gre_seed.jsonl")
    benchmark = NamedBenchmark(
        "im2gps3k", load_benchmark("greval_bench", sample_world / "bench/test")
    )
    near = {"im2gps3k": Nearness({"1": 100.0, "25": 100.0}, {"1": 50.0, "25": 60.0})}
    pairs = [SuspiciousPair(i, i, "im2gps3k", 4 + i, i == 1, 12.5) for i in range(3)]
    nearest_km = np.zeros(len(training.records))
    write_leakage(
        folder / "out",
        training,
        [benchmark],
        Leakage(pairs, near, nearest_km, (), ("c.jpg: is empty",)),
        keeps_mirrored=False,
        drop_within_km=None,
    )
    shutil.copy(folder / "out" / "leakage.html", out)


PAGES = {
    "report": write_report_page,
    "rollouts": write_rollouts,
    "map": write_map,
    "preflight": write_preflight,
    "leakage": write_leakage_page,
}


@pytest.mark.parametrize("page_name", PAGES)
def test_axe_finds_no_barrier_and_nothing_sticks_out(browser, sample_world, tmp_path, page_name):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    out = tmp_path / "page" / f"{page_name}.html"
    out.parent.mkdir()
    PAGES[page_name](tmp_path, out, sample_world)
    found, widths = [], []
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            page.goto(out.as_uri())
            widths.append(page.evaluate("document.documentElement.scrollWidth"))
            found += [
                (scheme, width, item["id"], [node["html"][:200] for node in item["nodes"]][:3])
                for item in axe.run(page).response["violations"]
                if item["impact"] in ("serious", "critical")
            ]
            context.close()
    assert found == []
    assert widths == [*WIDTHS, *WIDTHS]
