// Which architecture to ship: what `hwnas select RUN --constraint ...` picks, by the same rule.

const objectives = columns.map((_, column) => column).slice(0, report.n_objectives);

/** @param {number} column @returns {"<=" | ">="} */
const relationOf = (column) => (spec(column).direction === "min" ? "<=" : ">=");

/**
 * What must keep a limit: the far end of a value's 90 % interval.
 * @param {number} row
 * @param {number} column
 */
function farValue(row, column) {
  const value = valueAt(row, column);
  const ends = relationOf(column) === "<=" ? upper : lower;
  return value === null ? null : ends[row]?.[column] ?? value;
}

/**
 * Whether an architecture keeps a limit; an unknown value keeps none.
 * @param {number} row
 * @param {number} column
 * @param {number} bound
 */
function keeps(row, column, bound) {
  const far = farValue(row, column);
  if (far === null) return false;
  return relationOf(column) === "<=" ? far <= bound : far >= bound;
}

/** The limits in the order of their columns, as the command names them. */
const sortedLimits = () => [...state.limits].sort(([a], [b]) => a - b);

/** @param {number} row */
function keepsAll(row) {
  return [...state.limits].every(([column, bound]) => keeps(row, column, bound));
}

/** The column to be best in: the first quality that no limit is on, else the first objective. */
function leadingColumn() {
  const free = objectives.filter((column) => !state.limits.has(column));
  const left = free.length ? free : objectives;
  return left.find((column) => spec(column).is_quality) ?? left[0] ?? 0;
}

/** Rows that keep the limits, the preferred first: best in one column, the others break ties. */
function ranked() {
  const leading = leadingColumn();
  const criteria = [leading, ...objectives.filter((column) => column !== leading)];
  /** @param {number} row @param {number} column */
  const cost = (row, column) =>
    (valueAt(row, column) ?? 0) * (spec(column).direction === "min" ? 1 : -1);
  // Sorting is stable: what is equal throughout stays in the order of its content.
  return report.choice.order
    .filter((row) => keepsAll(row) && objectives.every((column) => valueAt(row, column) !== null))
    .sort((a, b) => {
      const apart = criteria.find((column) => cost(a, column) !== cost(b, column));
      return apart === undefined ? 0 : cost(a, apart) - cost(b, apart);
    });
}

/** Choose anew, and recompute which architectures lie in every brush and keep every limit. */
function choose() {
  const brushes = [...state.brushes];
  state.shown = values.map((row, position) => keepsAll(position) &&
    brushes.every(([column, [low, high]]) => {
      const value = row[column] ?? null;
      return value !== null && value >= low && value <= high;
    }));
  const [first, second] = state.limits.size
    ? ranked() : [report.choice.pick, report.choice.runner_up];
  state.pick = first ?? null;
  state.runnerUp = second ?? null;
}

/** What a row is besides its number. @param {number} row */
function rankOf(row) {
  if (row === state.pick) return "★ pick";
  return row === state.runnerUp ? "◆ runner-up" : "";
}
