import type { Example, Examples, TunedRule, TunedThreshold, Tuning } from '../../domain/tune.ts';

const WIDTH = 480;
const HEIGHT = 200;

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem; color: #1c1c1c; background: #fff }
h2 { margin: 2rem 0 0.25rem } p { margin: 0.25rem 0 } svg { display: block; margin: 0.5rem 0 1.5rem; overflow: visible }
.good { stroke: #b3261e } .bad { stroke: #0b57d0 } .line { fill: none; stroke-width: 2 } .axis { stroke: #999 }
.tuned { stroke: #1c1c1c } .default { stroke: #999; stroke-dasharray: 4 3 } text { font-size: 12px; fill: #444 }`;

/** One file that loads nothing: for each rule, how many examples each threshold refuses. */
export function tuningPage(examples: Examples, { thresholds, chosen, missed }: Tuning): string {
  const { good, bad } = examples;
  const rules = Object.fromEntries(chosen.map(({ rule, threshold }) => [rule, { threshold }]));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Thresholds by examples</title><style>${STYLE}</style></head><body>
<h1>Thresholds by examples</h1>
<p>${good.length} good and ${bad.length} bad examples. The chosen rules refuse no good one, and ${bad.length - missed.length} bad ones:</p>
<pre>${escape(JSON.stringify({ rules }, null, 2))}</pre>
${thresholds.map((threshold) => sectionOf(threshold, examples)).join('\n')}
</body></html>
`;
}

function sectionOf({ rule, byDefault, tuned }: TunedThreshold, { good, bad }: Examples): string {
  const chosen =
    tuned === null
      ? 'No threshold refuses a bad example and no good one.'
      : `${tuned.threshold} refuses ${tuned.goodRefused} of ${good.length} good and ${tuned.badRefused} of ${bad.length} bad examples.`;
  const given = `The default ${byDefault.threshold} refuses ${byDefault.goodRefused} good and ${byDefault.badRefused} bad ones.`;
  const curves = [
    `<polyline class="line good" points="${curveOf(good, rule)}"/>`,
    `<polyline class="line bad" points="${curveOf(bad, rule)}"/>`,
    verticalAt(byDefault.threshold, 'default'),
    ...(tuned === null ? [] : [verticalAt(tuned.threshold, 'tuned')]),
  ];
  return `<h2>${rule}</h2>
<p>${chosen} ${given}</p>
<svg width="${WIDTH}" height="${HEIGHT + 20}" role="img" aria-label="Share of refused examples by threshold of ${rule}">
<path class="axis" d="M0 0V${HEIGHT}H${WIDTH}" fill="none"/>
${curves.join('\n')}
<text x="0" y="${HEIGHT + 15}">threshold 0</text><text x="${WIDTH}" y="${HEIGHT + 15}" text-anchor="end">1</text>
<text x="6" y="12">refused: red good ones, blue bad ones; black the chosen threshold, dashed the default</text>
</svg>`;
}

/** The share of examples below each threshold from 0 to 1: it rises by one step at each score. */
function curveOf(examples: readonly Example[], rule: TunedRule): string {
  const scores = examples.flatMap(({ scores }) => scores[rule] ?? []).toSorted((one, other) => one - other);
  const y = (refused: number) => HEIGHT * (1 - refused / examples.length);
  const steps = scores.flatMap((score, index) => [
    [WIDTH * score, y(index)],
    [WIDTH * score, y(index + 1)],
  ]);
  return [[0, y(0)], ...steps, [WIDTH, y(scores.length)]]
    .map((point) => point.map((value) => Math.round((value ?? 0) * 10) / 10).join(','))
    .join(' ');
}

function verticalAt(threshold: number, name: 'default' | 'tuned'): string {
  return `<path class="${name}" d="M${Math.round(WIDTH * threshold * 10) / 10} 0V${HEIGHT}"/>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
