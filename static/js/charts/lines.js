// Figures over time, over epochs, over ordered places: lines with the band of their intervals.
import { lookOf } from "charts/palette"
import {
  bandSeries,
  baseOptions,
  categoryAxis,
  datum,
  endsOf,
  plain,
  pointText,
  short,
  valueAxis,
  widthOf,
  wrapped,
} from "charts/parts"

const LONG = 60 // points from which on one may zoom
const MOST_IN_TIP = 12
const MARK = 16 // pixels of the sign of a line in a hint
const MOST_BANDS = 3 // lines whose bands can be told apart where they lie over each other
const HOUR = 3_600_000 // milliseconds
const DAY = 24 * HOUR
const BAND = "band" // what the names of silent series begin with

export function lines(chart, palette, { width, hidden, smoothing = 0 }) {
  const shown = [...chart.series.keys()].filter((number) => !hidden.has(number))
  const ends = endsOf(chart)
  const long = chart.places.length > LONG
  const asked = { low: chart.low === null ? null : ends.low, high: chart.high === null ? null : ends.high }
  const left = widthOf([short(chart, ends.low), short(chart, ends.high), "0.00"], palette, 80)
  return {
    ...baseOptions(chart, palette, width),
    grid: {
      left: left + (chart.value_axis ? 40 : 16),
      right: 20,
      top: 12,
      bottom: (long ? 58 : 28) + (chart.place_axis ? 18 : 0),
    },
    xAxis: placeAxis(chart, palette, { gap: 28 }),
    yAxis: { ...valueAxis(chart, palette, { ...asked, upright: true, gap: left + 20 }), scale: true },
    dataZoom: long
      ? [
          { type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, preventDefaultMouseMove: false },
          { type: "slider", height: 18, bottom: 8, ...sliderColours(palette) },
        ]
      : [],
    tooltip: { ...baseOptions(chart, palette, width).tooltip, ...lineTip(chart, palette, width) },
    series: [
      ...bandSeries(chart, palette, "yAxis", ends),
      ...shown.flatMap((number) => [
        ...(shown.length > MOST_BANDS ? [] : intervalBand(chart, palette, number)),
        ...lineOf(chart, palette, number, { long, smoothing }),
      ]),
    ],
    stride: chart.places.length,
  }
}

function placeAxis(chart, palette, { gap }) {
  const words = { name: chart.place_axis, nameLocation: "middle", nameGap: gap }
  const axis = categoryAxis(chart, palette)
  if (chart.scale === "category") return { ...axis, ...words, boundaryGap: chart.places.length < 2 }
  const label = { ...axis.axisLabel, color: palette.soft, width: undefined, hideOverlap: true }
  const rest = { ...axis, ...words, data: undefined, axisLabel: label, splitLine: { show: false } }
  if (chart.scale === "time")
    return {
      ...rest,
      type: "time",
      minInterval: isDates(chart) ? DAY : 0,
      axisLabel: { ...label, formatter: clock(chart) },
    }
  return {
    ...rest,
    type: "value",
    min: "dataMin",
    max: "dataMax",
    minInterval: chart.places.every(Number.isInteger) ? 1 : 0,
  }
}

/** Days without an hour, which the axis takes for the midnights of the browser's zone. */
const isDates = ({ places }) => !places[0].includes("T")

/** Times as the rest of the page writes them, in the zone of the person; days alone where they tell the points apart. */
function clock(chart) {
  const { places, zone } = chart
  const hours = (Date.parse(places.at(-1)) - Date.parse(places[0])) / HOUR
  const days = hours > 72 || isDates(chart)
  const wanted = days ? ["month", "day"] : ["hour", "minute", ...(hours < 1 ? ["second"] : [])]
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: isDates(chart) ? undefined : zone,
    ...Object.fromEntries(wanted.map((part) => [part, "2-digit"])),
  })
  return (time) => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]))
    return wanted.map((part) => parts[part]).join(days ? "-" : ":")
  }
}

/** Whether nobody knows how far a figure is off: it is drawn hollow. Counts are exact. */
const isEstimate = (chart, { low }) => low === undefined && chart.digits > 0

const at = (chart, place) => (chart.scale === "category" ? place : chart.places[place])

function lineOf(chart, palette, number, { long, smoothing }) {
  const { colour, dash, symbol } = lookOf(chart, number, palette)
  const { name, points } = chart.series[number]
  const data = points.map((point, place) => ({
    ...datum(chart, number, place, point, [at(chart, place), point.value ?? null]),
    ...{ number, place },
    itemStyle: { color: isEstimate(chart, point) ? palette.sheet : colour, borderColor: colour, borderWidth: 2 },
  }))
  const line = {
    ...{ type: "line", name, data, symbol, symbolSize: 7, showSymbol: !long, connectNulls: true },
    lineStyle: { color: colour, type: dash, width: 2 },
    itemStyle: { color: colour },
    emphasis: { lineStyle: { width: 3 } },
    cursor: points.some(({ href }) => href) ? "pointer" : "default",
  }
  if (!smoothing) return [line]
  const smoothed = smooth(
    points.map(({ value }) => value ?? null),
    smoothing,
  )
  return [
    { ...line, showSymbol: false, lineStyle: { ...line.lineStyle, opacity: 0.25, width: 1 } },
    {
      ...{ ...line, name: `${BAND} ${name}`, showSymbol: false, silent: true },
      data: smoothed.map((value, place) => [at(chart, place), value]),
    },
  ]
}

/** Exponential moving average without the pull of its start, as TensorBoard smooths. */
export function smooth(values, weight) {
  let [sum, total] = [0, 0]
  return values.map((value) => {
    if (value === null) return null
    sum = sum * weight + value * (1 - weight)
    total = total * weight + (1 - weight)
    return sum / total
  })
}

/** The area between the ends of the intervals: an unseen line with the distance stacked on it. */
function intervalBand(chart, palette, number) {
  const { points } = chart.series[number]
  if (points.every(({ low }) => low === undefined)) return []
  const { colour } = lookOf(chart, number, palette)
  const half = {
    ...{ type: "line", name: `${BAND} ${number}`, stack: `${BAND} ${number}`, stackStrategy: "all", silent: true },
    ...{ showSymbol: false, lineStyle: { opacity: 0 }, tooltip: { show: false }, itemStyle: { opacity: 0 } },
  }
  const known = [...points.entries()].filter(([, { low }]) => low !== undefined)
  return [
    { ...half, data: known.map(([place, { low }]) => [at(chart, place), low]) },
    {
      ...{ ...half, areaStyle: { color: colour, opacity: 0.16 } },
      data: known.map(([place, { low, high }]) => [at(chart, place), high - low]),
    },
  ]
}

/** One hint for all lines at a place. */
function lineTip(chart, palette, room) {
  const numbered = chart.place_axis && !["category", "time"].includes(chart.scale) // a number alone says little
  return {
    trigger: "axis",
    axisPointer: { lineStyle: { color: palette.soft, type: "dotted" }, label: { show: false } },
    formatter: (found) => {
      const points = found.filter(({ data }) => data?.title !== undefined)
      if (!points.length) return ""
      const rows = points.slice(0, MOST_IN_TIP).map(({ data, marker }) => {
        const { name, points: of } = chart.series[data.number]
        const words = plain(`${name} ${pointText(chart, of[data.place])}`)
        return marker + wrapped([words], palette, room - MARK).join("\n")
      })
      const name = chart.names[points[0].data.place]
      const place = numbered ? `${chart.place_axis} ${name}` : name
      return [plain(place), ...rows].join("\n")
    },
  }
}

function sliderColours(palette) {
  return {
    borderColor: palette.line,
    fillerColor: palette.area,
    handleStyle: { color: palette.sheet, borderColor: palette.soft },
    moveHandleStyle: { color: palette.line },
    dataBackground: { lineStyle: { color: palette.line }, areaStyle: { color: palette.area } },
    selectedDataBackground: { lineStyle: { color: palette.soft }, areaStyle: { color: palette.area } },
    textStyle: { color: palette.soft },
    brushSelect: false,
  }
}
