import { inject, expect, it } from 'vitest';
import { findDatabaseTrouble } from '../../../../src/db/trouble.ts';
import { openDatabase } from '../../../../src/db/orm.ts';

it.each(['require', 'verify-full'])(
  'never connects in plain text if the URL says sslmode=%s',
  async (sslmode) => {
    // The server of the tests has no TLS.
    const url = `${inject('templateUrl')}?sslmode=${sslmode}`;
    const orm = await openDatabase({ url, poolMax: 1 });
    expect(await findDatabaseTrouble(orm)).not.toBeNull();
    await orm.close();
  },
);
