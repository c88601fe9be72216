// <side-notes><input type="search"><div class="prose"><section>…</section></div></side-notes>
// leaves the sections that hold what is typed; without scripts all of them stand.
class SideNotes extends HTMLElement {
  connectedCallback() {
    this.querySelector("input[type=search]").addEventListener("input", (event) => this.find(event.target.value))
  }

  find(words) {
    const wanted = words.trim().toLowerCase()
    for (const section of this.querySelectorAll("section")) section.hidden = !section.textContent.toLowerCase().includes(wanted)
  }
}

customElements.define("side-notes", SideNotes)
