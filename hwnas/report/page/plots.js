// The two plots that plotly draws for one run: the scatter plot of the front and the hypervolume.

const [POINTS, RING] = [0, 1]; // positions of the traces
/** @type {Record<number, string>} marks of earlier fronts, by share in percent */
const EARLIER_MARKS = { 10: "triangle-down-open", 50: "square-open" };
const SIGNS = { "<=": "≤", ">=": "≥" };
const NEAR = 0.2; // share of an axis' range by which a limit may lie outside and still be drawn

function opacities() {
  return state.shown.map((shown) => (shown ? 0.9 : 0.1));
}

function pointsTrace() {
  const rows = archs.map((_, row) => row);
  return {
    type: "scatter",
    mode: "markers",
    name: "the front",
    x: valuesOf(state.x),
    y: valuesOf(state.y),
    error_x: errorBars(state.x, rows),
    error_y: errorBars(state.y, rows),
    text: rows.map(hoverText),
    hovertemplate: "%{text}<extra></extra>",
    marker: {
      size: 9,
      color: archColours(),
      opacity: opacities(),
      line: { width: 0.7, color: css("--surface") },
    },
  };
}

/** Pick and runner-up: other shapes, so that they stand out without colour. */
function picksTrace() {
  const rows = [state.pick, state.runnerUp];
  /** @param {number} column */
  const along = (column) => rows.map((row) => (row === null ? null : valueAt(row, column)));
  return {
    type: "scatter",
    mode: "markers",
    x: along(state.x),
    y: along(state.y),
    hoverinfo: "skip",
    showlegend: false,
    cliponaxis: false,
    marker: {
      symbol: ["star", "diamond"],
      opacity: 1,
      size: [20, 14],
      color: [css("--accent"), css("--surface")],
      line: { width: [1.5, 2.5], color: [css("--surface"), css("--accent")] },
    },
  };
}

/** Whether the plot is so narrow that words in it would lie on its points. */
const isNarrow = () => byId("scatter").clientWidth < 600;

/** What the two are called, on the background's colour, so that points below do not show. */
function pickLabels() {
  if (isNarrow()) return [];
  /** @type {[number | null, string, number][]} row, label, pixels above it */
  const labels = [[state.pick, "<b>pick</b>", 19], [state.runnerUp, "runner-up", -19]];
  return labels.flatMap(([row, text, yshift]) => {
    const [x, y] = row === null ? [null, null] : [valueAt(row, state.x), valueAt(row, state.y)];
    if (x === null || y === null) return [];
    return [{ x, y, text, yshift, showarrow: false, borderpad: 0, bgcolor: css("--surface"),
      opacity: 0.85, font: { size: 12, color: css("--text") } }];
  });
}

/** @param {EarlierFront} front */
function earlierTrace(front) {
  return {
    type: "scatter",
    mode: "markers",
    name: `after ${front.share_pct} % (${front.n_evaluated.toLocaleString("en")} evaluated)`,
    x: front.values.map((row) => row[state.x]),
    y: front.values.map((row) => row[state.y]),
    hoverinfo: "skip",
    opacity: 0.75,
    marker: {
      symbol: EARLIER_MARKS[front.share_pct] ?? "circle-open", size: 7, color: css("--muted"),
      line: { width: 1.2 },
    },
  };
}

/** A trace without points that carries the colour bar, since points bring their own colours. */
function colourBarTrace() {
  const range = colourRange();
  const none = { type: "scatter", x: [null], y: [null], hoverinfo: "skip", showlegend: false };
  if (range === null || range[0] === range[1] || state.colour === null) return none;
  const shares = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1];
  return {
    ...none,
    mode: "markers",
    marker: {
      color: [range[0]],
      cmin: range[0],
      cmax: range[1],
      colorscale: shares.map((share) => [share, scaleColour(share)]),
      showscale: true,
      colorbar: {
        title: { text: isNarrow() ? "" : inLines(axisTitle(state.colour), plotHeight() - 80), side: "right",
          font: { size: 13 } },
        thickness: 12,
        outlinewidth: 0,
      },
    },
  };
}

/** All limits: the search's own and the reader's. */
function limitsShown() {
  const own = report.limits.map(({ column, relation, bound }) =>
    ({ column, bound, label: `search ${SIGNS[relation]} ${bound}` }));
  const typed = [...state.limits].map(([column, bound]) =>
    ({ column, bound, label: `limit ${SIGNS[relationOf(column)]} ${bound}` }));
  return [...own, ...typed];
}

/** @param {number} column @param {number} bound */
function isNear(column, bound) {
  const known = knownOf(column);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const reach = NEAR * (most - least || Math.abs(most) || 1);
  return bound >= least - reach && bound <= most + reach;
}

/** Lines of the limits on the two axes, and a point out of sight that makes each axis reach them. */
function limitLines() {
  const near = limitsShown().filter(({ column, bound }) => isNear(column, bound));
  const line = { color: css("--text"), width: 1.5, dash: "dash" };
  const font = { size: 11, color: css("--text") };
  const across = near.filter(({ column }) => column === state.x);
  const up = near.filter(({ column }) => column === state.y);
  return {
    shapes: [
      ...across.map(({ bound }) =>
        ({ type: "line", x0: bound, x1: bound, y0: 0, y1: 1, yref: "paper", line })),
      ...up.map(({ bound }) =>
        ({ type: "line", y0: bound, y1: bound, x0: 0, x1: 1, xref: "paper", line })),
    ],
    annotations: [
      ...across.map(({ bound, label }) => ({
        x: bound, y: 0, yref: "paper", text: label, textangle: -90, showarrow: false,
        xanchor: "right", yanchor: "bottom", font,
      })),
      ...up.map(({ bound, label }) => ({
        y: bound, x: 0, xref: "paper", text: label, showarrow: false,
        xanchor: "left", yanchor: "bottom", font,
      })),
    ],
    reach: {
      type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false,
      marker: { opacity: 0 },
      x: [...across.map(({ bound }) => bound), ...up.map(() => knownOf(state.x)[0] ?? null)],
      y: [...across.map(() => knownOf(state.y)[0] ?? null), ...up.map(({ bound }) => bound)],
    },
  };
}

function drawScatter() {
  const { shapes, annotations, reach } = limitLines();
  const earlier = state.earlier ? report.earlier.map(earlierTrace) : [];
  const traces = [pointsTrace(), ringTrace(), picksTrace(), colourBarTrace(), reach, ...earlier];
  Plotly.react(byId("scatter"), traces, layout({
    ...axes(),
    shapes,
    annotations: [...annotations, ...pickLabels()],
    showlegend: state.earlier,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", itemclick: false,
      itemdoubleclick: false },
  }), CONFIG);
  const n = values.filter((row) => row[state.x] === null || row[state.y] === null).length;
  const marks = [[state.pick, "★ pick"], [state.runnerUp, "◆ runner-up"]]
    .filter(([row]) => row !== null).map(([, text]) => text).join(", ");
  byId("scatter-note").textContent = [
    isNarrow() && marks && `${marks}.`,
    n && `Not drawn, for want of a value on these axes: ${n} of ${archs.length}.`,
  ].filter(Boolean).join(" ");
}

function dimPoints() {
  Plotly.restyle("scatter", { "marker.opacity": [opacities()] }, [POINTS]);
}

function ringPoint() {
  const { x, y } = ringTrace();
  Plotly.restyle("scatter", { x: [x], y: [y] }, [RING]);
}

function drawHistory() {
  const many = report.history.length > 60;
  Plotly.react(byId("history"), [{
    type: "scatter",
    mode: many ? "lines" : "lines+markers",
    x: report.history.map(([nArchs]) => nArchs),
    y: report.history.map(([, volume]) => volume),
    line: { color: css("--accent"), width: 2.5 },
    hovertemplate: "%{x:,} architectures: %{y:.5~g}<extra></extra>",
  }], layout({
    height: 300,
    xaxis: axis("Distinct architectures evaluated", 400, { rangemode: "tozero" }),
    yaxis: axis("Hypervolume", 200),
  }), CONFIG);
}
