// The system's own dialogs to choose a folder or files, for the page.

import { AppError } from '../../api/errors.ts';
import { parseWith } from '../../api/parse.ts';
import { pickRequestSchema } from '../../api/window.ts';
import { channels } from './channels.ts';
import type { Dialog, Ipc, OpenDialog, Window } from './electron-parts.ts';
import { ownFrame } from './sender.ts';

const all = { name: 'All files', extensions: ['*'] };
const filters: Record<string, OpenDialog['filters']> = {
  none: [],
  all: [],
  images: [
    { name: 'Photos', extensions: ['jpg', 'jpeg', 'png', 'webp', 'gif', 'tif', 'tiff', 'heic', 'heif'] },
    all,
  ],
  models: [{ name: 'Models', extensions: ['safetensors', 'pt', 'pth', 'bin', 'onnx'] }, all],
  text: [{ name: 'Texts', extensions: ['txt', 'csv', 'json', 'mat'] }, all],
};

/** Answers the page's requests with the chosen paths, none where nothing was chosen. */
export function offerDialogs({
  ipc,
  dialog,
  window,
}: {
  ipc: Ipc;
  dialog: Dialog;
  window: () => Window;
}): void {
  ipc.handle(channels.pick, async (event, request) => {
    if (ownFrame(event) === undefined) {
      throw new AppError('INVALID_ARGUMENT', 'only the application itself opens dialogs');
    }
    const asked = parseWith(pickRequestSchema, request, 'what is to be picked', 'INVALID_ARGUMENT');
    const { title, pick, files, start, many } = asked;
    const { canceled, filePaths } = await dialog.showOpenDialog(window(), {
      title,
      ...(start === '' ? {} : { defaultPath: start }),
      properties: [
        pick === 'folder' ? 'openDirectory' : 'openFile',
        ...(many ? ['multiSelections' as const] : []),
        // Where something is to be written the folder may not be there yet.
        ...(pick === 'folder' ? ['createDirectory' as const] : []),
      ],
      filters: pick === 'folder' ? [] : (filters[files] ?? []),
    });
    return canceled ? [] : filePaths;
  });
}
