// Searches a text: only the sections that contain what is typed stay. Without scripts all of them stay.
//   <side-notes><input type="search"><div class="prose"><section>…</section></div></side-notes>
class SideNotes extends HTMLElement {
  connectedCallback() {
    this.querySelector("input[type=search]").addEventListener("input", ({ target }) => this.search(target.value))
  }

  search(text) {
    const wanted = text.trim().toLowerCase()
    for (const section of this.querySelectorAll("section")) {
      section.hidden = !section.textContent.toLowerCase().includes(wanted)
    }
  }
}

customElements.define("side-notes", SideNotes)
