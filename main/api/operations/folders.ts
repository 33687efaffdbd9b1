// The folder browser for screens that run in a browser: only what the user may read, names and counts.
import * as z from 'zod';
import { call } from '../operation.ts';

export const folderEntrySchema = z.object({
  name: z.string(),
  /** Absolute. */
  path: z.string(),
  kind: z.enum(['folder', 'file']),
  /** Of a file. */
  sizeBytes: z.number().nullable(),
  /** Of a folder: image files directly in it; null where it was not counted. */
  images: z.int().nullable(),
  /** Of a folder: folders directly in it; null where it was not counted. */
  folders: z.int().nullable(),
});

export const folderListingSchema = z.object({
  path: z.string(),
  /** Null at the root. */
  parent: z.string().nullable(),
  /** Image files directly in it. */
  images: z.int(),
  /** Folders first, then files, each by name; hidden ones are left out. */
  entries: z.array(folderEntrySchema),
  /** Entries left out since they are too many. */
  left: z.int(),
  /** Where to begin: the home folder, disks. */
  places: z.array(z.object({ name: z.string(), path: z.string() })),
});

export const foldersOperations = {
  /** Not given: the home folder. Throws NOT_FOUND, IO. */
  list: call({
    input: z.object({
      path: z.string().exactOptional(),
      /** Which files to show besides folders. */
      files: z.enum(['none', 'images', 'models', 'text', 'all']).default('none'),
    }),
    output: folderListingSchema,
  }),
};

export type FolderEntry = z.output<typeof folderEntrySchema>;
export type FolderListing = z.output<typeof folderListingSchema>;
