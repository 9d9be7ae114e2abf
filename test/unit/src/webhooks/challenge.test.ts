import { describe, expect, it } from 'vitest';
import { isAnswered, makeChallenge } from '../../../../src/webhooks/challenge.ts';

describe('a challenge', () => {
  const asked = makeChallenge();
  const { challenge } = asked;
  const answer = (excerpt: string | null) => isAnswered(asked, { outcome: 'delivered', excerpt });

  it('is different each time, and tells the receiver what to do', () => {
    expect(JSON.parse(asked.body)).toEqual({ id: asked.id, state: 'challenge', challenge });
    expect(makeChallenge()).not.toMatchObject({ id: asked.id });
    expect(makeChallenge()).not.toMatchObject({ challenge });
    expect(Buffer.from(challenge, 'base64url')).toHaveLength(18);
  });

  it('is answered by JSON that holds it, also by an echo', () => {
    expect(answer(asked.body)).toBe(true);
    expect(answer(` {"more": [1], "challenge": "${challenge}"}\n`)).toBe(true);
  });

  it.each([
    ['nothing', null],
    ['text', challenge],
    ['a JSON string', JSON.stringify(challenge)],
    ['another challenge', JSON.stringify({ challenge: makeChallenge().challenge })],
    ['one among others', JSON.stringify({ challenge: [challenge] })],
    ['null', 'null'],
    ['JSON that is cut off', `{"challenge": "${challenge}"`],
  ])('is not answered by %s', (_what, excerpt) => {
    expect(answer(excerpt)).toBe(false);
  });

  it('is not answered by a status other than 2xx', () => {
    expect(isAnswered(asked, { outcome: 'give_up', excerpt: asked.body })).toBe(false);
  });
});
