// Many files or folders: paired by the server, the pairs corrected here, then brought in one after the other.
//   <episode-import data-pairs="/corpora/1/file-pairs/" data-uploads="/corpora/1/uploads/" data-sources="…/sources/new/"
//                   data-none="no transcript" data-of="{done} of {all} · {sent} of {size} · about {left} left" …>
//     <input type="file" multiple> <input type="file" webkitdirectory> <div data-drop></div>
//     <div data-chosen hidden> <table><tbody></tbody></table> <button data-do="start"> <button data-do="pause"> …</div>
//     <template data-row><tr>…</tr></template>
//   </episode-import>
import { byteSize } from "byte-size"
import { chosenFiles, droppedFiles } from "episode-import/dropped-files"
import { PairUpload } from "episode-import/pair-upload"
import { postJson } from "http"

class EpisodeImport extends HTMLElement {
  files = new Map() // path -> file
  rows = []
  current = null // the PairUpload that is being sent

  connectedCallback() {
    this.place = (name) => this.querySelector(`[data-part=${name}]`)
    for (const input of this.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => this.add(chosenFiles(input)))
      this.add(chosenFiles(input)) // what was chosen before this was loaded
    }
    const drop = this.place("drop")
    drop.addEventListener("dragover", (event) => {
      event.preventDefault()
      drop.classList.add("over")
    })
    drop.addEventListener("dragleave", () => drop.classList.remove("over"))
    drop.addEventListener("drop", async (event) => {
      event.preventDefault()
      drop.classList.remove("over")
      this.add(await droppedFiles(event.dataTransfer))
    })
    this.addEventListener("click", ({ target }) => this.click(target.closest("button")))
    addEventListener("beforeunload", (event) => this.isRunning && event.preventDefault())
  }

  get isRunning() {
    return this.current !== null
  }

  async add(chosen) {
    if (this.isRunning || !chosen.length) return
    for (const { path, file } of chosen) this.files.set(path, file)
    try {
      const found = await postJson(this.dataset.pairs, { names: [...this.files.keys()] })
      this.show(found)
    } catch (error) {
      this.say(error.data?.why ?? this.dataset.unreachable)
    }
  }

  show({ pairs, alternatives, unusable }) {
    const isTranscript = new Set([...pairs.map((pair) => pair.transcript).filter(Boolean), ...alternatives])
    this.transcripts = [...isTranscript].sort()
    this.querySelector("tbody").replaceChildren()
    this.rows = pairs.map((pair) => this.row(pair))
    for (const path of unusable) this.files.delete(path)
    this.place("chosen").hidden = false
    this.place("progress").hidden = true
    this.unusable = unusable
    this.refresh()
  }

  row({ media, transcript, title }) {
    const element = this.querySelector("template").content.firstElementChild.cloneNode(true)
    const row = { media, transcript, element, state: "waiting" }
    this.querySelector("tbody").append(element)
    row.title = element.querySelector("input")
    row.title.value = title
    row.status = element.querySelector("[role=status]")
    element.querySelector("[data-media]").textContent = media || this.dataset.textOnly
    row.select = element.querySelector("select")
    row.select.append(new Option(this.dataset.none, ""), ...this.transcripts.map((path) => new Option(path, path)))
    row.select.value = transcript
    row.select.addEventListener("change", () => this.choose(row, row.select.value))
    return row
  }

  /** A transcript belongs to one row: it is taken from whichever has had it. */
  choose(row, path) {
    const before = this.rows.find((other) => other !== row && path && other.transcript === path)
    row.transcript = path
    if (before?.media) before.select.value = before.transcript = ""
    else if (before) this.remove(before)
    if (!row.media && !path) this.remove(row)
    this.refresh()
  }

  remove(row) {
    row.element.remove()
    this.rows = this.rows.filter((other) => other !== row)
    this.refresh()
  }

  click(button) {
    if (!button) return
    const row = this.rows.find(({ element }) => element.contains(button))
    const action = button.dataset.do
    if (action === "remove" && row && row !== this.sending) this.remove(row)
    if (action === "retry" && row) this.start([row])
    if (action === "start") this.start(this.rows)
    if (action === "pause") this.togglePause()
  }

  async start(rows) {
    for (const row of rows) if (row.state === "failed") this.mark(row, "waiting")
    if (this.isRunning) return // the loop below comes to them
    this.place("progress").hidden = false
    for (let row = this.next(); row; row = this.next()) await this.send(row)
    this.current = this.sending = null
    this.refresh()
  }

  next() {
    return this.rows.find((row) => row.state === "waiting")
  }

  async send(row) {
    const pair = {
      title: row.title.value,
      media: this.files.get(row.media),
      transcript: this.files.get(row.transcript),
    }
    const isSame = row.upload && row.upload.pair.media === pair.media
    row.upload = isSame ? row.upload : this.upload(pair)
    row.upload.pair = pair
    this.current = row.upload
    this.sending = row
    this.mark(row, "sending")
    try {
      row.address = await row.upload.send()
      this.mark(row, "sent")
    } catch (error) {
      this.mark(row, "failed", error.message)
    }
  }

  upload(pair) {
    return new PairUpload({ uploads: this.dataset.uploads, sources: this.dataset.sources }, pair, {
      onProgress: () => this.refresh(),
      onWaiting: () => this.say(this.dataset.waiting),
    })
  }

  mark(row, state, why = "") {
    row.state = state
    row.element.dataset.state = state
    row.status.textContent = why || this.dataset[state]
    const isFixed = state === "sending" || state === "sent"
    row.title.disabled = row.select.disabled = isFixed
    row.element.querySelector("[data-do=remove]").hidden = isFixed
    row.element.querySelector("[data-do=retry]").hidden = state !== "failed"
    if (state === "sent") row.status.replaceChildren(link(row.address, this.dataset.sent))
    this.refresh()
  }

  togglePause() {
    this.current?.togglePause()
    this.refresh()
  }

  refresh() {
    const { rows, current } = this
    const sent = rows.filter((row) => row.state === "sent")
    const size = sum(rows, (row) => this.files.get(row.media)?.size ?? 0)
    const done = sum(rows, (row) => row.upload?.sent ?? 0)
    if (this.sending?.state === "sending") {
      const share = current.size ? current.sent / current.size : 1
      this.sending.status.textContent = `${this.dataset.sending} ${Math.round(share * 100)} %`
    }
    const bar = this.querySelector("progress")
    Object.assign(bar, { max: size || 1, value: done })
    const left = current?.speed > 0 ? seconds((size - done) / current.speed) : "…"
    const values = { done: sent.length, all: rows.length, sent: byteSize(done), size: byteSize(size), left }
    this.say(fill(current ? this.dataset.of : this.dataset.summary, values))
    const start = this.querySelector("[data-do=start]")
    start.hidden = Boolean(current) || !rows.some((row) => row.state === "waiting" || row.state === "failed")
    const pause = this.querySelector("[data-do=pause]")
    pause.hidden = !current?.media
    pause.textContent = current?.media?.isPaused ? this.dataset.resume : this.dataset.pause
    this.place("check").hidden = !sent.length || Boolean(current)
    const without = rows.filter((row) => row.media && !row.transcript)
    const alone = rows.filter((row) => !row.media)
    this.list("without", without, (row) => row.media)
    this.list("alone", alone, (row) => row.transcript)
    this.list("unusable", this.unusable ?? [], (path) => path)
  }

  list(name, things, words) {
    const element = this.place(name)
    element.hidden = !things.length
    element.querySelector("span").textContent = things.map(words).join(", ")
  }

  say(text) {
    this.place("said").textContent = text
  }
}

const sum = (things, value) => things.reduce((total, thing) => total + value(thing), 0)

const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name])

function link(address, text) {
  const element = document.createElement("a")
  Object.assign(element, { href: address, textContent: text })
  return element
}

const seconds = (count) => (count < 120 ? `${Math.ceil(count)} s` : `${Math.ceil(count / 60)} min`)

customElements.define("episode-import", EpisodeImport)
