// What can compute here, and how busy it is.
import * as z from 'zod';
import { deviceReportSchema } from '../net-description.ts';
import { call, nothing, stream } from '../operation.ts';

export const deviceLoadSchema = z.object({
  id: z.string(),
  /** Share of its time that it computes, 0..1; null where nothing tells. */
  utilisation: z.number().nullable(),
  memoryUsedBytes: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  /** Why a figure is null; empty where none is. */
  reason: z.string(),
});

export const devicesOperations = {
  list: call({ input: nothing, output: z.array(deviceReportSchema) }),
  /** All devices once a second. */
  load: stream({ input: nothing, output: z.array(deviceLoadSchema) }),
};

export type DeviceLoad = z.output<typeof deviceLoadSchema>;
