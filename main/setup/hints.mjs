// What a program's output tells about the cause of a failure, in words that say what to do.

/** The first that matches is told. */
const hints = [
  {
    pattern: /no space left on device|ENOSPC|disk quota exceeded|EDQUOT|not enough free space/i,
    hint: 'The disk is full: free a few gigabytes where this checkout and /tmp lie, then run the same command again.',
  },
  {
    pattern:
      /EAI_AGAIN|ENOTFOUND|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|ECONNRESET|ETIMEDOUT|temporary failure resolving|could not resolve|could not connect to|network is unreachable|failed to fetch/i,
    hint: 'There is no way to the package registry: check the network connection (or proxy), then run the same command again.',
  },
  {
    pattern: /unable to locate package|has no installation candidate/i,
    hint: 'This release of the system does not carry that package. Debian 12 does; elsewhere install the library it stands for by other means.',
  },
  {
    pattern: /cannot allocate memory|fatal error: killed signal|virtual memory exhausted/i,
    hint: 'Memory ran out while compiling: close other programs, then run the same command again.',
  },
  {
    pattern: /EACCES|permission denied/i,
    hint: 'A file here belongs to someone else (perhaps a run as root): make the checkout yours with chown -R.',
  },
];

/**
 * @param {string} output all that a failed program said
 * @returns {string | undefined}
 */
export function hintFor(output) {
  return hints.find(({ pattern }) => pattern.test(output))?.hint;
}
