// `npm start`, `npm test` and the like come here. Only the version of Node is looked at before anything else is
// loaded, in words that an old one still reads.
//
//   node main/setup/run.mjs start|test|bench|sanitize|setup [arguments for the target]
const oldestNodeMajor = 20;

if (Number.parseInt(process.versions.node, 10) < oldestNodeMajor) {
  process.stderr.write(
    `Node ${process.versions.node} is too old: install Node ${oldestNodeMajor} or newer.\n`,
  );
  process.exitCode = 1;
} else {
  const { runTarget } = await import('./targets.mjs');
  process.exitCode = await runTarget(process.argv.slice(2));
}
