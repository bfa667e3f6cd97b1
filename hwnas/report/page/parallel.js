// Parallel coordinates of all columns. Drawn as SVG by hand: plotly's own need WebGL, hide
// unknown values and cannot bring one line to the front.

const [TOP, BOTTOM] = [12, 278]; // better and worse end of every axis, in pixels
const UNKNOWN_AT = BOTTOM + 28; // lines of architectures without a value pass here
const HEIGHT = values.some((row) => row.includes(null)) ? UNKNOWN_AT + 24 : BOTTOM + TOP;
const BRUSH_WIDTH = 28;
const DRAG = 4; // pixels below which a press is a click
const LEAST_STEP = 96; // pixels from axis to axis, below which the plot scrolls instead

/** @type {{lines: SVGPathElement[], width: number, room: number}} */
const parallel = { lines: [], width: 0, room: 0 };

/** @param {number} column */
function axisX(column) {
  return ((column + 0.5) / columns.length) * parallel.width;
}

/**
 * Value and pixel both ways along an axis.
 * @param {number} column
 * @returns {Scale}
 */
function axisScale(column) {
  const known = knownOf(column);
  let [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  if (low === high) {
    [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  }
  const [worst, best] = spec(column).direction === "max" ? [low, high] : [high, low];
  return {
    low,
    high,
    toPixel: (value) => BOTTOM + ((value - worst) / (best - worst)) * (TOP - BOTTOM),
    toValue: (pixel) => {
      // The ends exactly, or rounding would leave the best and the worst out of a brush.
      if (pixel <= TOP) return best;
      if (pixel >= BOTTOM) return worst;
      return worst + ((pixel - BOTTOM) / (TOP - BOTTOM)) * (best - worst);
    },
  };
}

/** About five round values within a range. @param {number} low @param {number} high */
function ticks(low, high) {
  const rough = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((factor) => factor * unit >= rough) ?? 10);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n += 1) found.push(n * step);
  return { step, found };
}

/** @param {number} value @param {number} step @param {number} column */
function tickLabel(value, step, column) {
  const { divisor, suffix } = at(formats, column);
  const decimals = Math.max(0, -Math.floor(Math.log10(step / divisor) + 1e-9));
  return decimals > 6 ? value.toExponential(1) : (value / divisor).toFixed(decimals) + suffix;
}

/** @param {number} row @param {Scale[]} scales */
function linePath(row, scales) {
  return `M${scales.map((scale, column) => {
    const value = valueAt(row, column);
    const y = value === null ? UNKNOWN_AT : scale.toPixel(value);
    return `${axisX(column).toFixed(1)},${y.toFixed(1)}`;
  }).join("L")}`;
}

/** @param {number} column @param {Scale} scale */
function drawAxis(column, scale) {
  const x = axisX(column);
  const { step, found } = ticks(scale.low, scale.high);
  const marks = found.map((value) =>
    svg("text", { x: x - 7, y: scale.toPixel(value) + 4, class: "tick" },
      tickLabel(value, step, column)));
  if (values.some((row) => row[column] === null)) {
    marks.push(svg("text", { x, y: UNKNOWN_AT + 18, class: "tick unknown" }, "unknown"));
  }
  const brush = svg("rect", { x: x - BRUSH_WIDTH / 4, width: BRUSH_WIDTH / 2, class: "brush" });
  const handle = svg("rect", {
    x: x - BRUSH_WIDTH / 2, y: 0, width: BRUSH_WIDTH, height: BOTTOM + TOP,
    class: "handle", "data-column": column,
  }, svg("title", {}, `Drag to filter by ${spec(column).title}`));
  listenForBrush(handle, brush, column, scale);
  placeBrush(brush, column, scale);
  return svg("g", {}, svg("line", { x1: x, x2: x, y1: TOP, y2: BOTTOM, class: "axis" }),
    brush, ...marks, handle);
}

/** Marks across the axes where limits lie. @param {Scale[]} scales */
function limitMarks(scales) {
  return limitsShown().flatMap(({ column, bound, label }) => {
    const { low, high, toPixel } = at(scales, column);
    if (bound < low || bound > high) return [];
    const [x, y] = [axisX(column), toPixel(bound)];
    // What keeps a limit lies on its better side, which is up.
    return [svg("path", { class: "limit-mark", d: `M${x - 22},${y}H${x + 22}m-5,-1v-8m-3,3l3,-3l3,3` },
      svg("title", {}, label))];
  });
}

/** @param {SVGRectElement} brush @param {number} column @param {Scale} scale */
function placeBrush(brush, column, scale) {
  const range = state.brushes.get(column);
  const [a, b] = range ? [scale.toPixel(range[0]), scale.toPixel(range[1])] : [0, 0];
  brush.setAttribute("y", String(Math.min(a, b)));
  brush.setAttribute("height", String(Math.abs(a - b)));
}

/** @param {SVGRectElement} handle @param {SVGRectElement} brush @param {number} column @param {Scale} scale */
function listenForBrush(handle, brush, column, scale) {
  /** @type {number | null} */
  let start = null;
  /** @param {PointerEvent} event */
  const pixel = (event) => {
    const top = handle.ownerSVGElement?.getBoundingClientRect().top ?? 0;
    return Math.min(Math.max(event.clientY - top, TOP), BOTTOM);
  };
  /** @param {PointerEvent} event */
  const drag = (event) => {
    if (start === null) return;
    const end = pixel(event);
    if (Math.abs(end - start) < DRAG) state.brushes.delete(column);
    else {
      const [a, b] = [scale.toValue(start), scale.toValue(end)];
      state.brushes.set(column, [Math.min(a, b), Math.max(a, b)]);
    }
    placeBrush(brush, column, scale);
    filter();
  };
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    start = pixel(event);
  });
  handle.addEventListener("pointermove", drag);
  handle.addEventListener("pointerup", (event) => {
    drag(event);
    start = null;
  });
  handle.addEventListener("pointercancel", () => { start = null; });
}

function drawParallel() {
  const box = byId("parallel");
  parallel.room = box.clientWidth;
  parallel.width = Math.max(parallel.room, columns.length * LEAST_STEP);
  const scales = columns.map((_, column) => axisScale(column));
  const heads = element("div", { class: "heads", style: `width: ${parallel.width}px` }, ...columns.map((each) =>
    element("div", {}, element("b", {}, withUnit(each)),
      element("small", {}, BETTER[each.direction]))));
  const colours = archColours();
  parallel.lines = archs.map((_, row) =>
    svg("path", { d: linePath(row, scales), stroke: at(colours, row), "data-row": row }));
  const lines = svg("g", { class: "lines" }, ...parallel.lines);
  lines.addEventListener("click", (event) => {
    if (event.target instanceof SVGPathElement) select(Number(event.target.dataset.row));
  });
  box.replaceChildren(heads, svg("svg", { height: HEIGHT, width: parallel.width }, lines,
    svg("path", { class: "runner-up" }), svg("path", { class: "pick" }),
    svg("path", { class: "chosen" }),
    ...limitMarks(scales), ...columns.map((_, column) => drawAxis(column, at(scales, column)))));
  dimLines();
  highlightLines();
}

function dimLines() {
  parallel.lines.forEach((line, row) => {
    line.classList.toggle("off", !state.shown[row]);
  });
}

/** Bring the selected line, the pick and the runner-up to the front. */
function highlightLines() {
  /** @type {[string, number | null][]} */
  const marked = [[".chosen", state.selected], [".pick", state.pick],
    [".runner-up", state.runnerUp]];
  for (const [selector, row] of marked) {
    const path = row === null ? "" : at(parallel.lines, row).getAttribute("d");
    byId("parallel").querySelector(selector)?.setAttribute("d", path ?? "");
  }
}
