// Of what things consist: a bar a place, cut into parts that are named in it as far as there is room.
import { bars } from "charts/bars"
import { figure, widthOf } from "charts/parts"

const PADDING = 8 // pixels beside the words in a part

export function shares(chart, palette, state) {
  const options = bars({ ...chart, stacked: true }, palette, state)
  const room = state.width - options.grid.left - options.grid.right
  const most = chart.high ?? 1
  const series = options.series.map((each, number) => ({
    ...each,
    label: { ...each.label, show: true },
    data: each.data.map((part, place) => {
      const point = chart.series[number].points[place]
      if (point.value === undefined) return { value: null }
      const words = wordsOf(chart, chart.series[number], point)
      return { ...part, label: { formatter: longest(words, (point.value / most) * room - PADDING, palette) } }
    }),
  }))
  return { ...options, series, stride: 1 }
}

/** What a part may be called, the most telling first. */
function wordsOf(chart, { name, mark }, { value }) {
  const share = figure({ ...chart, digits: 0 }, value)
  const full = [mark, name].filter(Boolean).join(" ")
  return [`${full} ${share}`, full, ...(mark ? [`${mark} ${share}`, mark] : []), ""]
}

const longest = (words, room, palette) => words.find((each) => widthOf([each], palette, room + 1) <= room) ?? ""
