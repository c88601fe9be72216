// Bars, beside each other or stacked, lying or upright: distributions of labels, counts by day.
import { isDark, lookOf } from "charts/palette"
import { baseOptions, categoryAxis, datum, figure, valueAxis, widthOf } from "charts/parts"

const ROOM = 30 // pixels from which on a part of a bar has room for its sign

export function bars(chart, palette, { width, hidden }) {
  const shown = [...chart.series.keys()].filter((number) => !hidden.has(number))
  const left = chart.upright ? axisWidth(chart, palette) : widthOf(chart.names, palette, width * 0.34) + 12
  const room = chart.value_axis ? 46 : 26
  const values = valueAxis(chart, palette, { upright: chart.upright, gap: chart.upright ? left - 16 : 30 })
  const places = categoryAxis(chart, palette, { name: chart.upright ? chart.place_axis : "", inverse: !chart.upright })
  if (!chart.upright) places.axisLabel = { ...places.axisLabel, width: left - 12, interval: 0 }
  return {
    ...baseOptions(chart, palette, width),
    grid: { left, right: 24, top: 8, bottom: chart.upright ? (chart.place_axis ? 46 : 28) : room },
    xAxis: chart.upright ? places : values,
    yAxis: chart.upright ? values : places,
    series: shown.map((number) => seriesOf(chart, palette, number, width - left - 24)),
    stride: chart.places.length,
  }
}

const axisWidth = (chart, palette) =>
  widthOf(
    chart.series.flatMap(({ points }) => points.map(({ value = 0 }) => figure(chart, value))),
    palette,
    80,
  ) + 36

function seriesOf(chart, palette, number, room) {
  const { colour } = lookOf(chart, number, palette)
  const { name, mark, points } = chart.series[number]
  const sums = chart.places.map((_, place) =>
    chart.series.reduce((sum, { points: others }) => sum + (others[place].value ?? 0), 0),
  )
  const most = chart.high ?? Math.max(...sums)
  return {
    ...{ type: "bar", name, stack: chart.stacked ? "all" : undefined, barMaxWidth: 26, barGap: "12%" },
    barCategoryGap: chart.stacked ? "28%" : "24%",
    itemStyle: { color: colour, borderColor: palette.sheet, borderWidth: chart.stacked ? 1 : 0, borderRadius: 2 },
    cursor: points.some(({ href }) => href) ? "pointer" : "default",
    label: { show: Boolean(mark) && chart.stacked, color: isDark(colour) ? "#fff" : "#000", fontSize: 12 },
    data: points.map((point, place) => ({
      ...datum(chart, number, place, point, point.value || null), // of nothing there would still be a border
      label: { formatter: ((point.value ?? 0) / most) * room > ROOM ? mark : "" },
    })),
  }
}
