// A figure as a file: on white paper, with its photos inside it.
import { saveBlob } from '../logic/save-file.ts';
import { animatedPng } from './animated-png.ts';
import type { Figure, Tone } from './figure.ts';

export type FigureFormat = 'png' | 'svg' | 'html';

/** On white. */
const paper: Record<Tone, string> = {
  text: '#1a1d21',
  soft: '#5a626c',
  bar: '#a9c6ea',
  good: '#f0a39a',
  line: '#c3c9d0',
};
/** Letters need more contrast than bars. */
const inkOfGood = '#b3261e';
const font = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
/** Pixels of a PNG for one of the figure. */
const sharpness = 2;

const escaped = (text: string) =>
  text.replace(
    /[&<>"]/g,
    (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter] ?? '',
  );
const ink = (tone: Tone) => (tone === 'good' ? inkOfGood : paper[tone]);

/** `pictures`: a data address for each source. */
export function figureSvg(figure: Figure, pictures: ReadonlyMap<string, string>): string {
  const { width, height, title } = figure;
  const items = figure.items.map((item) => {
    if (item.kind === 'picture') {
      const address = escaped(pictures.get(item.source) ?? '');
      const smooth = item.pixelated === true ? ' style="image-rendering:pixelated"' : '';
      return `<image x="${item.x}" y="${item.y}" width="${item.width}" height="${item.height}" preserveAspectRatio="none" href="${address}"${smooth}><title>${escaped(item.title)}</title></image>`;
    }
    if (item.kind === 'bar')
      return `<rect x="${item.x}" y="${item.y}" width="${item.width}" height="${item.height}" fill="${paper[item.tone]}"/>`;
    const weight = item.bold === true ? ' font-weight="600"' : '';
    return `<text x="${item.x}" y="${item.y}" font-size="${item.size}" text-anchor="${item.anchor}" fill="${ink(item.tone)}"${weight}>${escaped(item.text)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(font)}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...items,
    '</svg>',
  ].join('\n');
}

export function figureHtml(figure: Figure, pictures: ReadonlyMap<string, string>): string {
  return [
    '<!doctype html>',
    `<html lang="en"><meta charset="utf-8"><title>${escaped(figure.title)}</title>`,
    '<style>body{margin:2em;font-family:system-ui,sans-serif;background:#fff;color:#1a1d21}svg{max-width:100%;height:auto}</style>',
    `<h1>${escaped(figure.title)}</h1>`,
    figureSvg(figure, pictures),
    '</html>',
    '',
  ].join('\n');
}

async function load(source: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

function dataAddress(image: HTMLImageElement, pixelated: boolean): string {
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  return pixelated ? canvas.toDataURL('image/png') : canvas.toDataURL('image/jpeg', 0.92);
}

async function figurePng(figure: Figure, pictures: ReadonlyMap<string, HTMLImageElement>): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = figure.width * sharpness;
  canvas.height = figure.height * sharpness;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser draws no pictures');
  context.scale(sharpness, sharpness);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, figure.width, figure.height);
  for (const item of figure.items) {
    if (item.kind === 'picture') {
      const image = pictures.get(item.source);
      context.imageSmoothingEnabled = item.pixelated !== true;
      if (image !== undefined) context.drawImage(image, item.x, item.y, item.width, item.height);
    } else if (item.kind === 'bar') {
      context.fillStyle = paper[item.tone];
      context.fillRect(item.x, item.y, item.width, item.height);
    } else {
      context.fillStyle = ink(item.tone);
      context.font = `${item.bold === true ? '600 ' : ''}${item.size}px ${font}`;
      context.textAlign = item.anchor === 'middle' ? 'center' : item.anchor;
      context.fillText(item.text, item.x, item.y);
    }
  }
  return await new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the picture is too large')) : resolve(blob)));
  });
}

/** `name` without an ending. Rejects where a picture of the figure cannot be read. */
export async function saveFigure(figure: Figure, name: string, format: FigureFormat): Promise<void> {
  const loaded = new Map<string, HTMLImageElement>();
  const addresses = new Map<string, string>();
  for (const item of figure.items) {
    if (item.kind !== 'picture' || loaded.has(item.source)) continue;
    const image = await load(item.source);
    loaded.set(item.source, image);
    if (format !== 'png') addresses.set(item.source, dataAddress(image, item.pixelated === true));
  }
  if (format === 'png') return saveBlob(`${name}.png`, await figurePng(figure, loaded));
  const text = format === 'svg' ? figureSvg(figure, addresses) : figureHtml(figure, addresses);
  const mediaType = format === 'svg' ? 'image/svg+xml' : 'text/html';
  saveBlob(`${name}.${format}`, new Blob([text], { type: mediaType }));
}

const frameMs = 350;
/** The end is looked at. */
const lastFrameMs = 2000;

/** Figures of one size, one after the other, as a PNG that moves. Rejects where a picture of them cannot be read. */
export async function saveAnimation(figures: readonly Figure[], name: string): Promise<void> {
  const frames: { png: Uint8Array; delayMs: number }[] = [];
  for (const [i, figure] of figures.entries()) {
    const pictures = new Map<string, HTMLImageElement>();
    for (const item of figure.items) {
      if (item.kind === 'picture') pictures.set(item.source, await load(item.source));
    }
    const png = new Uint8Array(await (await figurePng(figure, pictures)).arrayBuffer());
    frames.push({ png, delayMs: i === figures.length - 1 ? lastFrameMs : frameMs });
  }
  saveBlob(`${name}.png`, new Blob([animatedPng(frames)], { type: 'image/apng' }));
}
