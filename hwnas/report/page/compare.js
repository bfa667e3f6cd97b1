// The page of two runs: their fronts in one plot and one table.

const { sides, side_of: sideOf, numbers, dominated } = report.comparison;
// Blue and vermilion of Okabe and Ito 2008, apart for any kind of colour vision; a disc and a cross.
const SIDE_COLOURS = ["--side-one", "--side-other"];
const SIDE_MARKS = ["circle", "x"];
const SIDE_SIGNS = ["●", "✕"];

hooks.select = selectOfTwo;
hooks.rowHeading = "Run and row";
hooks.rowLabel = (row) => {
  const side = at(sideOf, row);
  const label = `${at(SIDE_SIGNS, side)} ${at(["A", "B"], side)} ${numbers[row]}`;
  return dominated[row] ? [label, "dominated"] : [label];
};
hooks.csvHeads = ["run", "row"];
hooks.csvLead = (row) => [at(sides, at(sideOf, row)), at(numbers, row)];

let dims = false; // whether what the other run dominates is faint

/** @param {number} side */
const rowsOf = (side) => archs.map((_, row) => row).filter((row) => sideOf[row] === side);

/** @param {string} name @param {number} side */
function sideTrace(name, side) {
  const rows = rowsOf(side);
  const colour = css(at(SIDE_COLOURS, side));
  return {
    type: "scatter",
    mode: "markers",
    name: plain(`${at(["A", "B"], side)}: ${name}`),
    x: rows.map((row) => valueAt(row, state.x)),
    y: rows.map((row) => valueAt(row, state.y)),
    error_x: errorBars(state.x, rows),
    error_y: errorBars(state.y, rows),
    text: rows.map(hoverText),
    hovertemplate: "%{text}<extra></extra>",
    marker: {
      symbol: at(SIDE_MARKS, side),
      size: 9,
      color: colour,
      opacity: rows.map((row) => (dims && dominated[row] ? 0.2 : 0.85)),
      line: { width: 0.7, color: css("--surface") },
    },
  };
}

function drawBoth() {
  Plotly.react(byId("scatter"), [...sides.map(sideTrace), ringTrace()], layout({
    ...axes(),
    showlegend: true,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
  }), CONFIG);
}

/** @param {number} row */
function selectOfTwo(row) {
  state.selected = row;
  drawBoth();
  highlightRow();
}

fillMenu("axis-x", state.x);
fillMenu("axis-y", state.y);
const hasEnds = [lower, upper].some((rows) => rows.flat().some((end) => end !== null));
inputById("intervals").disabled = !hasEnds;
byId("axes").addEventListener("change", () => {
  state.x = Number(menuById("axis-x").value);
  state.y = Number(menuById("axis-y").value);
  state.intervals = inputById("intervals").checked;
  dims = inputById("dim").checked;
  drawBoth();
});
drawTable();
drawBoth();
onPoint((trace, point) => {
  if (trace < sides.length) selectOfTwo(at(rowsOf(trace), point));
});
darkScheme.addEventListener("change", drawBoth);
