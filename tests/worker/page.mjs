import { DataLoader, openWorkerDataset } from '@chiaro/nn';

/** Reads an epoch through Web Workers. */
globalThis.readEpoch = async (options, workers, epoch) => {
  const faces = await openWorkerDataset({ module: new URL('/dataset.js', globalThis.location.href), options, workers });
  try {
    const loader = new DataLoader(faces, {
      batchSize: 4,
      seed: 3,
      collate: (items) => items.map(({ index }) => index),
    });
    const batches = [];
    for await (const { batch } of loader.batches(epoch)) batches.push(batch);
    return batches;
  } finally {
    faces.close();
  }
};
