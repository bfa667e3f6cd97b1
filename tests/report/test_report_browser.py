"""The report as a reader meets it: opened from disk in headless Chromium, with a real mouse."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwnas.choose import select
from hwnas.core.limits import Limit
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.engine.front_files import front_csv
from hwnas.errors import NoCandidateError
from hwnas.report import (
    EarlierFront,
    ReportData,
    Side,
    compare_fronts,
    curves_of,
    write_comparison,
    write_curves,
    write_report,
)
from hwnas.spaces import load_space
from tests.report.fronts import AnyTextSpace, staircase
from tests.report.test_curves_of_runs import BEST, ENDS, QUICK, searched

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ATTACK = "<img src=x onerror='window.hacked = 1'><b>bold</b>%{x}"
PICKS = "#scatter .trace:nth-child(3) .points path"
SELECTED = "#table tr[aria-selected='true']"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium or chromedriver is missing; install chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


class Reader:
    """Someone with the page open.

    Args:
        browser: The WebDriver.
    """

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def find(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[Any]:
        return list(self.browser.find_elements(By.CSS_SELECTOR, selector))

    def texts(self, selector: str) -> list[str]:
        return [found.text for found in self.all(selector)]

    def mouse(self) -> Any:
        return ActionChains(self.browser)

    def scroll_to(self, selector: str) -> None:
        self.browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", self.find(selector)
        )

    def point(self, row: int) -> Any:
        """The drawn point of an architecture; all must have values on both axes."""
        return self.all("#scatter .trace:first-child .points path")[row]

    def rows(self) -> list[int]:
        """Positions in the front of the table's rows on show, from top to bottom."""
        found: list[int] = self.browser.execute_script(
            "return [...document.querySelectorAll('#table tbody tr')]"
            ".filter((line) => line.offsetHeight > 0).map((line) => Number(line.dataset.row))"
        )
        return found

    def type(self, box: int, text: str) -> None:
        """Type into the limit box of a column; the plots follow a moment later."""
        field = self.find(f"#limit-{box}")
        field.clear()
        field.send_keys(text)

    def picked(self) -> tuple[int, int]:
        """Rows that the table marks as pick and as runner-up."""
        marked = {
            label.text: int(label.find_element(By.XPATH, "../..").get_attribute("data-row"))
            for label in self.all("#table td.row-number small")
        }
        return marked["\N{BLACK STAR} pick"], marked["\N{BLACK DIAMOND} runner-up"]

    def scrolls_sideways(self) -> bool:
        # Not innerWidth, which counts the page's own scrollbar.
        root = "document.documentElement"
        widths = f"return {root}.scrollWidth > {root}.clientWidth"
        return bool(self.browser.execute_script(widths))

    def until(self, is_so: Callable[[], object]) -> None:
        WebDriverWait(self.browser, 10).until(lambda _: is_so())

    def centre(self, drawn: Any) -> np.ndarray:
        """Middle of an element, in pixels of the window."""
        box = self.browser.execute_script(
            "const b = arguments[0].getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]",
            drawn,
        )
        return np.array(box)


def show(browser: Any, page: Path, width: int, height: int) -> Reader:
    """A page on a screen of some size; windows cannot be as narrow as phones are."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    return Reader(browser)


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Reader]]:
    """Opens a report in a window of a given size, and finds no error in the log at the end."""

    def open_report(report: ReportData, width: int = 1280, height: int = 1600) -> Reader:
        write_report(report, tmp_path / "report.html")
        return show(browser, tmp_path / "report.html", width, height)

    browser.get_log("browser")
    yield open_report
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []


OpenPage = Callable[..., Reader]
MakeReport = Callable[..., ReportData]


def test_page_draws_everything_and_loads_nothing(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(12))
    assert len(reader.all("#scatter .trace:first-child .points path")) == 12
    assert len(reader.all("#parallel .lines path")) == 12
    assert len(reader.rows()) == 12
    assert len(reader.all("#history .points path")) == 2
    loaded = "return performance.getEntriesByType('resource').length"
    assert reader.browser.execute_script(loaded) == 0


def test_a_click_on_a_point_selects_the_architecture_everywhere(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    report = make_report(40)
    reader = open_page(report)
    reader.mouse().move_to_element(reader.point(30)).click().perform()
    reader.until(lambda: reader.all(SELECTED))
    assert reader.find(SELECTED).get_attribute("data-row") == "30"
    box, line = reader.find("#table").rect, reader.find(SELECTED).rect
    assert box["y"] <= line["y"]
    assert line["y"] + line["height"] <= box["y"] + box["height"] + 1
    assert reader.find("#detail code").text == report.front.archs[30]
    chosen = reader.find("#parallel .chosen").get_attribute("d")
    assert chosen == reader.all("#parallel .lines path")[30].get_attribute("d")


def test_the_cell_is_drawn_with_its_operations(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    text = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
    reader = open_page(make_report(1, archs=(text,)))
    reader.find("#table tbody tr").click()
    # In the order of the genes: edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3.
    assert reader.texts("#detail .edge text") == [
        "nor_conv_3x3",
        "avg_pool_3x3",
        "skip_connect",
        "nor_conv_1x1",
    ]
    assert len(reader.all("#detail .edge.absent")) == 2
    assert reader.texts("#detail .node text") == ["in", "1", "2", "out"]


def test_a_space_without_a_cell_is_drawn_as_a_strip(
    open_page: OpenPage, make_report: MakeReport, any_text: SearchSpace
) -> None:
    reader = open_page(make_report(1, space=any_text))
    assert reader.texts("#detail .block") == ["block 1\nkernel 2", "block 2\nkernel 1"]


def test_a_chain_is_drawn_stage_by_stage(open_page: OpenPage, make_report: MakeReport) -> None:
    archs = ("7-8181-4888-7414-7327-3242-4",)
    reader = open_page(make_report(1, space=load_space("fbnet"), archs=archs))
    assert reader.texts("#detail .stage h3")[:2] == ["stage 1: 16 channels", "stage 2: 24 channels"]
    assert reader.texts("#detail .block")[:3] == [
        "layer 1\nkernel 5\nexpansion 6",
        "layer 2\nskipped\n1x1 convolution",
        "layer 3\nkernel 3\nexpansion 1\ngroups 2",
    ]
    assert len(reader.all("#detail .block")) == 22


def test_a_click_on_a_row_rings_its_point(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(12))
    reader.find("#table tr[data-row='4']").click()
    ring = reader.find("#scatter .trace:nth-child(2) .points path")
    assert np.allclose(reader.centre(ring), reader.centre(reader.point(4)), atol=1.0)


def test_a_click_on_a_line_selects_its_row(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(2))
    reader.scroll_to("#parallel")
    # WebDriver's own click aims at the middle of the line's box, where there may be no line.
    x, y = reader.browser.execute_script(
        "const line = document.querySelector('#parallel [data-row=\"1\"]');"
        "const box = line.ownerSVGElement.getBoundingClientRect();"
        "const at = line.getPointAtLength(60); return [box.x + at.x, box.y + at.y]"
    )
    mouse = reader.mouse()
    mouse.w3c_actions.pointer_action.move_to_location(round(x), round(y)).click()
    mouse.perform()
    assert reader.find(SELECTED).get_attribute("data-row") == "1"


def test_a_click_on_a_heading_sorts_the_table(open_page: OpenPage, make_report: MakeReport) -> None:
    values = np.array([[90.0, 3.0, 1, 1], [92.0, np.nan, 1, 1], [91.0, 1.0, 1, 1], [93.0, 2, 1, 1]])
    reader = open_page(make_report(4, values=values))
    assert reader.rows() == [0, 1, 2, 3]
    reader.all("#table thead button")[1].click()
    assert reader.rows() == [3, 1, 2, 0]
    latency = reader.all("#table thead button")[2]
    latency.click()
    assert reader.rows() == [2, 3, 0, 1]
    latency.click()
    assert reader.rows() == [0, 3, 2, 1]
    assert [head.get_attribute("aria-sort") for head in reader.all("#table th.number")] == [
        "none",
        "descending",
        "none",
        "none",
    ]


def test_the_arrow_keys_move_the_selection(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(3))
    first = reader.find("#table tr[data-row='0']")
    first.click()
    first.send_keys("\ue015")  # arrow down
    assert reader.find(SELECTED).get_attribute("data-row") == "1"


def test_the_table_heads_say_unit_and_source(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(3))
    assert reader.texts("#table thead small") == [
        "% · predicted",
        "ms · tabulated",
        "mJ · predicted",
        "counted, not optimised",
    ]


def test_unknown_values_are_dashes_and_intervals_stand_below(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    values = np.array([[90.0, np.nan, 1.5, 1.2e6]])
    reader = open_page(make_report(1, values=values))
    assert reader.texts("#table tbody td.number") == [
        "90.00\n89.80 to 90.20",
        "\N{EN DASH}",
        "1.500\n1.300 to 1.700",
        "1.200 M",
    ]
    assert reader.find("#scatter-note").text.endswith("1 of 1.")


def test_other_axes_can_be_chosen(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(6))
    assert reader.find("#scatter .xtitle").text == "Latency (ms), lower is better"
    Select(reader.find("#axis-x")).select_by_visible_text("Parameters")
    Select(reader.find("#axis-y")).select_by_visible_text("Energy (mJ)")
    Select(reader.find("#axis-colour")).select_by_visible_text("one colour")
    assert reader.find("#scatter .xtitle").text == "Parameters, lower is better"
    assert reader.find("#scatter .ytitle").text == "Energy (mJ), lower is better"
    assert reader.all("#scatter .colorbar") == []
    # Parameters fall with the row, energy rises: the points go left and up.
    centres = np.array([reader.centre(reader.point(row)) for row in range(6)])
    assert (np.diff(centres, axis=0) < 0).all()


def test_intervals_can_be_shown(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(6))
    assert reader.all("#scatter .yerror") == []
    reader.find("#intervals").click()
    assert len(reader.all("#scatter .yerror")) == 6


def test_a_drag_along_an_axis_filters_and_the_button_lets_go(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(11))
    reader.scroll_to("#parallel")
    handle = reader.find("#parallel .handle[data-column='0']")
    top = -handle.size["height"] // 2
    mouse = reader.mouse().move_to_element_with_offset(handle, 0, top + 2).click_and_hold()
    mouse.move_by_offset(0, 60).move_by_offset(0, 88).release().perform()
    # A little more than half of the accuracy axis, from its better end: rows are 0.5 % apart
    # and eleven of them span it.
    reader.until(lambda: reader.rows() == [0, 1, 2, 3, 4, 5])
    faint = [float(reader.point(row).value_of_css_property("opacity")) < 0.5 for row in range(11)]
    assert faint == [False] * 6 + [True] * 5
    assert len(reader.all("#parallel .lines path.off")) == 5
    reader.find("#reset").click()
    reader.until(lambda: len(reader.rows()) == 11)


def test_the_copy_button_answers(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(1))
    reader.find("#table tbody tr").click()
    reader.find("#detail .copy").click()
    reader.until(lambda: reader.find("#detail .copy").text in ("Copied", "Selected"))


def test_no_button_sends_the_data_anywhere(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(3))
    titles = {button.get_attribute("data-title") for button in reader.all(".modebar-btn")}
    assert titles == {"Download plot as a PNG", "Zoom", "Pan", "Reset axes"}


def test_markup_in_a_run_is_shown_as_text(
    open_page: OpenPage, make_report: MakeReport, any_text: SearchSpace
) -> None:
    specs = [ObjectiveSpec(f"c{at}", ATTACK, "min", "custom", ATTACK, ATTACK) for at in range(3)]
    report = make_report(
        2, title=ATTACK, space=any_text, archs=(ATTACK, "other"), columns=tuple(specs)
    )
    reader = open_page(report)
    reader.find("#table tr[data-row='0']").click()
    reader.mouse().move_to_element(reader.point(0)).perform()
    reader.until(lambda: reader.all("#scatter .hovertext text"))
    # The architecture, and title and unit of three columns.
    assert reader.find("#scatter .hovertext").get_attribute("textContent").count(ATTACK) == 7
    assert ATTACK in reader.find("#scatter .xtitle").text
    assert reader.find("h1").text == ATTACK
    assert reader.find("#detail code").text == ATTACK
    assert reader.all("img, #table b, code b") == []
    assert reader.browser.execute_script("return window.hacked") is None


def test_an_empty_front_says_so(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(0))
    assert reader.find(".message h2").text == "The front is empty"
    assert not reader.find("#front").is_displayed()
    assert len(reader.all("#history .points path")) == 2


def test_a_single_objective_is_drawn(open_page: OpenPage, make_report: MakeReport) -> None:
    accuracy = ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy")
    reader = open_page(make_report(1, columns=(accuracy,), history=()))
    assert len(reader.all("#scatter .trace:first-child .points path")) == 1
    assert reader.rows() == [0]
    assert not reader.find("#history").is_displayed()


@pytest.mark.parametrize("width", [390, 700])
def test_a_narrow_window_does_not_scroll_sideways(
    open_page: OpenPage, make_report: MakeReport, width: int
) -> None:
    reader = open_page(make_report(12), width=width)
    reader.find("#table tbody tr").click()
    assert not reader.scrolls_sideways()


def test_a_window_that_narrows_does_not_scroll_sideways(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(12), width=1440)
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    reader.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    # At once, before the plots follow.
    assert not reader.scrolls_sideways()


def test_long_names_do_not_widen_the_page(
    open_page: OpenPage, make_report: MakeReport, any_text: SearchSpace
) -> None:
    title = "Robust accuracy (APGD-CE, eps 1/255, 100 steps, batch 32, int8) " * 3
    columns = tuple(
        ObjectiveSpec(f"c{at}", "milli-joules-per-inference", "min", "custom", title + str(at))
        for at in range(4)
    )
    parts = {"title": "x" * 200, "archs": ("y" * 400,) * 3, "columns": columns}
    report = make_report(3, space=any_text, **parts)
    reader = open_page(report, width=390)
    assert not reader.scrolls_sideways()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("space", ["nasbench201", "fbnet", "mnasnet"])
def test_strings_of_architectures_break_between_operations(
    open_page: OpenPage, make_report: MakeReport, space: str, width: int
) -> None:
    searched = load_space(space)
    archs = tuple(map(str, searched.sample(6, np.random.default_rng(0))))
    reader = open_page(make_report(6, space=searched, archs=archs), width=width)
    reader.find("#table tr[data-row='0']").click()
    n_broken, texts, copied = reader.browser.execute_script(
        "const ranged = (node) => {"
        "  const range = document.createRange(); range.selectNodeContents(node); return range; };"
        "const strings = [...document.querySelectorAll('td.arch'),"
        "  document.querySelector('#detail .string code')];"
        "const parts = strings.flatMap((each) => [...each.childNodes]).filter((each) => each.data);"
        "const broken = parts.filter((each) => ranged(each).getClientRects().length > 1);"
        "const copied = strings.map((each) => {"
        "  getSelection().selectAllChildren(each); return getSelection().toString(); });"
        "return [broken.length, parts.map((each) => each.data), copied]"
    )
    assert n_broken == 0
    assert {text[-1] for text in texts} - set("|+-") <= {arch[-1] for arch in archs}
    assert len(texts) > len(copied) == 7
    assert set(copied) == set(archs)


@pytest.mark.parametrize("n_notes", [0, 3, 12])
def test_the_plot_and_its_axis_stand_on_the_first_screen(
    open_page: OpenPage, make_report: MakeReport, n_notes: int
) -> None:
    notes = ("A note that takes more than one line on a screen, as notes do: " * 4,) * n_notes
    reader = open_page(make_report(12, notes=notes), width=1440, height=900)
    axis = reader.find("#scatter .xtitle").rect
    assert axis["y"] + axis["height"] <= 900


def test_bars_of_importance_are_drawn_to_scale(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    figures = {"a": 0.8, "b": 0.4, "c": 0.0}
    importances = {
        "n_repeats": 20,
        "set": {name: {"drop": drop, "std": 0.01} for name, drop in figures.items()},
        "kind": {},
        "feature": {f"graph/{'max_on_path(' + 'none+' * 30}": {"drop": 0.2, "std": 0.01}},
    }
    spec = ObjectiveSpec("c0", "", "min", "predicted", "Column", importances=importances)
    reader = open_page(make_report(1, columns=(spec,)), width=700)
    widths = [bar.size["width"] for bar in reader.all("#basis .bar div")]
    full = reader.find("#basis .bar").size["width"]
    assert widths == pytest.approx([full, full / 2, 1, full / 4], abs=1.5)
    assert reader.texts("#basis .number")[:2] == ["0.800 ± 0.010", "0.400 ± 0.010"]
    page, window = reader.browser.execute_script(
        "return [document.documentElement.scrollWidth, innerWidth]"
    )
    assert page <= window
    assert not reader.find("#basis dl").is_displayed()
    reader.find("#basis summary").click()
    assert reader.find("#basis dl").is_displayed()


def test_a_front_of_many_architectures_is_drawn(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    rng = np.random.default_rng(0)
    reader = open_page(make_report(1500, values=rng.uniform(1, 9, (1500, 4))))
    count = "return document.querySelectorAll(arguments[0]).length"
    assert reader.browser.execute_script(count, "#table tbody tr") == 1500
    assert reader.browser.execute_script(count, "#scatter .trace:first-child .points path") == 1500


def test_pick_and_runner_up_are_marked_in_plot_lines_and_table(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    report = make_report(12)
    assert report.selection is not None
    assert report.selection.runner_up is not None
    rows = report.selection.pick.index, report.selection.runner_up.index
    reader = open_page(report)
    assert reader.picked() == rows
    assert reader.find("#pick b").text == f"Pick: row {rows[0] + 1} of 12"
    for row, mark, line in zip(rows, reader.all(PICKS), (".pick", ".runner-up"), strict=True):
        assert np.allclose(reader.centre(mark), reader.centre(reader.point(row)), atol=2.0)
        drawn = reader.find(f"#parallel {line}").get_attribute("d")
        assert drawn == reader.all("#parallel .lines path")[row].get_attribute("d")
    # Apart without colour: other shapes, and one of the lines is broken.
    assert len({mark.get_attribute("d") for mark in reader.all(PICKS)}) == 2
    dashes = [
        reader.find(f"#parallel {line}").value_of_css_property("stroke-dasharray")
        for line in (".pick", ".runner-up")
    ]
    assert dashes == ["none", "7px, 5px"]


def test_limits_choose_what_select_chooses(open_page: OpenPage, make_report: MakeReport) -> None:
    rng = np.random.default_rng(3)
    # Few different values, so that ties are broken too.
    values = rng.integers(1, 9, (60, 4)).astype(float)
    values[:, 0] += 80
    archs = tuple(rng.permutation([f"|{number}|" for number in range(60)]).tolist())
    report = make_report(60, values=values, archs=archs, space=AnyTextSpace())
    reader = open_page(report)
    names = [spec.column for spec in report.front.columns]
    n_chosen = 0
    for _ in range(12):
        if reader.find("#reset").is_displayed():
            reader.find("#reset").click()
        limited = rng.choice(4, size=rng.integers(1, 4), replace=False)
        bounds = {int(at): float(rng.integers(3, 9) + 80 * (at == 0)) for at in limited}
        for at, bound in bounds.items():
            reader.type(at, f"{bound:g}")
        at_most = {names[at]: bound for at, bound in bounds.items() if at}
        at_least = {names[at]: bound for at, bound in bounds.items() if not at}
        try:
            chosen = select(report.front, at_most, at_least)
        except NoCandidateError:
            assert reader.find("#pick b").text == "Nothing to pick"
            continue
        n_chosen += 1
        assert reader.find("#pick b").text == f"Pick: row {chosen.pick.index + 1} of 60"
        assert len(reader.rows()) == chosen.n_candidates
        if chosen.runner_up is not None:
            assert reader.picked() == (chosen.pick.index, chosen.runner_up.index)
    assert n_chosen > 5


def test_the_command_that_chooses_the_same_is_ready_for_a_shell(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(12))
    reader.type(1, "7.5")
    reader.type(3, "1.1M")
    assert shlex.split(reader.find("#select-command code").text) == [
        "hwnas", "select", "runs/a run",
        "--constraint", "latency_ms<=7.5", "--constraint", "params<=1100000",
    ]  # fmt: skip
    reader.find("#table tr[data-row='11']").click()
    export = reader.all("#detail code")[1].text
    assert shlex.split(export) == ["hwnas", "export", "runs/a run#12", "--out", "model.onnx"]


def test_limits_that_leave_nothing_are_explained_as_select_explains_them(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    rng = np.random.default_rng(5)
    values = rng.uniform(1, 9, (40, 4))
    values[:, 0] += 80
    values[rng.integers(0, 40, 12), rng.integers(1, 4, 12)] = np.nan
    archs = tuple(f"|{number:02}|" for number in rng.permutation(40))
    report = make_report(40, values=values, archs=archs, space=AnyTextSpace())
    reader = open_page(report)
    columns = report.front.columns
    for _ in range(10):
        if reader.find("#reset").is_displayed():
            reader.find("#reset").click()
        limited = sorted(rng.choice(4, size=rng.integers(2, 5), replace=False))
        limits = []
        for at in limited:
            bound = round(float(rng.uniform(0.5, 2) if at else rng.uniform(86, 89)), 2)
            reader.type(int(at), f"{bound:g}")
            limits.append(Limit(columns[at].column, "<=" if at else ">=", bound))
        try:
            select(report.front, constraints=limits)
            continue
        except NoCandidateError as error:
            said = str(error)
        shown = reader.find("#pick").text
        tightest = re.search(
            r"The tightest is (\w+) .*?: of the 40 on the front, (.*?)\. The", said
        )
        nearest = re.search(r"The nearest, (\S+),", said)
        assert tightest is not None
        assert nearest is not None
        title = next(spec.title for spec in columns if spec.column == tightest[1])
        assert f"The tightest is {title} of at " in shown
        assert f": of the 40, {tightest[2]}. " in shown
        assert f"The nearest, row {archs.index(nearest[1]) + 1}, has " in shown
        bounds = re.compile(r"([Rr]aise|[Ll]ower) .*? to ([0-9]+(?:\.[0-9]+)?)")
        assert bounds.findall(shown.partition("The nearest")[2]) == bounds.findall(
            said.partition("The nearest")[2]
        )


def test_a_share_in_place_of_a_percentage_is_asked_about(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(12))
    reader.type(0, "0.9")
    assert reader.find("#limit-0-problem").text.endswith("Was 90 meant?")
    assert reader.find("#limit-0").get_attribute("aria-invalid") == "false"
    reader.type(0, "90")
    assert reader.find("#limit-0-problem").text == ""


def test_no_word_lies_on_the_points_of_a_narrow_plot(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(12), width=390)
    assert reader.all("#scatter .annotation-text") == []
    assert reader.find("#scatter-note").text == (
        "\N{BLACK STAR} pick, \N{BLACK DIAMOND} runner-up."
    )


def test_limits_that_cannot_be_are_told_and_not_applied(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(12))
    no_number = "must be a number, such as 4.5"
    for column, text, problem in (
        (1, "0", "must be above 0"),
        (1, "-5", "must be above 0"),
        (0, "101", "must be from 0 to 100"),
        (1, "4,5", no_number),
        (1, "1_0", no_number),
        (1, "nan", no_number),
    ):
        reader.type(column, text)
        assert reader.find(f"#limit-{column}-problem").text == problem
        assert reader.find(f"#limit-{column}").get_attribute("aria-invalid") == "true"
        assert len(reader.rows()) == 12
        assert "--constraint" not in reader.find("#select-command code").text


def test_limits_are_drawn_in_both_plots(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(12, limits=(Limit("latency_ms", "<=", 8.9),)))
    assert reader.texts("#scatter .annotation-text")[0] == "search \N{LESS-THAN OR EQUAL TO} 8.9"
    assert len(reader.all("#parallel .limit-mark")) == 1
    reader.type(0, "92")
    reader.until(lambda: len(reader.all("#parallel .limit-mark")) == 2)
    assert len(reader.all("#scatter .shapelayer path")) == 2


def test_rows_on_show_can_be_downloaded_as_front_csv_has_them(
    open_page: OpenPage, make_report: MakeReport, tmp_path: Path
) -> None:
    report = make_report(12)
    reader = open_page(report)
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    reader.browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    path = tmp_path / "front-rows.csv"
    written = list(csv.DictReader(front_csv(report.front).splitlines()))
    for limit, kept in (("", written), ("6.5", written[10:])):
        path.unlink(missing_ok=True)
        reader.type(1, limit)
        reader.find("#csv").click()
        reader.until(path.exists)
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            found = list(rows)
        assert rows.fieldnames == list(written[0])
        assert [row["row"] for row in found] == [row["row"] for row in kept]
        assert [_numbers(row) for row in found] == [_numbers(row) for row in kept]


def _numbers(row: dict[str, str]) -> dict[str, str | float]:
    """Cells of a row, numbers as numbers: 1e-7 is 1e-07."""
    is_text = ("arch", "_source")
    return {
        name: cell if name.endswith(is_text) or not cell else float(cell)
        for name, cell in row.items()
    }


def test_fronts_on_the_way_are_layers_with_other_marks(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    earlier = (EarlierFront(10, 3, staircase(4)), EarlierFront(50, 15, staircase(6)))
    reader = open_page(make_report(12, earlier=earlier))
    assert reader.all("#scatter .legend") == []
    reader.find("#earlier").click()
    assert reader.texts("#scatter .legendtext") == [
        "the front",
        "after 10 % (3 evaluated)",
        "after 50 % (15 evaluated)",
    ]
    traces = reader.all("#scatter .trace")
    marks = [
        trace.find_elements(By.CSS_SELECTOR, ".points path") for trace in (traces[0], *traces[-2:])
    ]
    assert [len(each) for each in marks] == [12, 4, 6]
    assert len({each[0].get_attribute("d") for each in marks}) == 3


def test_a_keyboard_reaches_limits_table_and_buttons(
    open_page: OpenPage, make_report: MakeReport
) -> None:
    reader = open_page(make_report(12))
    reached = []
    for _ in range(60):
        ActionChains(reader.browser).send_keys(Keys.TAB).perform()
        focused = reader.browser.switch_to.active_element
        reached.append(focused.get_attribute("id") or focused.text or focused.tag_name)
        assert focused.value_of_css_property("outline-style") != "none", reached[-1]
        if reached[-1] == "csv":
            break
    boxes = [f"limit-{at}" for at in range(4)]
    assert [name for name in reached if name.startswith("limit-")] == boxes
    assert {"axis-x", "axis-colour", "intervals", "Copy", "parallel", "csv"} <= set(reached)
    # Enter in a box sends nothing anywhere; the log is looked at in the end.
    reader.find("#limit-1").send_keys("9", Keys.ENTER)
    row = reader.find("#table tr[data-row='0']")
    row.click()
    row.send_keys(Keys.END)
    assert reader.find(SELECTED).get_attribute("data-row") == "11"


def test_every_field_has_a_name(open_page: OpenPage, make_report: MakeReport) -> None:
    reader = open_page(make_report(12))
    fields = [each for each in reader.all("input, select, button") if each.is_displayed()]
    assert len(fields) > 12
    for field in fields:
        assert field.accessible_name, field.get_attribute("outerHTML")


@pytest.mark.usefixtures("open_page")
def test_two_fronts_are_drawn_with_marks_of_their_own(
    browser: Any, make_report: MakeReport, tmp_path: Path
) -> None:
    one, other = (
        Side(name, report.front, report.space, "eyeriss", 30, report.facts)
        for name, report in (("runs/a", make_report(12)), (ATTACK, make_report(5)))
    )
    write_comparison(compare_fronts(one, other), tmp_path / "comparison.html")
    reader = show(browser, tmp_path / "comparison.html", 1440, 900)
    marks = [reader.all(f"#scatter .trace:nth-child({at}) .points path") for at in (1, 2)]
    assert [len(each) for each in marks] == [12, 5]
    assert len({each[0].get_attribute("d") for each in marks}) == 2
    axis = reader.find("#scatter .xtitle").rect
    assert axis["y"] + axis["height"] <= 900
    assert len(reader.rows()) == 17
    reader.find("#table tr[data-row='14']").click()
    ring = reader.find("#scatter .trace:nth-child(3) .points path")
    assert np.allclose(reader.centre(ring), reader.centre(marks[1][2]), atol=1.0)
    assert reader.all("img") == []
    loaded = "return performance.getEntriesByType('resource').length"
    assert reader.browser.execute_script(loaded) == 0
    reader = show(browser, tmp_path / "comparison.html", 390, 900)
    assert not reader.scrolls_sideways()


@pytest.mark.usefixtures("open_page")
def test_curves_are_lines_with_bands_in_their_colours_at_any_width(
    browser: Any, tmp_path: Path
) -> None:
    runs = [
        searched([BEST, QUICK], "a", algorithm=ATTACK),
        searched([BEST, [92.0, 4.0], QUICK], "b", seed=1, algorithm=ATTACK),
        searched([QUICK, BEST], "c", algorithm="random"),
    ]
    curves = curves_of(runs, ENDS)
    write_curves(curves, tuple(each.side for each in runs), tmp_path / "curves.html")
    for width in (1440, 390):
        reader = show(browser, tmp_path / "curves.html", width, 900)
        for plot in ("gaps", "volumes"):
            lines = reader.all(f"#{plot} .scatterlayer .js-line")
            drawn = {each.value_of_css_property("stroke") for each in lines[-2:]}
            assert len(drawn) == 2
            # The band of the setting with two runs.
            assert len(reader.all(f"#{plot} .fills .js-fill")) == 1
        assert reader.texts(".contenders tbody th") == [ATTACK, "random"]
        assert reader.all("img") == []
        assert not reader.scrolls_sideways()


@pytest.mark.usefixtures("open_page")
def test_the_page_of_two_runs_has_a_curve_of_each(browser: Any, tmp_path: Path) -> None:
    runs = [searched([BEST, QUICK], "a"), searched([QUICK, BEST], "b", seed=1)]
    compared = compare_fronts(*(each.side for each in runs))
    curves = curves_of(runs, ENDS, is_grouped=False)
    write_comparison(compared, tmp_path / "comparison.html", curves)
    reader = show(browser, tmp_path / "comparison.html", 1440, 900)
    assert len(reader.all("#volumes .scatterlayer .js-line")) == 2
    assert reader.texts("#gaps .legendtext") == ["A: a", "B: b"]
