// Files of a chart: the figures behind it, and the picture as it is drawn on paper.

/** The points as CSV. */
export function csvOf(chart) {
  return chart.kind === "shares" ? textOf(partsOf(chart)) : textOf(rowsOf(chart))
}

/** Shares: a row a part. */
function partsOf({ places, names, series, place_axis, series_axis, value_axis }) {
  const rows = places.flatMap((_, place) =>
    series
      .filter(({ points }) => points[place].value !== undefined)
      .map(({ name, points }) => [names[place], name, points[place].value]),
  )
  return [[place_axis, series_axis, value_axis], ...rows]
}

/** A row a place, for each series the figure and the ends of its interval. */
function rowsOf(chart) {
  const withEnds = chart.series.map(({ points }) => points.some(({ low }) => low !== undefined))
  const columns = chart.series.flatMap(({ name }, at) =>
    withEnds[at] ? [name, `${name} low`, `${name} high`] : [name],
  )
  const rows = chart.places.map((_, place) => [
    chart.names[place],
    ...chart.series.flatMap(({ points }, at) => {
      const { value, low, high } = points[place]
      return withEnds[at] ? [value, low, high] : [value]
    }),
  ])
  return [[chart.place_axis, ...columns], ...rows]
}

function textOf(rows) {
  const lines = rows.map((row) => row.map(field).join(","))
  return `\ufeff${lines.join("\r\n")}\r\n` // the mark by which spreadsheets know UTF-8
}

function field(value = "") {
  if (typeof value === "number") return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value) // no formula for a spreadsheet
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The address of a picture, drawn anew on paper with its title and legend. */
export function pictureOf(echarts, options, { kind, width, height, title, names, looks, palette }) {
  const legend =
    names.length > 1 ? 22 * Math.ceil(names.reduce((sum, name) => sum + 12 * name.length + 40, 0) / width) : 0
  const top = 34 + legend
  const room = kind === "svg" ? null : document.createElement("div")
  const size = { width, height: height + top }
  const chart = echarts.init(room, null, { ...size, renderer: kind === "svg" ? "svg" : "canvas", ssr: kind === "svg" })
  const legendItems = names.map((name, at) => ({
    name,
    icon: looks[at].symbol,
    itemStyle: { color: looks[at].colour },
  }))
  chart.setOption({
    ...options,
    backgroundColor: "#ffffff",
    title: { text: title, left: 8, top: 8, textStyle: { color: palette.ink, fontSize: 14, fontWeight: 600 } },
    legend: legend
      ? { data: legendItems, top: 30, left: 8, textStyle: { color: palette.soft }, selectedMode: false }
      : undefined,
    grid: { ...options.grid, top: (options.grid.top ?? 0) + top },
  })
  const address = kind === "svg" ? svgAddress(chart) : chart.getDataURL({ type: "png", pixelRatio: 2 })
  chart.dispose()
  return address
}

const svgAddress = (chart) => URL.createObjectURL(new Blob([chart.renderToSVGString()], { type: "image/svg+xml" }))

export function save(address, name) {
  const link = document.createElement("a")
  link.href = address
  link.download = name
  link.click()
  if (address.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

export const fileName = (title, ending) =>
  `${
    title
      .trim()
      .replace(/[\\/:*?"<>|\s]+/g, "-")
      .slice(0, 80) || "chart"
  }.${ending}`
