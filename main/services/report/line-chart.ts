// A line chart as SVG: drawn once, for screens of either theme and for paper.
import { compact } from '../../api/number-text.ts';
import { escapeHtml, short } from './markup.ts';

export interface Line {
  name: string;
  /** Its colour: 1 to 3. */
  colour: 1 | 2 | 3;
  /** [x, y]; y null: a gap. */
  points: readonly (readonly [number, number | null])[];
  /** Few points are drawn as dots, too. */
  dots?: boolean;
}

export interface LineChart {
  /** For those who do not see it. */
  label: string;
  lines: readonly Line[];
  /** Names of the axes, with their units. */
  x: string;
  y: string;
  /** A logarithmic y axis; values of 0 and below are left out. */
  logarithmic?: boolean;
  /** The y axis begins at 0. */
  fromZero?: boolean;
  /** Lines at moments of the run. */
  marks?: readonly { x: number; label: string }[];
}

const [width, height] = [720, 250];
const inside = { left: 58, right: 12, top: 12, bottom: 40 };
const plotWidth = width - inside.left - inside.right;
const plotHeight = height - inside.top - inside.bottom;
const mostMarks = 12;

/** Round values from `from` to `to`, about `wanted` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number, wanted: number): number[] {
  if (!(to > from)) return [from];
  const rough = (to - from) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? power * 10;
  const found: number[] = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to + step * 1e-9; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

function powersOfTen(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  const every = Math.max(1, Math.ceil((last - first) / 6));
  const found: number[] = [];
  for (let power = first; power <= last; power += every) found.push(Number(`1e${power}`));
  return found;
}

/** Parts of a line between its gaps. */
function pieces(points: readonly (readonly [number, number | null])[], usable: (y: number) => boolean) {
  const found: [number, number][][] = [[]];
  for (const [x, y] of points) {
    if (y === null || !Number.isFinite(y) || !usable(y)) found.push([]);
    else found.at(-1)?.push([x, y]);
  }
  return found.filter((piece) => piece.length > 0);
}

/** Empty where there is nothing to draw. */
export function lineChart(chart: LineChart): string {
  const { logarithmic = false, fromZero = false, marks = [] } = chart;
  const usable = (y: number) => !logarithmic || y > 0;
  const drawn = chart.lines.map((line) => ({ ...line, pieces: pieces(line.points, usable) }));
  const all = drawn.flatMap((line) => line.pieces.flat());
  if (all.length === 0) return '';
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y);
  const least = ys.reduce((a, b) => Math.min(a, b));
  const most = ys.reduce((a, b) => Math.max(a, b));
  const [xFrom, xTo] = [Math.min(0, ...extremes(xs)), Math.max(...extremes(xs), 1e-9)];
  const bottom = fromZero ? 0 : least;
  const room = most > bottom ? most - bottom : Math.abs(most) || 1;
  let [yFrom, yTo] = [fromZero ? 0 : bottom - room * 0.04, most + room * 0.06];
  let yTicks: number[];
  if (logarithmic) {
    yTicks = powersOfTen(least, most);
    [yFrom, yTo] = [Math.min(yTicks[0] ?? least, least) * 0.9, Math.max(yTicks.at(-1) ?? most, most) * 1.1];
  } else {
    yTicks = ticks(yFrom, yTo, 5);
  }
  const scale = (y: number) => (logarithmic ? Math.log10(y) : y);
  const px = (x: number) => short(inside.left + ((x - xFrom) / (xTo - xFrom || 1)) * plotWidth);
  const py = (y: number) =>
    short(inside.top + (1 - (scale(y) - scale(yFrom)) / (scale(yTo) - scale(yFrom) || 1)) * plotHeight);
  const end = height - inside.bottom;
  const grid = yTicks
    .filter((y) => y >= yFrom && y <= yTo)
    .map(
      (y) =>
        `<path class="grid" d="M${inside.left} ${py(y)}H${width - inside.right}"/>` +
        `<text class="end" x="${inside.left - 7}" y="${short(Number(py(y)) + 4)}">${compact(y)}</text>`,
    );
  const below = ticks(xFrom, xTo, 8).map(
    (x) => `<text class="mid" x="${px(x)}" y="${end + 16}">${compact(x)}</text>`,
  );
  const moments = marks.slice(0, mostMarks).map(({ x, label }, place) => {
    const y = inside.top + 9 + (place % 3) * 12;
    const left = Number(px(x)) > width * 0.8;
    const text = `<text class="${left ? 'end' : ''}" x="${short(Number(px(x)) + (left ? -4 : 4))}" y="${y}">${escapeHtml(label)}</text>`;
    return `<path class="event" d="M${px(x)} ${inside.top}V${end}"/>${text}`;
  });
  const lines = drawn.map(({ colour, pieces: parts, dots }) => {
    const path = parts.map((piece) => `M${piece.map(([x, y]) => `${px(x)} ${py(y)}`).join('L')}`).join('');
    const circles = dots
      ? parts.flat().map(([x, y]) => `<circle class="dot s${colour}" cx="${px(x)}" cy="${py(y)}" r="2.6"/>`)
      : [];
    return `<path class="line s${colour}" style="fill:none" d="${path}"/>${circles.join('')}`;
  });
  const legend = chart.lines.map(
    ({ name, colour }) => `<li><i class="s${colour}"></i>${escapeHtml(name)}</li>`,
  );
  return `<ul class="legend">${legend.join('')}</ul>
<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(chart.label)}">
${grid.join('\n')}
<path class="axis" d="M${inside.left} ${inside.top}V${end}H${width - inside.right}"/>
${below.join('')}
<text class="mid" x="${short(inside.left + plotWidth / 2)}" y="${height - 6}">${escapeHtml(chart.x)}</text>
<text class="mid" transform="rotate(-90)" x="${short(-(inside.top + plotHeight / 2))}" y="12">${escapeHtml(chart.y)}</text>
${moments.join('\n')}
${lines.join('\n')}
</svg>`;
}

function extremes(values: readonly number[]): [number, number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}
