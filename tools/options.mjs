/** Options of `parseArgs` as numbers of at least 0, in the order of their names. */
export const numbersOf = (options, names) =>
  names.map((name) => {
    const value = Number(options[name]);
    if (!(value >= 0)) throw new Error(`--${name} needs a number of at least 0, got ${options[name]}`);
    return value;
  });

/** The same for whole numbers of at least `least`. */
export const wholeNumbersOf = (options, names, least = 0) =>
  names.map((name) => {
    const value = Number(options[name]);
    if (!Number.isInteger(value) || value < least)
      throw new Error(`--${name} needs a whole number of at least ${least}, got ${options[name]}`);
    return value;
  });

/** The rows of a table that are asked for by their names, "a,b". */
export function chosenRows(names, rows) {
  const chosen = names.split(',');
  const unknown = chosen.find((row) => !Object.hasOwn(rows, row));
  if (unknown !== undefined) throw new Error(`there is no row ${unknown}; there are ${Object.keys(rows).join(', ')}`);
  return chosen;
}
