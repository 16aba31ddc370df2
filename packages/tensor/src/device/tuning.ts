import type { Tuning } from './profile.js';

/** A kernel that can be written in several ways, as it was asked for. */
export interface TuningSubject {
  /** All variants, by name. */
  readonly variants: readonly string[];
  /** The one that is taken without measuring. */
  readonly usual: string;
}

/** What was measured to be fastest on a device, and what is being tried. */
export class TuningTable implements Tuning {
  /** Variants by subject. */
  readonly choices = new Map<string, string>();
  #trial: { readonly subject: string; readonly variant: string } | undefined;
  #asked: Map<string, TuningSubject> | undefined;

  choose(subject: string, variants: readonly string[], usual: string): string {
    if (variants.length > 1) this.#asked?.set(subject, { variants, usual });
    const chosen = this.#trial?.subject === subject ? this.#trial.variant : this.choices.get(subject);
    return chosen !== undefined && variants.includes(chosen) ? chosen : usual;
  }

  /** Runs `work` with one variant in the place of what is chosen. */
  async trying<T>(subject: string, variant: string, work: () => Promise<T>): Promise<T> {
    this.#trial = { subject, variant };
    try {
      return await work();
    } finally {
      this.#trial = undefined;
    }
  }

  /** Runs `work` and gives the subjects that it asked for. */
  async listening(work: () => Promise<void>): Promise<ReadonlyMap<string, TuningSubject>> {
    const asked = new Map<string, TuningSubject>();
    this.#asked = asked;
    try {
      await work();
    } finally {
      this.#asked = undefined;
    }
    return asked;
  }
}
