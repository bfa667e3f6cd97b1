// Curves over the evaluations: a line for each setting, with a band around it.

const { contenders, floor_pct: floorPct } = report.curves;
// Dashes too, so that lines are apart without colour.
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const N_COLOURS = 6; // --curve-1 and so on
const BAND = "26"; // how opaque a band is: two digits after its colour
const CURVE_HEIGHT = 380; // pixels

/** @param {number} place */
const curveColour = (place) => css(`--curve-${(place % N_COLOURS) + 1}`);

/**
 * The ends of a band and its line; they come and go together.
 * @param {Contender} contender
 * @param {number} place
 * @param {Band} band
 * @param {string} hover how a value is told
 */
function curveTraces(contender, place, band, hover) {
  const colour = curveColour(place);
  const own = { type: "scatter", mode: "lines", x: contender.evaluations,
    legendgroup: String(place) };
  const end = { ...own, showlegend: false, hoverinfo: "skip", line: { width: 0, shape: "hv" } };
  const line = {
    ...own,
    y: band.mean,
    name: inLines(contender.label, Math.max(byId("gaps").clientWidth - 120, 160)),
    line: { color: colour, width: 2.2, shape: "hv", dash: at(DASHES, place % DASHES.length) },
    hovertemplate: `${hover}<extra>${plain(contender.label)}</extra>`,
  };
  if (band.low === null || band.high === null) return [line];
  return [
    { ...end, y: band.low },
    { ...end, y: band.high, fill: "tonexty", fillcolor: colour + BAND },
    line,
  ];
}

/**
 * @param {string} id
 * @param {(contender: Contender) => Band} bandOf
 * @param {string} hover
 * @param {object} upAxis
 */
function drawBands(id, bandOf, hover, upAxis) {
  const traces = contenders.flatMap((each, place) =>
    curveTraces(each, place, bandOf(each), hover));
  const width = byId(id).clientWidth;
  Plotly.react(byId(id), traces, layout({
    height: CURVE_HEIGHT,
    hovermode: "closest",
    xaxis: axis("Architectures evaluated", width - 80, { rangemode: "tozero" }),
    yaxis: upAxis,
    showlegend: true,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
  }), CONFIG);
}

function drawCurves() {
  const room = CURVE_HEIGHT - 100;
  drawBands("gaps", ({ gap }) => gap, "%{x:,} evaluated: %{y:.3~g} %",
    axis("Gap (%), lower is better", room, {
      type: "log", range: [Math.log10(floorPct), 2.05], tickvals: [0.01, 0.1, 1, 10, 100],
      ticktext: ["0.01", "0.1", "1", "10", "100"],
    }));
  drawBands("volumes", ({ volume }) => volume, "%{x:,} evaluated: %{y:.4f}",
    axis("Hypervolume, higher is better", room, { rangemode: "tozero" }));
}

drawCurves();
darkScheme.addEventListener("change", drawCurves);
