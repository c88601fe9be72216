// A matrix whose cells are shaded by what they hold: confusion, co-occurrence, correlations on both sides of nothing.
import { between, isDark } from "charts/palette"
import { baseOptions, categoryAxis, datum, figure, widthOf } from "charts/parts"

const WIDEST = 116 // pixels of a cell
const TALLEST = 92 // and of the names above the columns, where they stand
const GAP = 2

export function heatmap(chart, palette, { width, height }) {
  const [rows, columns] = [chart.names, chart.series.map(({ name }) => name)]
  const left = widthOf(rows, palette, width * 0.28) + 12 + (chart.place_axis ? 20 : 0)
  const inner = Math.min(width - left - 8, WIDEST * columns.length)
  const full = chart.series.map(({ name, mark }) => [mark, name].filter(Boolean).join(" "))
  const narrow = widthOf(full, palette, width) > inner / columns.length
  const signs = chart.series.map(({ mark }, column) => (narrow && mark ? mark : full[column]))
  // names that neither fit nor have a sign stand
  const standing = narrow && chart.series.some(({ mark }) => !mark)
  const above = standing ? widthOf(signs, palette, TALLEST) + 10 : 26
  const top = above + (chart.value_axis ? 20 : 0)
  const size = [inner / columns.length - GAP, (height - top - 8) / rows.length - GAP]
  const cells = rows.flatMap((_, row) =>
    chart.series.map(({ points }, column) => cellOf(chart, palette, { row, column, room: size[0] }, points[row])),
  )
  const axis = { splitLine: { show: false }, axisLine: { show: false }, axisPointer: { show: false } }
  const label = { color: palette.ink, interval: 0, overflow: "truncate", hideOverlap: false }
  const options = baseOptions(chart, palette, width)
  return {
    ...options,
    tooltip: { ...options.tooltip, position: beside },
    grid: { left, top, width: inner, height: height - top - 8 },
    xAxis: {
      ...categoryAxis(chart, palette, {
        name: chart.value_axis,
        position: "top",
        data: signs,
        nameGap: above + 2,
        ...axis,
      }),
      axisLabel: { ...label, width: standing ? TALLEST : size[0], rotate: standing ? 90 : 0 },
    },
    yAxis: {
      ...categoryAxis(chart, palette, { inverse: true, nameGap: left - 16, ...axis }),
      axisLabel: { ...label, width: left - 12 - (chart.place_axis ? 20 : 0) },
    },
    series: [
      {
        ...{ type: "scatter", symbol: "rect", symbolSize: size, data: cells, clip: false },
        cursor: cells.some(({ href }) => href) ? "pointer" : "default",
        itemStyle: { opacity: 1 }, // what is seen is the colour by which ink was chosen
        // the border of the label: the cell's own is stretched with it
        emphasis: { scale: false, itemStyle: { color: "inherit" }, label: frameOf(palette, size) },
      },
    ],
    stride: columns.length,
  }
}

/** Under the cell, above it where there is no room: its figure stays readable. */
function beside(point, _params, _element, cell, { contentSize: [width, height], viewSize }) {
  if (!cell) return point
  const x = Math.max(0, Math.min(cell.x + (cell.width - width) / 2, viewSize[0] - width))
  const under = cell.y + cell.height + 4
  return [x, under + height <= viewSize[1] ? under : cell.y - height - 4]
}

const frameOf = (palette, [width, height]) => ({
  show: true,
  width: width - 2,
  height: height - 2,
  lineHeight: height - 2,
  align: "center",
  borderColor: palette.ink,
  borderWidth: 2,
})

function cellOf(chart, palette, { row, column, room }, point) {
  const { value, shade = value } = point
  const sign = signOf(chart, value)
  const colour = shadeOf(chart, palette, shade)
  const ink = isDark(colour) ? "#fff" : "#000"
  return {
    ...datum(chart, column, row, point, [column, row]),
    title: `${chart.names[row]} → ${chart.series[column].name}`,
    itemStyle: { color: colour, borderColor: palette.line, borderWidth: value === undefined ? 0 : 0.5 },
    label: {
      show: widthOf([sign], palette, 2 * room) <= room + 2,
      color: value === 0 || value === undefined ? palette.soft : ink,
      fontSize: 12,
      formatter: sign,
    },
  }
}

const signOf = (chart, value) =>
  value === undefined ? "" : value === 0 && !chart.diverging ? "·" : figure(chart, value)

function shadeOf(chart, palette, shade) {
  if (shade === undefined) return palette.area
  const share = Math.min(Math.abs(shade), 1)
  if (!chart.diverging) return between(palette.sheet, palette.accent, share)
  return between(palette.sheet, palette[shade < 0 ? "against-2" : "towards-2"], share)
}
