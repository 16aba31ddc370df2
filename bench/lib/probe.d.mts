/** What a probe printed, and how long it took from its start to that line, and from there to its end. */
export interface ProbeResult<T> {
  readonly figures: T & { readonly adapter: string };
  readonly firstLineMs: number;
  readonly exitMs: number;
}

/** Runs a program of bench/probes in a process of its own. */
export function runProbe<T>(
  name: string,
  options?: { args?: readonly (string | number)[]; env?: Readonly<Record<string, string>>; timeout?: number },
): Promise<ProbeResult<T>>;
