// How often figures fall into bins of equal width; places are the names of the bins.
import { bars } from "charts/bars"

export function histogram(chart, palette, state) {
  const options = bars({ ...chart, upright: true }, palette, state)
  const series = options.series.map((each) => ({ ...each, barCategoryGap: "4%", barMaxWidth: undefined }))
  return { ...options, series }
}
