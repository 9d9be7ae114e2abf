import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates are made by the command `openssl`. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  readonly root: string;
  readonly intermediate: string;
  /** A certificate that the intermediate signs. `days: 0`: it has expired. */
  issue(subjectAltName: string, options?: { days?: number }): Certificate;
  /** A certificate that signs itself. */
  issueSelfSigned(subjectAltName: string): Certificate;
  close(): void;
}

/** A certificate authority with a root and an intermediate certificate. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'validatr-tls-'));
  const pathOf = (name: string) => join(folder, name);
  const read = (name: string) => readFileSync(pathOf(name), 'utf8');
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  let serial = 1;

  function sign(name: string, issuer: string, { extension, days }: { extension: string; days: number }) {
    serial += 1;
    writeFileSync(pathOf(`${name}.ext`), extension);
    openssl('req', ...KEY, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const by = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-set_serial', String(serial)];
    const more = ['-days', String(days), '-extfile', `${name}.ext`, '-out', `${name}.pem`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, ...more);
    return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
  }

  function signItself(name: string, ...more: string[]): Certificate {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    openssl('req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`, ...files, ...more);
    return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
  }

  const { cert: root } = signItself('root');
  const ofAuthority = { extension: 'basicConstraints=critical,CA:TRUE', days: 2 };
  const { cert: intermediate } = sign('intermediate', 'root', ofAuthority);
  return {
    root,
    intermediate,
    issue: (subjectAltName, { days = 2 } = {}) =>
      sign(`receiver-${serial}`, 'intermediate', { extension: `subjectAltName=${subjectAltName}`, days }),
    issueSelfSigned: (subjectAltName) => signItself('self', '-addext', `subjectAltName=${subjectAltName}`),
    close: () => rmSync(folder, { recursive: true }),
  };
}
