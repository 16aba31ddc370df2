import { Parameter, tensor, type Tensor } from '@chiaro/autograd';
import type { HeadPoses } from '../draw/drawHeads.js';

/** p of the paper: pose and expression of a head in one frame. */
export interface Head {
  /** [3] axis times angle, radians. */
  readonly rotation: readonly number[];
  /** [3] mm */
  readonly translation: readonly number[];
  /** [Z] */
  readonly code: readonly number[];
}

/**
 * What a rate of 1 changes: the paper has one rate for rotation, translation and code, and does not state their units. A first
 * step at its rate of 0.1 is 10 milliradians, 1 mm and a tenth of a code's deviation.
 */
const units = { rotation: 0.1, translation: 10, code: 1 } as const;

/** Rotations, translations and codes of B heads as parameters. */
export class HeadParameters {
  readonly #rotations: Parameter;
  readonly #translations: Parameter;
  readonly #codes: Parameter;

  constructor(heads: readonly Head[]) {
    const [rotations, translations, codes] = scaled(heads);
    this.#rotations = new Parameter(rotations);
    this.#translations = new Parameter(translations);
    this.#codes = new Parameter(codes);
  }

  /** All heads, or those of the given rows (int32). */
  poses(rows?: Tensor): HeadPoses & { /** [B, Z] */ readonly codes: Tensor } {
    const of = (all: Tensor): Tensor => (rows ? all.indexSelect(0, rows) : all);
    return {
      rotations: of(this.#rotations).mul(units.rotation),
      translations: of(this.#translations).mul(units.translation),
      codes: of(this.#codes).mul(units.code),
    };
  }

  parameters(): Parameter[] {
    return [this.#rotations, this.#translations, this.#codes];
  }

  /** Other heads, as many as before. */
  assign(heads: readonly Head[]): void {
    const values = scaled(heads);
    this.parameters().forEach((parameter, k) => parameter.assign(values[k]));
  }

  async read(): Promise<Head[]> {
    const { rotations, translations, codes } = this.poses();
    const rows = async (values: Tensor): Promise<number[][]> => {
      const [count, width] = values.shape;
      const data = Array.from(await values.data());
      return Array.from({ length: count }, (_, k) => data.slice(k * width, (k + 1) * width));
    };
    const [r, t, z] = await Promise.all([rotations, translations, codes].map(rows));
    return r.map((rotation, k) => ({ rotation, translation: t[k], code: z[k] }));
  }
}

function scaled(heads: readonly Head[]): [Tensor, Tensor, Tensor] {
  const rows = (of: (head: Head) => readonly number[], unit: number): Tensor =>
    tensor(
      Float32Array.from(heads.flatMap(of), (x) => x / unit),
      [heads.length, of(heads[0]).length],
    );
  return [
    rows((head) => head.rotation, units.rotation),
    rows((head) => head.translation, units.translation),
    rows((head) => head.code, units.code),
  ];
}
