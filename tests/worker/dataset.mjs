/**
 * Numbers that follow from index and epoch, made in more or less time. Index `fails` throws, `dies` ends the worker,
 * `keeps` cannot be sent, `hangs` is never done.
 */
export const dataset = async ({ length, fails, dies, keeps, hangs }) => ({
  length,
  async item(index, epoch) {
    await new Promise((done) => setTimeout(done, Math.random() * 5));
    if (index === fails) throw new RangeError(`page ${index} is torn`);
    if (index === dies) process.exit(7);
    if (index === keeps) return () => index;
    if (index === hangs) await new Promise(() => undefined);
    return { index, values: Float32Array.from({ length: 50 }, (_, k) => Math.sin(index * 50 + k + epoch)) };
  },
  transfer: (item) => (typeof item === 'function' ? [] : [item.values.buffer]),
});
