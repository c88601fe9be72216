// The colours of a chart as the browser computes them from style sheets: of this theme, or of paper.
const HUES = 8
const NAMES = [
  ...["ink", "soft", "line", "sheet", "accent", "good", "fair", "area"].map((name) => `chart-${name}`),
  ...Array.from({ length: HUES }, (_, number) => `chart-hue-${number + 1}`),
  ...["joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral"],
  ...["against-2", "against-1", "none", "towards-1", "towards-2"],
]
const DASHES = ["solid", "dashed", "dotted", [10, 3, 2, 3], [2, 2], [14, 4], [6, 2, 2, 2, 2, 2], [3, 6]]
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "pin", "roundRect", "arrow", "circle"]

/** Name -> colour, of the element's theme; with `onPaper` those of the light one, for prints and files. */
export function paletteOf(element, { onPaper = false } = {}) {
  const probe = document.createElement("span")
  probe.className = onPaper ? "chart-probe on-paper" : "chart-probe"
  element.append(probe)
  const style = getComputedStyle(probe)
  const colours = {}
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`
    colours[name.replace("chart-", "")] = style.color
  }
  const { fontFamily } = style
  probe.remove()
  return { ...colours, fontFamily }
}

/** How a series is drawn: colour, dash and symbol; the same for its line and its mark in the legend. */
export function lookOf(chart, number, palette) {
  const { hue } = chart.series[number]
  const own = chart.series.length === 1 ? palette.accent : palette[`hue-${(number % HUES) + 1}`]
  const turn = (number + Math.floor(number / HUES)) % HUES // beyond eight another dash for the same hue
  return { colour: palette[hue] ?? own, dash: DASHES[turn], symbol: SYMBOLS[number % HUES] }
}

/** A colour between two, as "rgb(…)". */
export function between(from, to, share) {
  const [a, b] = [from, to].map((colour) => colour.match(/[\d.]+/g).map(Number))
  return `rgb(${a.slice(0, 3).map((part, place) => Math.round(part + (b[place] - part) * share))})`
}

/** Whether words on a colour are better light than dark. */
export function isDark(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => (Number(part) / 255) ** 2.2)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.18 // white and black stand out alike from 0.18
}
