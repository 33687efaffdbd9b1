// The things on the sample pictures as signed distances: negative inside, zero on the outline, in a square
// from -1 to 1 with y pointing down.

export type Distance = (x: number, y: number) => number;

export interface SampleClass {
  name: string;
  distance: Distance;
  /** Largest turn either way, radians: a house does not stand on its roof. */
  turn: number;
  /** The colour that most of its kind have, as leaves are mostly green; the others have any. */
  usual: UsualColour;
}

export interface UsualColour {
  /** 0 red, 1 yellow, 2 green, 3 cyan, 4 blue, 5 magenta. */
  hue: number;
  /** How far it strays, either way. */
  spread: number;
  saturation: readonly [low: number, high: number];
}

const red: UsualColour = { hue: 0, spread: 0.3, saturation: [0.5, 0.9] };
const brown: UsualColour = { hue: 0.5, spread: 0.2, saturation: [0.4, 0.7] };
const yellow: UsualColour = { hue: 0.9, spread: 0.2, saturation: [0.5, 0.9] };
const green: UsualColour = { hue: 1.9, spread: 0.4, saturation: [0.4, 0.8] };
const blue: UsualColour = { hue: 3.6, spread: 0.4, saturation: [0.4, 0.8] };
const metal: UsualColour = { hue: 3, spread: 3, saturation: [0, 0.12] };

const { abs, atan2, cos, hypot, max, min, sin, sqrt } = Math;

function box(x: number, y: number, halfWidth: number, halfHeight: number): number {
  const dx = abs(x) - halfWidth;
  const dy = abs(y) - halfHeight;
  return hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0);
}

/** Distance to the line from a to b: positive on its right as it is walked on the screen's coordinates. */
function side(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const length = hypot(bx - ax, by - ay);
  return ((x - ax) * (by - ay) - (y - ay) * (bx - ax)) / length;
}

function triangle(
  x: number,
  y: number,
  points: readonly [number, number, number, number, number, number],
): number {
  const [ax, ay, bx, by, cx, cy] = points;
  const wound = Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  const one = side(x, y, ax, ay, bx, by);
  return max(wound * one, wound * side(x, y, bx, by, cx, cy), wound * side(x, y, cx, cy, ax, ay));
}

function star(x: number, y: number): number {
  const sector = (2 * Math.PI) / 5;
  const turned = atan2(x, -y) + sector / 2;
  const angle = abs(turned - sector * Math.floor(turned / sector) - sector / 2);
  const radius = hypot(x, y);
  const px = radius * sin(angle);
  const py = radius * cos(angle);
  // From the tip (0, 0.95) to the dent between two arms.
  const bx = 0.4 * sin(sector / 2);
  const by = 0.4 * cos(sector / 2);
  return side(px, py, bx, by, 0, 0.95);
}

function heart(x: number, y: number): number {
  const px = abs(x) / 0.85;
  const py = 0.45 - y / 0.85;
  const d =
    px + py > 1
      ? hypot(px - 0.25, py - 0.75) - sqrt(2) / 4
      : min(hypot(px, py - 1), hypot(px - max(px + py, 0) / 2, py - max(px + py, 0) / 2)) *
        Math.sign(px - py);
  return d * 0.85;
}

function gear(x: number, y: number): number {
  const radius = hypot(x, y);
  const tooth = max(-1, min(1, 3 * cos(9 * atan2(y, x))));
  return max(radius - 0.75 - 0.12 * tooth, 0.28 - radius) * 0.8;
}

function fish(x: number, y: number): number {
  const body = (hypot(x + 0.15, y * 1.9) - 0.72) * 0.6;
  const tail = triangle(x, y, [0.4, 0, 0.95, 0.5, 0.95, -0.5]);
  const mouth = triangle(x, y, [-0.62, 0.02, -1, 0.14, -1, -0.1]);
  return max(min(body, tail), -mouth);
}

function house(x: number, y: number): number {
  const walls = box(x, y - 0.35, 0.55, 0.45);
  const roof = triangle(x, y, [0, -0.9, -0.85, -0.08, 0.85, -0.08]);
  const door = box(x, y - 0.6, 0.13, 0.25);
  return max(min(walls, roof), -door);
}

function tree(x: number, y: number): number {
  const trunk = box(x, y - 0.75, 0.1, 0.2);
  const low = triangle(x, y, [0, -0.3, -0.7, 0.6, 0.7, 0.6]);
  const middle = triangle(x, y, [0, -0.62, -0.55, 0.15, 0.55, 0.15]);
  const top = triangle(x, y, [0, -0.92, -0.4, -0.25, 0.4, -0.25]);
  return min(trunk, low, middle, top);
}

function mushroom(x: number, y: number): number {
  const cap = max(hypot(x, (y + 0.02) * 1.15) - 0.85, y - 0.08);
  const stem = box(x, y - 0.45, 0.2 + 0.08 * y, 0.42);
  return min(cap, stem);
}

function leaf(x: number, y: number): number {
  const blade = max(hypot(x - 0.55, y) - 1.02, hypot(x + 0.55, y) - 1.02);
  const stalk = box(x, y - 0.85, 0.035, 0.15);
  return min(max(blade, 0.018 - abs(x)), stalk);
}

/** Twelve things; chance is 91.7 % wrong. */
export const sampleClasses: readonly SampleClass[] = [
  { name: 'ball', distance: (x, y) => hypot(x, y) - 0.85, turn: Math.PI, usual: red },
  {
    name: 'crescent',
    distance: (x, y) => max(hypot(x, y) - 0.88, 0.72 - hypot(x - 0.42, y)),
    turn: 0.6,
    usual: yellow,
  },
  {
    name: 'cross',
    distance: (x, y) => min(box(x, y, 0.85, 0.26), box(x, y, 0.26, 0.85)),
    turn: 0.4,
    usual: brown,
  },
  { name: 'fish', distance: fish, turn: 0.4, usual: blue },
  { name: 'gear', distance: gear, turn: Math.PI, usual: metal },
  { name: 'heart', distance: heart, turn: 0.4, usual: red },
  { name: 'house', distance: house, turn: 0.15, usual: brown },
  { name: 'leaf', distance: leaf, turn: 0.8, usual: green },
  { name: 'mushroom', distance: mushroom, turn: 0.3, usual: red },
  { name: 'ring', distance: (x, y) => abs(hypot(x, y) - 0.66) - 0.2, turn: Math.PI, usual: metal },
  { name: 'star', distance: star, turn: 0.5, usual: yellow },
  { name: 'tree', distance: tree, turn: 0.15, usual: green },
];

/** What lies around and is none of the classes. */
export const clutterShapes: readonly [Distance, ...Distance[]] = [
  (x, y) => box(x, y, 0.8, 0.35),
  (x, y) => box(x, y, 0.9, 0.08),
  (x, y) => triangle(x, y, [0.1, -0.8, -0.8, 0.6, 0.8, 0.5]),
  (x, y) => (hypot(x, y * 2.2) - 0.8) * 0.6,
  (x, y) => hypot(x, y) - 0.3,
];
