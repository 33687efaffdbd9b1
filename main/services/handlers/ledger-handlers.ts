// Handlers of the ledger.
import type { StudioHandlers } from '../../api/contract.ts';
import { ledgerDetail } from '../ledger/detail.ts';
import { ledgerText } from '../ledger/export.ts';
import type { HandlerParts } from './parts.ts';

const mediaTypes = { json: 'application/json', csv: 'text/csv', html: 'text/html', md: 'text/markdown' };

export function ledgerHandlers(parts: HandlerParts): StudioHandlers['ledger'] {
  const { db, ledger, ledgerQueue, changes } = parts;
  return {
    claims: () => ledger.claims(),
    truths: () => [...ledger.truths],
    results: () => ledger.reference.results,
    plans: () => ledger.plans(),
    shipped: () => ledger.shipped(),
    show: ({ id }) => ledger.show(id),
    detail: ({ id, row }) => ledgerDetail(db, ledger, ledger.plan(id), row),
    preview: (settings) => ledger.preview(settings),
    start(settings) {
      const { id } = ledger.prepare(settings);
      ledger.setActive(id, true);
      ledgerQueue.queueMissing(ledger.plan(id), true);
      return { planId: id };
    },
    resume({ id }) {
      ledger.setActive(id, true);
      ledgerQueue.queueMissing(ledger.plan(id), true);
    },
    cancel: ({ id }) => ledgerQueue.cancel(ledger.plan(id)),
    remove({ id }) {
      ledgerQueue.cancel(ledger.plan(id));
      ledger.remove(id);
      changes.tell('ledger', id);
    },
    async export({ id, format }) {
      const file = await ledger.file(id, '');
      const fileName = `ledger-${file.ledger.plan.datasetName.replace(/[^\w-]+/g, '-')}.${format}`;
      return { fileName, mediaType: mediaTypes[format], text: ledgerText(file, format) };
    },
  };
}
