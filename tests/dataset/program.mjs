// Writes a dataset in a folder: node program.mjs FOLDER [COUNT]. Prints a line for every sample; kill.test.ts kills it.
import { writeDataset } from '@chiaro/faces/node';

const make = async (index) => {
  console.log(`sample ${index}`);
  await new Promise((resolve) => setTimeout(resolve, 1));
  const data = Float32Array.from({ length: 3000 }, (_, k) => Math.sin(index + 0.01 * k));
  return {
    image: { type: 'F32', shape: [10, 100, 3], data },
    index: { type: 'I32', shape: [1], data: [index] },
  };
};
const count = Number(process.argv[3] ?? 50);
await writeDataset(process.argv[2], { count, shardSize: 4, settings: { seed: 1 }, make });
process.exit(0);
