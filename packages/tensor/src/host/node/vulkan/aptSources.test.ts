import { describe, expect, test } from 'vitest';
import { DeviceError } from '../../../errors.js';
import { driverSources, parseDeb822, parseOneLine, parseOsRelease } from './aptSources.js';

const bookworm = parseOsRelease(
  'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
);
const noble = parseOsRelease('ID=ubuntu\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n');

describe('package sources of the system', () => {
  test('deb822 files: comments, several suites, keys inside, disabled stanzas', () => {
    const archives = parseDeb822(`Types: deb deb-src
# a comment
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://other.example/
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/
Suites: bookworm
Components: main
`);
    expect(archives).toHaveLength(1);
    expect(archives[0]).toMatchObject({
      uri: 'http://archive.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
    });
    expect(archives[0]!.signedBy).toContain('\n abc\n');
  });

  test('one-line files: options, comments, source lines', () => {
    const text = `# deb http://off.example x main
deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian bookworm main contrib # here
deb-src http://a.example/debian bookworm main
deb http://b.example/ubuntu noble universe`;
    expect(parseOneLine(text)).toEqual([
      { uri: 'http://a.example/debian', suites: ['bookworm'], components: ['main', 'contrib'], signedBy: '/k.gpg' },
      { uri: 'http://b.example/ubuntu', suites: ['noble'], components: ['universe'], signedBy: undefined },
    ]);
  });

  test('Debian 12 takes Mesa from its backports, Ubuntu from its updates', () => {
    const archives = parseOneLine(
      'deb [signed-by=/k.gpg] http://a.example/d bookworm main\ndeb http://u.example noble main',
    );
    expect(driverSources(archives, bookworm)).toEqual({
      text: 'Types: deb\nURIs: http://a.example/d\nSuites: bookworm bookworm-backports\nComponents: main\nSigned-By: /k.gpg\n',
      suite: 'bookworm-backports',
    });
    expect(driverSources(archives, noble).text).toContain('Suites: noble noble-updates\n');
  });

  test('a system whose archive is not found says so', () => {
    expect(() => driverSources([], bookworm)).toThrow(DeviceError);
    expect(() => driverSources([], bookworm)).toThrow(/main component of Debian GNU\/Linux 12/);
    expect(() => driverSources(parseOneLine('deb http://a.example/d trixie main'), parseOsRelease(''))).toThrow(
      DeviceError,
    );
  });
});
