import type { Pixels } from './pixels.ts';

/**
 * Shannon entropy of the samples, bits, as in Pillow's `Image.entropy`. Each channel
 * has its own values, and alpha counts too.
 */
export function measureEntropy({ data, channels }: Pixels): number {
  const counts = new Uint32Array(256 * channels);
  if (channels === 3)
    for (let i = 0; i < data.length; i += 3) {
      counts[data[i] as number] = (counts[data[i] as number] as number) + 1;
      const green = 256 + (data[i + 1] as number);
      counts[green] = (counts[green] as number) + 1;
      const blue = 512 + (data[i + 2] as number);
      counts[blue] = (counts[blue] as number) + 1;
    }
  else
    for (let c = 0; c < channels; c += 1)
      for (let i = c; i < data.length; i += channels) {
        const value = c * 256 + (data[i] as number);
        counts[value] = (counts[value] as number) + 1;
      }
  let entropy = 0;
  for (const count of counts) {
    const share = count / data.length;
    if (share > 0) entropy -= share * Math.log2(share);
  }
  return entropy;
}
