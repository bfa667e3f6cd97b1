// What the plots that plotly draws have in common.

// Buttons by name and no server: left to itself, plotly offers to upload the data to its cloud.
const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]],
  plotlyServerURL: "",
  showSendToCloud: false,
};
const HOVER_WIDTH = 44; // characters
const LONGEST_PIECE = new RegExp(`[^]{1,${HOVER_WIDTH}}`, "g");
const CHARACTER = 7.2; // width of one in a title, in pixels, roughly
const [LEAST_HEIGHT, MOST_HEIGHT] = [330, 560]; // of the scatter plot, in pixels
const BELOW = 44; // pixels that stay free below it on the first screen

/**
 * A long text in lines, as plotly breaks none.
 * @param {string} text
 * @param {number} room in pixels
 */
function inLines(text, room) {
  const width = Math.max(room / CHARACTER, 12);
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + word.length < width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines.map(plain).join("<br>");
}

/** @param {string} title @param {number} room for it, in pixels @param {object} [extra] */
function axis(title, room, extra = {}) {
  return {
    title: { text: inLines(title, room), standoff: 10, font: { size: 13 } },
    gridcolor: css("--line"),
    linecolor: css("--line"),
    zeroline: false,
    automargin: true,
    ...extra,
  };
}

/** @param {object} extra */
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

/** Height of the scatter plot, so that its axis stands on the first screen. */
function plotHeight() {
  const top = byId("scatter").getBoundingClientRect().top + scrollY;
  return Math.round(Math.min(Math.max(innerHeight - top - BELOW, LEAST_HEIGHT), MOST_HEIGHT));
}

/** The two axes of the scatter plot, and its height. */
function axes() {
  const height = plotHeight();
  return {
    height,
    hovermode: "closest",
    uirevision: `${state.x} ${state.y}`, // a zoom stays until other axes are chosen
    xaxis: axis(axisTitle(state.x), byId("scatter").clientWidth - 140),
    yaxis: axis(axisTitle(state.y), height - 80),
  };
}

/**
 * An architecture's string in lines that break between operations.
 * @param {string} arch
 */
function hoverLines(arch) {
  const pieces = archParts(arch).flatMap((part) => part.match(LONGEST_PIECE) ?? []);
  return pieces.reduce((/** @type {string[]} */ lines, piece) => {
    const last = lines[lines.length - 1];
    if (last === undefined || last.length + piece.length > HOVER_WIDTH) lines.push(piece);
    else lines[lines.length - 1] = last + piece;
    return lines;
  }, []);
}

/** @param {number} row */
function hoverText(row) {
  const name = hoverLines(at(archs, row));
  const facts = columns.map((each, column) => {
    const interval = formatInterval(row, column);
    const value = withItsUnit(valueAt(row, column), column);
    return `${plain(each.title)}: <b>${plain(value)}</b>${interval && ` (${interval})`}`;
  });
  return [`<b>${plain(hooks.rowLabel(row).join(" · "))}</b>`, ...name.map(plain), ...facts]
    .join("<br>");
}

/**
 * Distances from the values to the ends of their intervals, for error bars.
 * @param {number} column
 * @param {number[]} rows
 */
function errorBars(column, rows) {
  /** @param {Value[][]} bounds */
  const distance = (bounds) => rows.map((row) => {
    const [value, bound] = [valueAt(row, column), bounds[row]?.[column] ?? null];
    return value === null || bound === null ? 0 : Math.abs(bound - value);
  });
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

/** A ring around the selected architecture. */
function ringTrace() {
  const row = state.selected;
  return {
    type: "scatter",
    mode: "markers",
    x: [row === null ? null : valueAt(row, state.x)],
    y: [row === null ? null : valueAt(row, state.y)],
    hoverinfo: "skip",
    showlegend: false,
    marker: { symbol: "circle-open", size: 22, color: css("--accent"), line: { width: 3 } },
  };
}

/** @param {number} column */
function axisTitle(column) {
  return `${withUnit(spec(column))}, ${BETTER[spec(column).direction]}`;
}

/**
 * A menu of the columns.
 * @param {string} id
 * @param {number | null} choice
 * @param {HTMLOptionElement[]} [extra]
 */
function fillMenu(id, choice, extra = []) {
  const positions = columns.map((_, column) => column);
  /** @type {[string, number[]][]} */
  const groups = [
    ["Objectives", positions.slice(0, report.n_objectives)],
    ["Not optimised", positions.slice(report.n_objectives)],
  ];
  const menu = menuById(id);
  menu.append(...extra, ...groups.filter(([, members]) => members.length).map(
    ([label, members]) => element("optgroup", { label }, ...members.map(
      (column) => element("option", { value: column }, withUnit(spec(column)))))));
  menu.value = choice === null ? "" : String(choice);
}

/**
 * Tell which point of the scatter plot is clicked: position of its trace, position in the trace.
 * @param {(trace: number, point: number) => void} told
 */
function onPoint(told) {
  const plot = /** @type {PlotElement} */ (byId("scatter"));
  plot.on("plotly_click", ({ points: [point] }) => {
    if (point) told(point.curveNumber, point.pointIndex);
  });
}
