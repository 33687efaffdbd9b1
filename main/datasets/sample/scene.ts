// One sample picture: a thing in some material, somewhere before a cluttered background, under some light,
// seen by a camera that is not perfect. Its form and mostly its colour belong to the class; all the rest is chance.
import { CloudTexture } from './noise.ts';
import { Random } from './random.ts';
import { clutterShapes, type Distance, type SampleClass, type UsualColour } from './shapes.ts';

export interface Picture {
  width: number;
  height: number;
  /** RGB, rows top to bottom. */
  rgb: Uint8Array;
}

type Colour = readonly [number, number, number];

/** What every picture of a set is made from. */
export class Studio {
  readonly #clouds: readonly [CloudTexture, ...CloudTexture[]];

  constructor(seed: string) {
    const random = new Random(`${seed}/clouds`);
    this.#clouds = [
      new CloudTexture(random, 64, 0.55),
      new CloudTexture(random, 32, 0.7),
      new CloudTexture(random, 128, 0.5),
      new CloudTexture(random, 8, 0.8),
    ];
  }

  /** The picture of a class that belongs to `seed`; the same for the same seed. */
  take(thing: SampleClass, seed: string): Picture {
    const random = new Random(seed);
    const short = random.integer(150, 190);
    const long = Math.round(short * random.between(1, 1.35));
    const [width, height] = random.chance(0.6) ? [long, short] : [short, long];
    const canvas = new Canvas(width, height);
    const light = random.between(0, 2 * Math.PI);
    this.#background(canvas, random);
    for (let n = random.integer(2, 6); n > 0; n--) this.#clutter(canvas, random, light, 0.06, 0.22);
    const size = random.between(0.32, 0.5) * short;
    const usual = random.chance(0.75) ? thing.usual : undefined;
    this.#place(canvas, random, light, thing.distance, usual, {
      x: width / 2 + random.between(-0.5, 0.5) * (width - 1.6 * size) * 0.7,
      y: height / 2 + random.between(-0.5, 0.5) * (height - 1.6 * size) * 0.7,
      size,
      turn: random.between(-thing.turn, thing.turn),
      mirrored: random.chance(0.5),
    });
    for (let n = random.integer(0, 2); n > 0; n--) this.#clutter(canvas, random, light, 0.04, 0.11);
    return canvas.develop(random);
  }

  #cloud(random: Random): CloudTexture {
    return random.pick(this.#clouds);
  }

  #background(canvas: Canvas, random: Random): void {
    const low = colour(random, 0.1, 0.6);
    const high = colour(random, 0.3, 0.9);
    const cloud = this.#cloud(random);
    const zoom = random.between(0.3, 1.6);
    const stretch = random.chance(0.4) ? random.between(0.1, 0.5) : 1;
    const dx = random.between(0, 256);
    const dy = random.between(0, 256);
    const slope = random.between(-0.6, 0.6);
    const contrast = random.between(0.6, 2.2);
    for (let y = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width; x++) {
        const noise = cloud.at(x * zoom + dx, y * zoom * stretch + dy);
        const t = clamp(0.5 + (noise - 0.5) * contrast + slope * (y / canvas.height - 0.5));
        canvas.set(x, y, mix(low[0], high[0], t), mix(low[1], high[1], t), mix(low[2], high[2], t));
      }
    }
  }

  #clutter(canvas: Canvas, random: Random, light: number, least: number, most: number): void {
    const short = Math.min(canvas.width, canvas.height);
    this.#place(canvas, random, light, random.pick(clutterShapes), undefined, {
      x: random.between(0, canvas.width),
      y: random.between(0, canvas.height),
      size: random.between(least, most) * short,
      turn: random.between(-Math.PI, Math.PI),
      mirrored: false,
    });
  }

  #place(
    canvas: Canvas,
    random: Random,
    light: number,
    distance: Distance,
    usual: UsualColour | undefined,
    pose: { x: number; y: number; size: number; turn: number; mirrored: boolean },
  ): void {
    const local = poseToLocal(pose);
    const shadow = random.between(0.2, 0.6);
    const reach = random.between(0.08, 0.2);
    const lx = Math.cos(light);
    const ly = Math.sin(light);
    canvas.inside(
      pose.x - lx * reach * pose.size,
      pose.y - ly * reach * pose.size,
      pose.size * 1.3,
      (x, y) => {
        const [u, v] = local(x + lx * reach * pose.size, y + ly * reach * pose.size);
        canvas.darken(x, y, shadow * clamp(0.5 - distance(u, v) / 0.25));
      },
    );
    const surface = this.#material(random, usual);
    const roundness = random.between(0.15, 0.6);
    const gloss = random.chance(0.5) ? random.between(0.1, 0.5) : 0;
    const ambient = random.between(0.35, 0.6);
    const edge = 1.2 / pose.size;
    canvas.inside(pose.x, pose.y, pose.size * 1.05, (x, y) => {
      const [u, v] = local(x, y);
      const d = distance(u, v);
      if (d > edge) return;
      // The surface rises from the outline inwards; its slope gives the light.
      const step = 0.03;
      const [u1, v1] = local(x + step * pose.size, y);
      const [u2, v2] = local(x, y + step * pose.size);
      const rise = (at: number) => Math.sqrt(clamp(-at / roundness));
      const height = rise(d);
      const nx = (height - rise(distance(u1, v1))) / step;
      const ny = (height - rise(distance(u2, v2))) / step;
      const length = Math.hypot(nx, ny, 2);
      const facing = (nx * lx + ny * ly + 2 * 0.7) / (length * 1.22);
      const shade = ambient + (1 - ambient) * 1.25 * Math.max(facing, 0);
      const shine = gloss * Math.max(facing, 0) ** 18;
      const [r, g, b] = surface(u, v);
      canvas.blend(x, y, r * shade + shine, g * shade + shine, b * shade + shine, clamp(0.5 - d / edge / 2));
    });
  }

  #material(random: Random, usual: UsualColour | undefined): (u: number, v: number) => Colour {
    const first = colour(random, usual === undefined ? 0.15 : 0.4, 0.95, usual);
    const second = colour(random, 0.1, 0.9);
    const cloud = this.#cloud(random);
    const dx = random.between(0, 256);
    const dy = random.between(0, 256);
    const grain = random.between(10, 60);
    const pattern = random.integer(0, 3);
    const period = random.between(4, 11);
    const angle = random.between(0, Math.PI);
    const c = Math.cos(angle) * period;
    const s = Math.sin(angle) * period;
    const strength = random.between(0.05, 0.35);
    return (u, v) => {
      const noise = (cloud.at(u * grain + dx, v * grain + dy) - 0.5) * 2 * strength;
      let t = 0;
      if (pattern === 1) t = 0.7 * clamp(0.5 + 3 * Math.sin(u * c + v * s));
      else if (pattern === 2) t = 0.7 * clamp(3 * (Math.sin(u * c - v * s) * Math.sin(u * s + v * c)));
      else if (pattern === 3) t = clamp(0.5 + noise * 2);
      return [
        mix(first[0], second[0], t) * (1 + noise),
        mix(first[1], second[1], t) * (1 + noise),
        mix(first[2], second[2], t) * (1 + noise),
      ];
    };
  }
}

class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #pixels: Float32Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#pixels = new Float32Array(width * height * 3);
  }

  set(x: number, y: number, r: number, g: number, b: number): void {
    const i = (y * this.width + x) * 3;
    this.#pixels[i] = r;
    this.#pixels[i + 1] = g;
    this.#pixels[i + 2] = b;
  }

  blend(x: number, y: number, r: number, g: number, b: number, alpha: number): void {
    const i = (y * this.width + x) * 3;
    const p = this.#pixels;
    this.set(x, y, mix(p[i] ?? 0, r, alpha), mix(p[i + 1] ?? 0, g, alpha), mix(p[i + 2] ?? 0, b, alpha));
  }

  darken(x: number, y: number, amount: number): void {
    this.blend(x, y, 0, 0, 0, amount);
  }

  /** Every pixel of the square around (x, y) that is on the canvas. */
  inside(x: number, y: number, half: number, visit: (x: number, y: number) => void): void {
    const left = Math.max(0, Math.floor(x - half * 1.42));
    const right = Math.min(this.width - 1, Math.ceil(x + half * 1.42));
    const top = Math.max(0, Math.floor(y - half * 1.42));
    const bottom = Math.min(this.height - 1, Math.ceil(y + half * 1.42));
    for (let py = top; py <= bottom; py++) for (let px = left; px <= right; px++) visit(px, py);
  }

  /** Exposure, colour cast, dark corners and sensor noise; to 8 bits. */
  develop(random: Random): Picture {
    const { width, height } = this;
    const rgb = new Uint8Array(width * height * 3);
    const exposure = random.between(0.75, 1.2);
    const cast = [random.between(0.9, 1.1), random.between(0.94, 1.06), random.between(0.88, 1.12)] as const;
    const corners = random.between(0, 0.35);
    const grain = random.between(0.005, 0.05);
    const grey = random.chance(0.04);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const fromCentre = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2;
        const gain = exposure * (1 - corners * fromCentre);
        const i = (y * width + x) * 3;
        const p = this.#pixels;
        const luminance = 0.3 * (p[i] ?? 0) + 0.59 * (p[i + 1] ?? 0) + 0.11 * (p[i + 2] ?? 0);
        const noise = grey ? (random.next() - 0.5) * 2 * grain : 0;
        for (let channel = 0; channel < 3; channel++) {
          const own = grey
            ? luminance * gain + noise
            : (p[i + channel] ?? 0) * gain * (cast[channel] ?? 1) + (random.next() - 0.5) * 2 * grain;
          rgb[i + channel] = Math.round(255 * clamp(own));
        }
      }
    }
    return { width, height, rgb };
  }
}

function poseToLocal(pose: { x: number; y: number; size: number; turn: number; mirrored: boolean }) {
  const c = Math.cos(pose.turn) / pose.size;
  const s = Math.sin(pose.turn) / pose.size;
  const flip = pose.mirrored ? -1 : 1;
  return (x: number, y: number): readonly [number, number] => {
    const dx = x - pose.x;
    const dy = y - pose.y;
    return [flip * (dx * c + dy * s), dy * c - dx * s];
  };
}

function colour(random: Random, low: number, high: number, usual?: UsualColour): Colour {
  const value = random.between(low, high);
  const [least, most] = usual?.saturation ?? [0, 0.8];
  const saturation = random.between(least, most);
  const hue =
    usual === undefined ? random.between(0, 6) : usual.hue + random.between(-usual.spread, usual.spread) + 6;
  const part = (shift: number) => {
    const k = (hue + shift) % 6;
    return value * (1 - saturation * clamp(Math.min(k, 4 - k)));
  };
  return [part(5), part(3), part(1)];
}

function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
