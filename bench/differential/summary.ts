import { relative } from 'node:path';
import type { Examined } from './examine.ts';
import type { OurVerdict } from './our-decoder.ts';

/** Memory of a decoder for an ordinary picture, MiB. */
const ORDINARY_MIB = 256;

const SLOWEST = 10;

type Opinion = 'agrees' | 'disagrees' | 'undecided' | 'not_checked';

interface Tally {
  files: number;
  /** The two others agree that the file is whole, or that it is damaged, and Validatr has a verdict as well. */
  decidable: number;
  agreed: number;
  /** The others disagree, or one of them does not know this kind of file. */
  undecided: number;
  /** Validatr passes or refuses it without decoding, although the format has a decoder. */
  notChecked: number;
}

/** Compares a verdict of Validatr with those of the others, if these agree. */
function compare({ ours, others }: Pick<Examined, 'ours' | 'others'>): Opinion {
  if (others === null || others.first.state !== others.second.state) return 'undecided';
  const { state } = others.first;
  if (state === 'unsupported') return 'undecided';
  if (ours.state === 'not_checked') return 'not_checked';
  return ours.state === state ? 'agrees' : 'disagrees';
}

/** Adds up what is known of the files of a folder. */
export function createSummary(folder: string) {
  const formats: Record<string, Tally> = {};
  const disagreements: unknown[] = [];
  const faults: unknown[] = [];
  const large: unknown[] = [];
  const usages: { path: string; cpuMs: number; wallMs: number; peakMiB: number; megapixels: number }[] = [];
  let notImages = 0;

  return {
    add(examined: Examined): void {
      const { format, ours, others } = examined;
      const path = relative(folder, examined.path);
      const { cpuMs, wallMs, megapixels } = ours;
      const usage = { path, cpuMs, wallMs, megapixels, peakMiB: Math.ceil(ours.peakBytes / 2 ** 20) };
      usages.push(usage);
      if (usage.peakMiB > ORDINARY_MIB) large.push(usage);
      if (['crashed', 'hung', 'error'].includes(ours.state))
        faults.push({ path, state: ours.state, reason: ours.reason });
      if (format === null) {
        notImages += 1;
        return;
      }
      const tally = (formats[format] ??= { files: 0, decidable: 0, agreed: 0, undecided: 0, notChecked: 0 });
      const opinion = compare(examined);
      tally.files += 1;
      if (opinion === 'undecided') tally.undecided += 1;
      else if (opinion === 'not_checked') tally.notChecked += 1;
      else tally.decidable += 1;
      if (opinion === 'agrees') tally.agreed += 1;
      if (opinion === 'disagrees')
        disagreements.push({
          path,
          format,
          ours: tell(ours),
          first: others?.first.reason ?? 'whole',
          second: others?.second.reason ?? 'whole',
        });
    },
    tell: () => ({
      files: usages.length,
      notImages,
      formats: Object.fromEntries(
        Object.entries(formats).map(([format, tally]) => [
          format,
          { ...tally, agreement: percent(tally.agreed, tally.decidable) },
        ]),
      ),
      faults,
      disagreements,
      peakMiB: Math.max(0, ...usages.map(({ peakMiB }) => peakMiB)),
      above256MiB: large,
      slowest: usages.toSorted((one, other) => other.cpuMs - one.cpuMs).slice(0, SLOWEST),
    }),
  };
}

function tell({ state, reason, notes }: OurVerdict): string {
  return [state, reason, ...notes].filter((part) => part !== undefined).join(', ');
}

function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.floor((part / whole) * 10_000) / 100;
}
