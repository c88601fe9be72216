// A form whose files are uploaded in chunks first, one after the other; a broken connection or a closed page goes on
// where it ended. What is sent instead of the files are the tokens of their uploads. Markup: templates/cotton/corpus/upload.html
//   <upload-files data-input="files" data-into="uploads" data-address="/corpora/1/uploads/"
//                 data-of="{name}: {sent} of {size} · {speed}/s · {left} s left (file {number} of {files})"
//                 data-pause="Pause" data-go="Resume" data-waiting="The connection is lost. …">
//     <form><input type="file" name="files" multiple> <input type="hidden" name="uploads"> <button>…</button></form>
//     <progress hidden></progress> <p class="said" role="status"></p> <button data-do="pause" hidden></button>
//   </upload-files>
import { byteSize } from "byte-size"
import { TusUpload } from "tus-upload"

class UploadFiles extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form")
    this.pauseButton = this.querySelector("[data-do=pause]")
    this.form.addEventListener("submit", (event) => this.submit(event))
    this.pauseButton.addEventListener("click", () => this.togglePause())
    addEventListener("beforeunload", (event) => this.upload && event.preventDefault())
  }

  async submit(event) {
    const input = this.form.elements[this.dataset.input]
    if (!input.files.length) return
    event.preventDefault()
    if (this.upload) return
    const tokens = []
    for (const file of input.files) {
      const address = await this.send(file, tokens.length + 1, input.files.length)
      if (!address) return
      tokens.push(address.split("/").at(-2))
    }
    this.form.elements[this.dataset.into].value = tokens.join(",")
    input.disabled = true // the server has the files already
    this.form.submit()
  }

  /** The address of the upload; null if it has failed, with a message on the page. */
  async send(file, number, files) {
    this.upload = new TusUpload(this.dataset.address, file, {
      onProgress: () => this.showProgress(number, files),
      onWaiting: () => this.showMessage(this.dataset.waiting),
    })
    try {
      return await this.upload.send()
    } catch (error) {
      this.showMessage(files > 1 ? `${file.name}: ${error.message}` : error.message)
      return null
    } finally {
      this.upload = null
    }
  }

  togglePause() {
    if (!this.upload) return
    this.upload.togglePause()
    this.showPause()
  }

  showPause() {
    this.pauseButton.hidden = false
    this.pauseButton.textContent = this.upload.isPaused ? this.dataset.go : this.dataset.pause
  }

  showProgress(number, files) {
    const { offset, file, speed } = this.upload
    Object.assign(this.querySelector("progress"), { hidden: false, max: file.size, value: offset })
    this.showPause()
    const left = speed > 0 ? Math.ceil((file.size - offset) / speed) : "…"
    const sizes = { sent: byteSize(offset), size: byteSize(file.size), speed: byteSize(speed) }
    const values = { name: file.name, ...sizes, left, number, files }
    this.showMessage(this.dataset.of.replace(/{(\w+)}/g, (_, name) => values[name]))
  }

  showMessage(text) {
    this.querySelector(".said").textContent = text
  }
}

customElements.define("upload-files", UploadFiles)
