// What --parallelism may say, for the commands that place a run on devices.
export const parallelismHelp =
  'columns (a column on each of two), data (a copy of the net on each, which share the batch), pairs (a copy on every two), hybrid (convolutions share the batch, fully connected layers are split)';
