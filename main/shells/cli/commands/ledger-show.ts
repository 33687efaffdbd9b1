// ledger show: the claims, and what was measured of them.
import type { Command } from '../command.ts';
import { count, plural, printable, when } from '../format.ts';
import { claimLines, ledgerLines } from '../ledger-view.ts';

export const ledgerShow: Command = {
  words: ['ledger', 'show'],
  summary: 'Shows the paper’s claims beside what was measured here',
  positionals: '[PLAN]',
  positionalCount: [0, 1],
  notes: ['Without PLAN: the claims, and every plan. ledger run makes plans.'],
  async run({ program, output, studio }, args) {
    const { ledger } = studio();
    const claims = ledger.claims();
    const wanted = args.positionals[0];
    const plans = wanted === undefined ? ledger.plans() : [ledger.plan(wanted)];
    if (plans.length === 0) {
      output.emit({ claims, ledgers: [] });
      for (const line of claimLines(claims)) output.print(line);
      output.print(`\nnothing was measured here yet; ${program} ledger run --help says how`);
      return;
    }
    const shown = [];
    for (const plan of plans) shown.push(await ledger.show(plan.id));
    output.emit({ claims, ledgers: shown });
    for (const one of shown) {
      const { id, datasetName, settings, createdAt } = one.plan;
      const { widthFactor, epochs, batchSize } = settings.scale;
      output.print(
        `plan ${id} (${when(createdAt)}): ${settings.preset} on ${printable(datasetName)}, width ${widthFactor}, ` +
          `${plural(epochs, 'epoch')}, batch ${count(batchSize)}, ${plural(settings.seeds, 'seed')}, ${settings.precision}`,
      );
      for (const line of ledgerLines(claims, one)) output.print(line);
      output.print();
    }
  },
};
