// Wiring: who redraws when the reader selects, filters, limits or chooses axes.

const TYPING_MS = 100; // from key to key at most

hooks.select = select;
hooks.rowHeading = "Row";
hooks.rowLabel = (row) => [String(row + 1), rankOf(row)].filter(Boolean);
hooks.csvHeads = ["row"];
hooks.csvLead = (row) => [row + 1];

/** Show one architecture in every part of the page. @param {number} row */
function select(row) {
  state.selected = row;
  ringPoint();
  highlightLines();
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
    choose();
    dimPoints();
    dimLines();
    filterRows();
  });
}

let drawing = 0;

/** Choose and draw anew where limits have changed; the plots, which are slow, once typing rests. */
function refresh() {
  choose();
  drawPick();
  labelRows();
  filterRows();
  drawDetail();
  clearTimeout(drawing);
  drawing = setTimeout(drawFront, TYPING_MS);
}

function drawFront() {
  drawScatter();
  drawParallel();
}

function chooseAxes() {
  const colour = menuById("axis-colour").value;
  state.x = Number(menuById("axis-x").value);
  state.y = Number(menuById("axis-y").value);
  state.colour = colour === "" ? null : Number(colour);
  state.intervals = inputById("intervals").checked;
  state.earlier = inputById("earlier").checked;
  drawFront();
}

function startFront() {
  fillMenu("axis-x", state.x);
  fillMenu("axis-y", state.y);
  fillMenu("axis-colour", state.colour, [element("option", { value: "" }, "one colour")]);
  const hasIntervals = [lower, upper].some((rows) => rows.flat().some((end) => end !== null));
  inputById("intervals").disabled = !hasIntervals;
  byId("earlier-choice").hidden = report.earlier.length === 0;
  choose();
  drawLimits();
  drawPick();
  drawTable();
  drawDetail();
  drawFront();
  byId("axes").addEventListener("change", chooseAxes);
  onPoint((trace, point) => {
    if (trace === POINTS) select(point);
  });
  byId("reset").addEventListener("click", () => {
    state.brushes.clear();
    clearLimits();
    refresh();
  });
  const box = byId("parallel");
  new ResizeObserver(() => {
    if (box.clientWidth !== parallel.room) drawParallel();
  }).observe(box);
}

if (archs.length) startFront();
if (report.history.length) drawHistory();
darkScheme.addEventListener("change", () => {
  if (archs.length) drawFront();
  if (report.history.length) drawHistory();
});
