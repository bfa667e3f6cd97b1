// Wiring: who redraws when the reader selects, filters or chooses axes.

/** Show one architecture in every part of the page. */
function select(row) {
  state.selected = row;
  ringPoint();
  highlightLine();
  highlightRow();
  drawDetail();
}

let isFiltering = false;

/** Apply the brushes to every part of the page, once a frame however often a drag asks. */
function filter() {
  if (isFiltering) return;
  isFiltering = true;
  requestAnimationFrame(() => {
    isFiltering = false;
    applyBrushes();
    dimPoints();
    dimLines();
    filterRows();
  });
}

function fillSelect(id, choice, extra = []) {
  const option = (column) => element("option", { value: column }, withUnit(columns[column]));
  const positions = columns.map((_, column) => column);
  const groups = [
    ["Objectives", positions.slice(0, report.n_objectives)],
    ["Not optimised", positions.slice(report.n_objectives)],
  ].filter(([, members]) => members.length);
  const menu = document.getElementById(id);
  menu.append(...extra, ...groups.map(([label, members]) =>
    element("optgroup", { label }, ...members.map(option))));
  menu.value = choice === null ? "" : choice;
}

function drawFront() {
  drawScatter();
  drawParallel();
}

function chooseAxes() {
  const chosen = (id) => document.getElementById(id).value;
  state.x = Number(chosen("axis-x"));
  state.y = Number(chosen("axis-y"));
  state.colour = chosen("axis-colour") === "" ? null : Number(chosen("axis-colour"));
  state.intervals = document.getElementById("intervals").checked;
  drawFront();
}

function startFront() {
  fillSelect("axis-x", state.x);
  fillSelect("axis-y", state.y);
  fillSelect("axis-colour", state.colour, [element("option", { value: "" }, "one colour")]);
  const hasIntervals = [lower, upper].some((rows) => rows.flat().some((end) => end !== null));
  document.getElementById("intervals").disabled = !hasIntervals;
  drawTable();
  drawDetail();
  drawFront();
  document.getElementById("axes").addEventListener("change", chooseAxes);
  document.getElementById("scatter").on("plotly_click", ({ points }) => {
    select(points[0].pointIndex);
  });
  document.getElementById("reset").addEventListener("click", () => {
    state.brushes.clear();
    filter();
    drawParallel();
  });
  const box = document.getElementById("parallel");
  new ResizeObserver(() => {
    if (box.clientWidth !== parallel.width) drawParallel();
  }).observe(box);
}

if (archs.length) startFront();
if (report.history.length) drawHistory();
darkScheme.addEventListener("change", () => {
  if (archs.length) drawFront();
  if (report.history.length) drawHistory();
});
