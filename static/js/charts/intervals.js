// Figures as points with their intervals, a row a place: agreement of tasks, metrics of configurations with their seeds.
import { lookOf } from "charts/palette"
import { bandSeries, baseOptions, datum, endsOf, valueAxis, widthOf } from "charts/parts"

export function intervals(chart, palette, { width, hidden }) {
  const shown = [...chart.series.keys()].filter((number) => !hidden.has(number))
  const last = chart.names.length - 1
  const ends = endsOf(chart)
  const left = widthOf(chart.names, palette, width * 0.34)
  const named = chart.bands.length > 0
  return {
    ...baseOptions(chart, palette, width),
    grid: { left: left + 12, right: 24, top: named ? 22 : 6, bottom: chart.value_axis ? 46 : 26 },
    xAxis: valueAxis(chart, palette, ends),
    yAxis: {
      ...{ type: "value", inverse: true, min: -0.5, max: last + 0.5, interval: 0.5 },
      axisLabel: {
        ...{ color: palette.ink, width: left, overflow: "truncate", margin: 12 },
        formatter: (row) => chart.names[row] ?? "",
      },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    series: [
      ...bandSeries(chart, palette, "xAxis", ends, width - left - 36),
      ...shown.flatMap((number, place) => rowsOf(chart, palette, number, offset(place, shown.length), ends)),
    ],
  }
}

/** How far a series stands from the middle of a row, so that several do not cover each other. */
const offset = (place, count) => ((place - (count - 1) / 2) * 0.7) / Math.max(count, 2)

function rowsOf(chart, palette, number, aside, ends) {
  const { colour, symbol } = lookOf(chart, number, palette)
  const { name, points } = chart.series[number]
  const rows = [...points.entries()]
  const whiskers = rows.flatMap(([row, { low, high }]) =>
    low === undefined
      ? []
      : [
          [low, row + aside],
          [high, row + aside],
          [null, null],
        ],
  )
  const seeds = rows.flatMap(([row, { seeds = [] }]) => seeds.map((value) => [value, row + aside]))
  const missing = rows.filter(([, { value, note }]) => value === undefined && note)
  return [
    {
      ...{ type: "line", data: whiskers, silent: true, showSymbol: false, connectNulls: false },
      lineStyle: { color: colour, width: 2.5 },
      tooltip: { show: false },
    },
    {
      ...{ type: "scatter", data: seeds, silent: true, symbol: "circle", symbolSize: 6 },
      itemStyle: { color: "transparent", borderColor: colour, borderWidth: 1, opacity: 0.8 },
    },
    {
      ...{
        type: "scatter",
        name,
        symbol,
        symbolSize: 11,
        cursor: points.some(({ href }) => href) ? "pointer" : "default",
      },
      data: rows.map(([row, point]) => ({
        ...datum(chart, number, row, point, [point.value ?? null, row + aside]),
        // hollow where there is no interval: an estimate of which nobody knows how far it is off
        itemStyle: { color: point.low === undefined ? palette.sheet : colour, borderColor: colour, borderWidth: 2 },
      })),
      emphasis: { scale: 1.3 },
    },
    {
      ...{ type: "scatter", silent: true, symbolSize: 0.1 },
      data: missing.map(([row, { note }]) => ({
        value: [ends.low, row + aside],
        label: { show: true, position: "right", formatter: note, color: palette.soft, fontStyle: "italic" },
      })),
    },
  ]
}
