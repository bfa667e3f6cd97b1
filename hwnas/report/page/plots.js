// The two plots that plotly draws: the scatter plot of the front and the hypervolume.

// Buttons by name and no server: left to itself, plotly offers to upload the data to its cloud.
const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]],
  plotlyServerURL: "",
  showSendToCloud: false,
};
const HOVER_WIDTH = 44; // characters
const [POINTS, RING] = [0, 1]; // positions of the traces

function axis(title, extra = {}) {
  return {
    title: { text: title, standoff: 10, font: { size: 13 } },
    gridcolor: css("--line"),
    linecolor: css("--line"),
    zeroline: false,
    automargin: true,
    ...extra,
  };
}

function layout(extra) {
  return {
    margin: { l: 56, r: 12, t: 12, b: 48 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: css("--font"), size: 13, color: css("--text") },
    showlegend: false,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--muted"), activecolor: css("--text") },
    hoverlabel: {
      align: "left",
      bgcolor: css("--raised"),
      bordercolor: css("--muted"),
      font: { family: css("--font"), size: 12, color: css("--text") },
    },
    ...extra,
  };
}

function hoverText(row) {
  const name = archs[row].match(new RegExp(`[^]{1,${HOVER_WIDTH}}`, "g")) ?? [""];
  const facts = columns.map((spec, column) => {
    const interval = formatInterval(row, column);
    const value = `${formatNumber(values[row][column], column)} ${spec.unit}`.trim();
    return `${plain(spec.title)}: <b>${plain(value)}</b>${interval && ` (${interval})`}`;
  });
  return [...name.map(plain), ...facts].join("<br>");
}

/** Distances from the values to the ends of their intervals, for error bars. */
function errorBars(column) {
  const distance = (bounds) => values.map((row, at) =>
    row[column] === null || bounds[at][column] === null
      ? 0 : Math.abs(bounds[at][column] - row[column]));
  return {
    type: "data",
    visible: state.intervals,
    symmetric: false,
    array: distance(upper),
    arrayminus: distance(lower),
    color: css("--interval"),
    thickness: 1,
    width: 0,
  };
}

function opacities() {
  return state.shown.map((shown) => (shown ? 0.9 : 0.1));
}

function pointsTrace() {
  return {
    type: "scatter",
    mode: "markers",
    x: valuesOf(state.x),
    y: valuesOf(state.y),
    error_x: errorBars(state.x),
    error_y: errorBars(state.y),
    text: archs.map((_, row) => hoverText(row)),
    hovertemplate: "%{text}<extra></extra>",
    marker: {
      size: 9,
      color: archColours(),
      opacity: opacities(),
      line: { width: 0.7, color: css("--surface") },
    },
  };
}

function ringTrace() {
  const row = state.selected === null ? null : values[state.selected];
  return {
    type: "scatter",
    mode: "markers",
    x: [row && row[state.x]],
    y: [row && row[state.y]],
    hoverinfo: "skip",
    marker: { symbol: "circle-open", size: 20, color: css("--accent"), line: { width: 3 } },
  };
}

/** A trace without points that carries the colour bar, since points bring their own colours. */
function colourBarTrace() {
  const range = colourRange();
  if (range === null) return { type: "scatter", x: [null], y: [null], hoverinfo: "skip" };
  const shares = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1];
  return {
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    hoverinfo: "skip",
    marker: {
      color: [range[0]],
      cmin: range[0],
      cmax: range[1],
      colorscale: shares.map((share) => [share, scaleColour(share)]),
      showscale: true,
      colorbar: {
        title: { text: axisTitle(state.colour, "<br>"), side: "right", font: { size: 13 } },
        thickness: 12,
        outlinewidth: 0,
      },
    },
  };
}

function axisTitle(column, between = " ") {
  return `${plain(withUnit(columns[column]))},${between}${BETTER[columns[column].direction]}`;
}

function drawScatter() {
  const plot = document.getElementById("scatter");
  Plotly.react(plot, [pointsTrace(), ringTrace(), colourBarTrace()], layout({
    height: 460,
    hovermode: "closest",
    uirevision: `${state.x} ${state.y}`, // a zoom stays until other axes are chosen
    xaxis: axis(axisTitle(state.x)),
    yaxis: axis(axisTitle(state.y)),
  }), CONFIG);
  const n = values.filter((row) => row[state.x] === null || row[state.y] === null).length;
  document.getElementById("scatter-note").textContent =
    n ? `Not drawn, for want of a value on these axes: ${n} of ${archs.length}.` : "";
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
  Plotly.react("history", [{
    type: "scatter",
    mode: many ? "lines" : "lines+markers",
    x: report.history.map(([nArchs]) => nArchs),
    y: report.history.map(([, volume]) => volume),
    line: { color: css("--accent"), width: 2.5 },
    hovertemplate: "%{x:,} architectures: %{y:.5~g}<extra></extra>",
  }], layout({
    height: 300,
    xaxis: axis("Distinct architectures evaluated", { rangemode: "tozero" }),
    yaxis: axis("Hypervolume"),
  }), CONFIG);
}
