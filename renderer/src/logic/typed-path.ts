// Paths as people type them, on the machine that computes.

/** With the home folder in place of ~, as a shell writes it out; anything else stays as it is. */
export function typedPath(text: string, home: string | undefined): string {
  return home !== undefined && text.startsWith('~/') ? `${home.replace(/\/$/, '')}/${text.slice(2)}` : text;
}
