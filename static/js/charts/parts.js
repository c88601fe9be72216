// What charts of all kinds share: figures in words, axes, hints.
const FONT_SIZE = 12

export function figure(chart, value) {
  if (value === undefined || value === null) return "–"
  const shown = chart.percent ? 100 * value : value
  const rounded = Number(shown.toFixed(chart.digits)) + 0
  const text = rounded.toLocaleString("en", {
    minimumFractionDigits: chart.digits,
    maximumFractionDigits: chart.digits,
  })
  return text.replace("-", "−") + (chart.percent ? " %" : "")
}

/** A figure with its interval and its note: "0.72 [0.66, 0.78] · 120 units". */
export function pointText(chart, point) {
  if (point.value === undefined) return point.note ?? "–"
  const { value, low, high, note } = point
  const interval = low === undefined ? "" : ` [${figure(chart, low)}, ${figure(chart, high)}]`
  return figure(chart, value) + interval + (note ? ` · ${note}` : "")
}

/** What a drawn point carries for hints, keyboard and links. */
export function datum(chart, series, place, point, value) {
  const name = chart.names[place]
  const of = chart.series.length > 1 ? ` · ${chart.series[series].name}` : ""
  return { value, href: point.href, title: name + of, text: pointText(chart, point) }
}

/** Words without what a hint would take for its own marks. */
export const plain = (words) => String(words).replace(/[{}|]/g, " ")

const WIDEST_TIP = 320

function tip({ title, text, href }, { words }, palette, room) {
  const more = href && matchMedia("(hover: none)").matches ? [words.again] : []
  return wrapped([title, text, ...more].map(plain), palette, room).join("\n")
}

/** Lines of which none is wider than a hint may be; Latin words stay whole. */
export function wrapped(lines, palette, room) {
  const most = Math.min(WIDEST_TIP, room) - 24
  pen.font = `${FONT_SIZE}px ${palette.fontFamily}`
  return lines.flatMap((line) => {
    const found = [""]
    for (const part of line.match(/[^\s\u2e80-\uffef]+\s*|\s+|[\u2e80-\uffef][，。；：、）！？]*/gu) ?? []) {
      const longer = found.at(-1) + part
      if (found.at(-1) && pen.measureText(longer.trimEnd()).width > most) found.push(part)
      else found[found.length - 1] = longer
    }
    return found
  })
}

/** The options that are the same in all charts. */
export function baseOptions(chart, palette, room = WIDEST_TIP) {
  return {
    animation: false, // a chart is read, not watched
    backgroundColor: "transparent",
    textStyle: { fontFamily: palette.fontFamily, fontSize: FONT_SIZE, color: palette.soft },
    tooltip: {
      renderMode: "richText", // HTML would need inline styles, which the content security policy refuses
      confine: true,
      transitionDuration: 0,
      backgroundColor: palette.sheet,
      borderColor: palette.line,
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: palette.ink, fontSize: FONT_SIZE, fontFamily: palette.fontFamily, lineHeight: 18 },
      formatter: ({ data }) => (data?.title ? tip(data, chart, palette, room) : ""),
    },
  }
}

const pen = document.createElement("canvas").getContext("2d")

/** The width that the longest of some words takes, at most `most`. */
export function widthOf(words, palette, most) {
  pen.font = `${FONT_SIZE}px ${palette.fontFamily}`
  const widths = words.map((each) => pen.measureText(each).width)
  return Math.ceil(Math.min(Math.max(0, ...widths) + 4, most))
}

/** An axis of figures with its unit. */
export function valueAxis(chart, palette, { low = chart.low, high = chart.high, upright = false, gap = 30 } = {}) {
  return {
    type: "value",
    min: low ?? undefined,
    max: high ?? undefined,
    name: chart.value_axis,
    nameLocation: "middle",
    nameGap: gap,
    nameRotate: upright ? 90 : 0,
    nameTextStyle: { color: palette.soft, fontSize: FONT_SIZE },
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      color: palette.soft,
      fontSize: FONT_SIZE,
      hideOverlap: true,
      formatter: (value) => short(chart, value),
    },
    splitLine: { lineStyle: { color: palette.line, opacity: 0.7 } },
    splitNumber: 5,
  }
}

/** A figure on an axis, where its place says the rest. */
export function short(chart, value) {
  const shown = chart.percent ? 100 * value : value
  return `${Number(shown.toPrecision(6)).toLocaleString("en")}${chart.percent ? " %" : ""}`.replace("-", "−")
}

/** An axis of places by their names. */
export function categoryAxis(chart, palette, { name = chart.place_axis, width, ...more } = {}) {
  return {
    type: "category",
    data: chart.names,
    name,
    nameLocation: "middle",
    nameGap: 28,
    nameTextStyle: { color: palette.soft, fontSize: FONT_SIZE },
    axisTick: { show: false },
    axisLine: { lineStyle: { color: palette.line } },
    axisLabel: { color: palette.ink, fontSize: FONT_SIZE, width, overflow: "truncate", hideOverlap: true },
    ...more,
  }
}

/** The parts of the axis of figures that have a meaning, under everything else. */
export function bandSeries(chart, palette, axis, { low, high }, width) {
  if (!chart.bands.length) return []
  const label = { show: true, position: axis === "xAxis" ? "top" : "insideTopLeft", color: palette.soft, fontSize: 11 }
  const areas = chart.bands
    .map((band) => ({ ...band, start: Math.max(band.start, low), end: Math.min(band.end, high) }))
    .filter(({ start, end }) => start < end)
    .map((band) => ({
      ...band,
      room: width ? (width * (band.end - band.start)) / (high - low) : Number.POSITIVE_INFINITY,
    }))
    .map(({ start, end, name, tone, room }) => [
      {
        [axis]: start,
        name: widthOf([name], palette, room) < room ? name : "",
        itemStyle: { color: palette[tone] ?? "transparent" },
        label,
      },
      { [axis]: end },
    ])
  return [{ type: "line", data: [], silent: true, tooltip: { show: false }, markArea: { silent: true, data: areas } }]
}

/** The ends of the axis of figures: those that the chart asks for, further out where figures are. */
export function endsOf(chart) {
  const points = chart.series.flatMap(({ points }) => points)
  const all = points.flatMap(({ value, low, high, seeds = [] }) => [value, low, high, ...seeds])
  const known = all.filter((value) => value !== undefined)
  const step = chart.percent || Math.max(...known.map(Math.abs), 0) <= 1 ? 0.1 : 1
  const outer = { low: Math.floor(Math.min(...known) / step) * step, high: Math.ceil(Math.max(...known) / step) * step }
  return {
    low: chart.low === null ? outer.low : Math.min(chart.low, outer.low),
    high: chart.high === null ? outer.high : Math.max(chart.high, outer.high),
  }
}
