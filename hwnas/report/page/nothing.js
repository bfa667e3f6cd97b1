// Why limits leave nothing: the tightest and the nearest row, by the rule of `hwnas select`.

const LIST = new Intl.ListFormat("en-GB"); // "one, other and third"

/** @param {number} column @param {number} bound */
function limitWords(column, bound) {
  const { title, unit } = spec(column);
  const sign = relationOf(column) === "<=" ? "at most" : "at least";
  const number = bound.toLocaleString("en", { maximumSignificantDigits: 15 });
  return `${title} of ${sign} ${number} ${unit}`.trim();
}

/**
 * How far a row breaks a limit, as a multiple of the bound; infinity where its value is unknown.
 * @param {number} row
 * @param {number} column
 * @param {number} bound
 */
function breach(row, column, bound) {
  const far = farValue(row, column);
  if (far === null) return Number.POSITIVE_INFINITY;
  const excess = relationOf(column) === "<=" ? far - bound : bound - far;
  return Math.max(excess, 0) / (Math.abs(bound) || 1);
}

/**
 * Whether the first list of numbers comes before the second: negative if so, 0 if they are alike.
 * @param {number[]} one
 * @param {number[]} other
 */
function inTurn(one, other) {
  const place = one.findIndex((number, position) => number !== other[position]);
  return place < 0 ? 0 : at(one, place) < at(other, place) ? -1 : 1;
}

/** The row that breaks limits least in all; what is unknown is further off than any number. */
function nearestRow() {
  /** @param {number} row */
  const distance = (row) => {
    const amounts = sortedLimits().map(([column, bound]) => breach(row, column, bound));
    const known = amounts.filter(Number.isFinite);
    return [amounts.length - known.length, known.reduce((sum, each) => sum + each, 0)];
  };
  // What is alike stays in the order of its content.
  return at(report.choice.order.map((row) => ({ row, far: distance(row) }))
    .sort((a, b) => inTurn(a.far, b.far)), 0).row;
}

/** The limit without which most is left; of those alike, the one that fewest come near. */
function tightestWords() {
  const rows = report.choice.order;
  const judged = sortedLimits().map(([column, bound]) => {
    const nLeft = rows.filter((row) => [...state.limits].every(([other, itsBound]) =>
      other === column || keeps(row, other, itsBound))).length;
    const nAlone = rows.filter((row) => keeps(row, column, bound)).length;
    const least = Math.min(...rows.map((row) => breach(row, column, bound)));
    return { column, bound, nLeft, nAlone, least };
  });
  const { column, bound, nLeft, nAlone } = at(judged.sort((a, b) =>
    inTurn([-a.nLeft, a.nAlone, -a.least], [-b.nLeft, b.nAlone, -b.least])), 0);
  const [alone, left] = [nAlone, nLeft].map((count) => count.toLocaleString("en"));
  return `The tightest is ${limitWords(column, bound)}: of the ${rows.length.toLocaleString("en")}, ` +
    `${alone} satisfy it and ${left} all others.`;
}

/**
 * Four digits of a value, rounded so that as a bound it allows the value.
 * @param {number} value
 * @param {boolean} isUpper
 */
function outward(value, isUpper) {
  const near = Number(value.toPrecision(4));
  const step = 10 ** (Number(value.toExponential().split("e")[1]) - 3);
  const falls = isUpper ? near < value : near > value;
  const safe = falls ? near + (isUpper ? step : -step) : near;
  return safe.toLocaleString("en", { maximumSignificantDigits: 4, useGrouping: false });
}

/** How far to loosen the limits that a row breaks, so that it keeps them. @param {number} row */
function advice(row) {
  const broken = sortedLimits().filter(([column, bound]) => !keeps(row, column, bound));
  /** @type {string[]} */
  const looser = [];
  /** @type {string[]} */
  const unknown = [];
  for (const [column] of broken) {
    const { title, unit } = spec(column);
    const isUpper = relationOf(column) === "<=";
    const far = farValue(row, column);
    if (far === null) unknown.push(title);
    else looser.push(`${isUpper ? "raise" : "lower"} ${title} to ${outward(far, isUpper)} ${unit}`.trim());
  }
  const words = LIST.format(looser);
  return [
    looser.length && `${words[0]?.toUpperCase()}${words.slice(1)}.`,
    unknown.length && `Drop the limit on ${LIST.format(unknown)}, which it lacks.`,
  ].filter(Boolean).join(" ");
}

/** The tightest limit, the nearest row and how far to loosen what it breaks. */
function whyNothing() {
  const limits = sortedLimits();
  const unknown = limits.find(([column]) => knownOf(column).length === 0);
  if (unknown) return `${spec(unknown[0]).title} is unknown for all: drop the limit.`;
  const row = nearestRow();
  const has = limits.map(([column]) => {
    const interval = formatInterval(row, column);
    const value = withItsUnit(valueAt(row, column), column);
    return `${spec(column).title} ${value}${interval && ` (${interval})`}`;
  });
  return [
    ...(limits.length > 1 ? [tightestWords()] : []),
    `The nearest, row ${row + 1}, has ${LIST.format(has)}.`,
    advice(row),
  ].join(" ");
}
