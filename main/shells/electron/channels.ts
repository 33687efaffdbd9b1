// Names under which the preload script and this process speak.
export const channels = {
  /** From the page: give me a port. */
  connect: 'alexnet-studio:connect',
  /** To the page, with a port. */
  port: 'alexnet-studio:port',
  /** From the page: open a dialog. */
  pick: 'alexnet-studio:pick',
} as const;
