// The turns as regions of the waveform, which can be dragged, resized and clicked.
//   const regions = new TurnRegions(wave, { colors: { normal, selected }, onMove: (id, start, end) => …, onClick: (id) => … })
//   regions.render(turns, selected)
import { idOf, SHORTEST } from "dialogue-editor/turn-edits"
import Regions from "wavesurfer-regions"

export class TurnRegions {
  constructor(wave, { colors, onMove, onClick }) {
    this.colors = colors
    this.plugin = wave.registerPlugin(Regions.create())
    this.plugin.on("region-updated", ({ id, start, end }) => onMove(id, start, end))
    this.plugin.on("region-clicked", ({ id }, event) => {
      event.stopPropagation()
      onClick(id)
    })
  }

  getRegions() {
    return this.plugin.getRegions()
  }

  /** Changes only what differs: a region that is being dragged stays. */
  render(turns, selected) {
    const timed = turns.filter((turn) => turn.start !== null)
    const ids = new Set(timed.map(idOf))
    for (const region of this.getRegions()) if (!ids.has(region.id)) region.remove()
    const present = new Map(this.getRegions().map((region) => [region.id, region]))
    for (const turn of timed) {
      const options = {
        start: turn.start,
        end: turn.end,
        color: turn === turns[selected] ? this.colors.selected : this.colors.normal,
        content: String(turns.indexOf(turn) + 1),
      }
      const region = present.get(idOf(turn))
      if (!region) this.plugin.addRegion({ id: idOf(turn), minLength: SHORTEST, ...options })
      else if (differs(region, options)) region.setOptions(options)
    }
  }
}

function differs(region, { start, end, color, content }) {
  return (
    region.start !== start || region.end !== end || region.color !== color || region.content?.textContent !== content
  )
}
