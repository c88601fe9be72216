// A chart, drawn from the data beside it by ECharts, which is loaded with the first of a page. What can be done with it
// stands in its markup (templates/cotton/chart.html); without scripts its table is shown.
//   <data-chart data-label="Agreement">
//     <script type="application/json">{"kind": "intervals", …}</script>
//     <ul class="chart-legend"><li><button data-series="0"><svg></svg>α</button></li></ul>
//     <div class="chart-plot" tabindex="0"></div> <output></output> <div class="chart-table">…</div>
//     <button data-do="table|svg|png|csv"></button> <input type="range" data-do="smooth">
//   </data-chart>
import { csvOf, fileName, pictureOf, save } from "charts/downloads"
import { lookOf, paletteOf } from "charts/palette"
import { registerShortcuts } from "shortcuts"

const KINDS = {
  bars: () => import("charts/bars"),
  heatmap: () => import("charts/heatmap"),
  histogram: () => import("charts/histogram"),
  intervals: () => import("charts/intervals"),
  lines: () => import("charts/lines"),
  shares: () => import("charts/shares"),
}

/** ECharts and the function that makes its options of the data. */
async function load(kind) {
  const [module] = await Promise.all([KINDS[kind](), import("echarts")])
  return { echarts: globalThis.echarts, draw: module[kind] } // the build names itself, it exports nothing
}

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
  return element
}

const DASHES = { solid: "none", dashed: "6 4", dotted: "2 3" }

const lineSign = ({ colour, dash }) =>
  shape("line", {
    x1: 0,
    x2: 24,
    y1: 6,
    y2: 6,
    stroke: colour,
    "stroke-width": 2.5,
    "stroke-dasharray": DASHES[dash] ?? dash,
  })

const blockSign = ({ colour }) => shape("rect", { x: 6, width: 12, height: 12, rx: 3, fill: colour })

/** The symbol of points, as ECharts draws it. */
function pointSign({ colour, symbol }) {
  const paths = { triangle: "M12 1 17.5 11h-11z", diamond: "M12 0 17 6l-5 6-5-6z", arrow: "M12 0 17 12l-5-3-5 3z" }
  if (paths[symbol]) return shape("path", { d: paths[symbol], fill: colour })
  if (symbol === "circle") return shape("circle", { cx: 12, cy: 6, r: 5, fill: colour })
  if (symbol === "pin") return shape("path", { d: "M12 12 8.2 6.8a4.4 4.4 0 1 1 7.6 0z", fill: colour })
  return shape("rect", { x: 7, y: 1, width: 10, height: 10, rx: symbol === "roundRect" ? 3 : 0, fill: colour })
}

const SIGNS = { lines: lineSign, intervals: pointSign }

class DataChart extends HTMLElement {
  async connectedCallback() {
    this.chart = JSON.parse(this.querySelector("script").textContent)
    this.plot = this.querySelector(".chart-plot")
    this.hidden_series = new Set()
    this.addEventListener("click", (event) => this.click(event))
    this.addEventListener("input", (event) => this.smooth(event))
    this.plot.addEventListener("blur", () => this.leave())
    this.unregister = registerShortcuts(this.shortcuts(), { within: ".chart-plot" })
    this.stop = new AbortController()
    const { echarts, draw } = await load(this.chart.kind)
    if (!this.isConnected) return
    Object.assign(this, { echarts, draw })
    this.watch()
    this.redraw()
  }

  disconnectedCallback() {
    this.unregister?.()
    this.stop?.abort()
    this.watcher?.disconnect()
    this.sizes?.disconnect()
    this.view?.dispose()
  }

  /** Draws again when the size, the theme or the medium changes. */
  watch() {
    const { signal } = this.stop
    this.sizes = new ResizeObserver(() => this.redraw())
    this.sizes.observe(this.plot)
    this.watcher = new MutationObserver(() => this.redraw())
    this.watcher.observe(document.documentElement, { attributeFilter: ["data-theme"] })
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw(), { signal })
    addEventListener("beforeprint", () => this.redraw({ onPaper: true }), { signal })
    addEventListener("afterprint", () => this.redraw(), { signal })
  }

  get state() {
    const { clientWidth: width, clientHeight: height } = this.plot
    return { width, height, hidden: this.hidden_series, smoothing: this.smoothing }
  }

  redraw({ onPaper = false } = {}) {
    const { width, height } = this.state
    if (!width || !this.draw) return
    if (this.view && (this.view.getWidth() !== width || this.view.getHeight() !== height))
      this.view.resize({ width, height })
    this.view ??= this.create({ width, height })
    const palette = paletteOf(this, { onPaper })
    const { stride, ...options } = this.draw(this.chart, palette, this.state)
    this.view.setOption(options, { notMerge: true })
    this.paintLegend(palette)
    this.stride = stride ?? 1
    this.drawn = options.series.flatMap(({ data = [] }, series) =>
      data.map((datum, index) => ({ datum, series, index })).filter(({ datum }) => datum?.title !== undefined),
    )
    this.toggleAttribute("data-drawn", true)
  }

  create(size) {
    const view = this.echarts.init(this.plot.querySelector(".chart-canvas"), null, { renderer: "svg", ...size })
    view.on("click", ({ data, event }) => this.follow(data, event.event))
    return view
  }

  /** Goes to the rows behind a point; on a screen that is touched the first touch shows the figure. */
  follow(datum, event) {
    if (!datum?.href) return
    const touched = event?.pointerType === "touch" || event?.type?.startsWith("touch")
    if (touched && this.touched !== datum) {
      this.touched = datum
      return
    }
    if (event?.ctrlKey || event?.metaKey) open(datum.href)
    else location.assign(datum.href)
  }

  paintLegend(palette) {
    for (const button of this.querySelectorAll(".chart-legend button")) {
      const look = lookOf(this.chart, Number(button.dataset.series), palette)
      button.querySelector("svg").replaceChildren((SIGNS[this.chart.kind] ?? blockSign)(look))
    }
  }

  click({ target }) {
    const { series, do: command } = target.closest("button")?.dataset ?? {}
    if (series !== undefined) this.toggleSeries(Number(series), target.closest("button"))
    else if (command === "table") this.toggleTable(target.closest("button"))
    else if (command) this.download(command)
  }

  toggleSeries(number, button) {
    if (!this.hidden_series.delete(number)) this.hidden_series.add(number)
    button.setAttribute("aria-pressed", !this.hidden_series.has(number))
    this.redraw()
  }

  toggleTable(button) {
    const shown = this.classList.toggle("as-table")
    button.setAttribute("aria-pressed", shown)
    if (!shown) this.redraw()
  }

  smooth({ target }) {
    if (target.dataset.do !== "smooth") return
    this.smoothing = Number(target.value)
    this.redraw()
  }

  download(kind) {
    this.querySelector(".chart-download").open = false
    const title = this.dataset.label
    if (kind === "csv") {
      const file = new Blob([csvOf(this.chart)], { type: "text/csv" })
      save(URL.createObjectURL(file), fileName(title, kind))
      return
    }
    if (!this.draw) return
    const palette = paletteOf(this, { onPaper: true })
    const state = { ...this.state, width: Math.max(this.state.width, 640), height: this.plot.offsetHeight || 320 }
    const { stride: _, ...options } = this.draw(this.chart, palette, state)
    const legend = this.querySelector(".chart-legend") ? this.chart.series : []
    const names = legend.map(({ name }) => name)
    const looks = legend.map((_, number) => lookOf(this.chart, number, palette))
    const address = pictureOf(this.echarts, options, { ...state, kind, title, names, looks, palette })
    save(address, fileName(title, kind))
  }

  /** The keys of the plot, which is one stop of the Tab key; in a matrix the arrows stay in its row and column. */
  shortcuts() {
    const own = (action) => (event) => (this.contains(event.target) && this.drawn?.length ? action() : false)
    return {
      ArrowRight: own(() => this.move(1)),
      ArrowLeft: own(() => this.move(-1)),
      ArrowDown: own(() => this.move(this.stride)),
      ArrowUp: own(() => this.move(-this.stride)),
      Home: own(() => this.light(this.row.start)),
      End: own(() => this.light(this.row.end)),
      Enter: own(() => this.follow(this.drawn[this.at]?.datum)),
      Escape: own(() => this.leave()),
    }
  }

  /** The first and the last point of the row with the one that is lit; all points, but for a matrix. */
  get row() {
    const length = this.stride > 1 ? this.stride : this.drawn.length
    const start = Math.floor((this.at ?? 0) / length) * length
    return { start, end: start + length - 1 }
  }

  move(step) {
    const next = this.at === undefined ? 0 : this.at + step
    const { start, end } = this.row
    if (Math.abs(step) > 1 || this.stride === 1 || (next >= start && next <= end)) this.light(next)
  }

  /** Lights a point and says what it is. */
  light(next) {
    if (!this.drawn[next]) return
    this.view.dispatchAction({ type: "downplay" }) // its hint is moved: one that goes out would take the next one along
    this.at = next
    const { datum, series, index } = this.drawn[next]
    const place = { seriesIndex: series, dataIndex: index }
    this.view.dispatchAction({ type: "highlight", ...place })
    this.view.dispatchAction({ type: "showTip", ...place })
    this.querySelector("output").textContent = `${datum.title}: ${datum.text}`
  }

  leave() {
    this.view?.dispatchAction({ type: "downplay" })
    this.view?.dispatchAction({ type: "hideTip" })
    this.at = undefined
  }
}

customElements.define("data-chart", DataChart)
