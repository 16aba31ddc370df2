/** Options of `parseArgs` as numbers of at least 0, in the order of their names. */
export const numbersOf = (options, names) =>
  names.map((name) => {
    const value = Number(options[name]);
    if (!(value >= 0)) throw new Error(`--${name} needs a number of at least 0, got ${options[name]}`);
    return value;
  });
