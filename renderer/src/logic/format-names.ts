// Image formats as their makers write them.

const written: Record<string, string> = { webp: 'WebP' };

/** 'JPEG, PNG, WebP' of the engine's 'jpeg', 'png', 'webp'. */
export function formatNames(formats: readonly string[]): string {
  return formats.map((format) => written[format] ?? format.toUpperCase()).join(', ');
}
