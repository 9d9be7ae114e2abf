import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLogger('info', 'api', destination));
  return lines.join('');
}

describe('the log', () => {
  it('never shows webhook URLs and credentials', () => {
    const line = logged((logger) => {
      logger.info({
        url: 'https://hooks.example/secret-1',
        delivery: { url: 'https://hooks.example/secret-2' },
        notifications: { onStart: 'https://hooks.example/secret-3' },
        headers: { authorization: 'Bearer secret-4' },
      });
    });
    expect(line).not.toMatch(/secret-\d/);
  });

  it('shows an error of ours with its cause, without a stack', () => {
    const line = logged((logger) => {
      logger.warn({ err: new AppError('database_unavailable', { cause: new Error('ECONNREFUSED') }) });
    });
    expect(line).toContain('ECONNREFUSED');
    expect(line).not.toContain('stack');
  });

  it('says which process speaks', () => {
    expect(JSON.parse(logged((logger) => logger.info('hello')))).toMatchObject({
      process: 'api',
      msg: 'hello',
    });
  });
});
