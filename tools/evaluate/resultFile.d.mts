/** A file of results: one entry for each key. */
export interface Results<Entry> {
  readonly content: { readonly adapter?: string; readonly entries: readonly Entry[] };
  has(key: string): boolean;
  add(entry: Entry, adapter?: string): void;
}

export function openResults<Entry>(
  file: string,
  options: { readonly settings: object; readonly keyOf: (entry: Entry) => string; readonly fresh?: boolean },
): Results<Entry>;
