// Coordinates of a kernel's loops, as WGSL statements: divided out of an index, or counted up.

/** Statements that decode a linear index into the coordinates of `sizes`. */
export function coordinates(
  loop: 'o' | 'i',
  linear: string,
  sizes: readonly number[],
  declare: 'let' | 'var' = 'let',
): string[] {
  if (sizes.length === 0) return [];
  const lines: string[] = [];
  let rest = linear;
  for (let k = sizes.length - 1; k > 0; k--) {
    const name = `${loop}r${k}`;
    if (k === sizes.length - 1 && linear.includes(' ')) {
      lines.push(`let ${loop}all = ${linear};`);
      rest = `${loop}all`;
    }
    lines.push(`let ${name} = ${rest} / u.${loop}${k};`, `${declare} ${loop}${k} = ${rest} - ${name} * u.${loop}${k};`);
    rest = name;
  }
  lines.push(`${declare} ${loop}0 = ${rest};`);
  return lines;
}

/** Statements that move coordinates on to the next element of `sizes`. */
export function advance(loop: 'o' | 'i', sizes: readonly number[]): string[] {
  if (sizes.length === 0) return [];
  const text = sizes.reduce(
    (carry, _, k) =>
      k === 0 ? carry : `${loop}${k}++; if (${loop}${k} == u.${loop}${k}) { ${loop}${k} = 0; ${carry} }`,
    `${loop}0++;`,
  );
  return [text];
}
