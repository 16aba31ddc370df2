import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceError } from '../../../errors.js';

/** A package archive that this system is set up to use. */
export interface Archive {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Value of Signed-By, which may be a whole key. */
  readonly signedBy: string | undefined;
}

/** Fields of one deb822 stanza, by lower-case name; continuation lines stay in the value. */
function parseStanza(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const field = /^([A-Za-z-]+):(.*)$/.exec(line);
    if (field) {
      last = field[1]!.toLowerCase();
      fields.set(last, field[2]!.trim());
    } else if (/^\s/.test(line) && last) {
      fields.set(last, `${fields.get(last)!}\n${line}`);
    }
  }
  return fields;
}

/** Archives of a `.sources` file. */
export function parseDeb822(text: string): Archive[] {
  const words = (value: string | undefined): string[] => (value ?? '').split(/\s+/).filter(Boolean);
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = parseStanza(stanza);
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled')?.toLowerCase() === 'no') return [];
    const suites = words(fields.get('suites'));
    const components = words(fields.get('components'));
    return words(fields.get('uris')).map((uri) => ({ uri, suites, components, signedBy: fields.get('signed-by') }));
  });
}

/** Archives of a `.list` file. */
export function parseOneLine(text: string): Archive[] {
  return text.split('\n').flatMap((line) => {
    const found = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (!found) return [];
    const [, options = '', uri, suite, components] = found;
    const signedBy = /signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uri: uri!, suites: [suite!], components: components!.trim().split(/\s+/), signedBy }];
  });
}

/** All archives that the files below `folder` (/etc/apt) name. */
export async function readArchives(folder: string): Promise<Archive[]> {
  const parts = join(folder, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).sort().map((name) => join(parts, name));
  const archives: Archive[] = [];
  for (const file of [join(folder, 'sources.list'), ...names]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) archives.push(...parseDeb822(text));
    else if (file.endsWith('.list')) archives.push(...parseOneLine(text));
  }
  return archives;
}

/** The variables of an os-release file. */
export const parseOsRelease = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/gm)].map(([, name, value]) => [name!, value!]));

/** Suites to take the driver from: Debian 12's own Mesa (22.3) is too old for Dawn, its backports are not. */
function suitesOf(release: ReadonlyMap<string, string>): string[] {
  const codename = release.get('UBUNTU_CODENAME') ?? release.get('VERSION_CODENAME');
  if (!codename) return [];
  if (release.has('UBUNTU_CODENAME')) return [codename, `${codename}-updates`];
  return codename === 'bookworm' ? [codename, `${codename}-backports`] : [codename];
}

/**
 * The package sources (deb822 text) to take the driver from, given the system's archives and its os-release: the
 * archive that the system itself uses, with the suites of which one has a recent Mesa. The last suite is preferred.
 */
export function driverSources(
  archives: readonly Archive[],
  release: ReadonlyMap<string, string>,
): { text: string; suite: string } {
  const suites = suitesOf(release);
  const archive = archives.find(
    ({ suites: each, components }) => each.includes(suites[0]!) && components.includes('main'),
  );
  if (!archive) {
    const name = release.get('PRETTY_NAME') ?? 'this system';
    throw new DeviceError(`/etc/apt names no package archive with the main component of ${name}`);
  }
  const lines = ['Types: deb', `URIs: ${archive.uri}`, `Suites: ${suites.join(' ')}`, 'Components: main'];
  if (archive.signedBy) lines.push(`Signed-By: ${archive.signedBy}`);
  return { text: `${lines.join('\n')}\n`, suite: suites.at(-1)! };
}
