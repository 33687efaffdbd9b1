// What every answer says to the browser: nothing from elsewhere, nothing inline, no frame around it.

/** Blobs: what the page makes itself, previews of dropped photos and downloads. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** For bytes that came from files: even opened by themselves they can do nothing. */
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";

const common = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

export const pageHeaders: Readonly<Record<string, string>> = {
  ...common,
  'Content-Security-Policy': contentSecurityPolicy,
};

export const fileHeaders: Readonly<Record<string, string>> = {
  ...common,
  'Content-Security-Policy': filePolicy,
};
