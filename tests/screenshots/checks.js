// What is wrong with how a page looks, as a list of [kind, where, what]. Evaluated in the page by tests/screenshots/checks.py.
({ target, wide, english, kinds }) => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [role=button], [role=tab], [role=option]"
  const MOST = 6 // of a kind that are reported
  const found = []
  function report(kind, element, what) {
    if (found.filter((each) => each[0] === kind).length < MOST) found.push([kind, path(element), what])
  }

  /** A short selector that a person finds the element by. */
  function path(element) {
    const one = (e) =>
      e.tagName.toLowerCase() + (e.id ? `#${e.id}` : "") + [...e.classList].slice(0, 2).map((c) => `.${c}`).join("")
    const words = (element.innerText ?? element.value ?? "").trim().replace(/\s+/g, " ").slice(0, 40)
    const chain = []
    for (let e = element; e && e !== document.body && chain.length < 3; e = e.parentElement) chain.unshift(one(e))
    return `${chain.join(" > ")}${words ? ` “${words}”` : ""}`
  }

  const styles = new Map()
  const style = (e) => {
    if (!styles.has(e)) styles.set(e, getComputedStyle(e))
    return styles.get(e)
  }
  const seen = new Map()
  /** False for what nobody sees: hidden, transparent, in closed details, or kept for screen readers. */
  function isShown(element) {
    if (!seen.has(element)) {
      const drawn = element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      seen.set(element, drawn && !isForReaders(element))
    }
    return seen.get(element)
  }
  function isForReaders(element) {
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      const s = style(e)
      if (s.position !== "absolute" || s.display === "contents") continue
      const box = e.getBoundingClientRect()
      if (s.clipPath !== "none" || (box.width <= 1 && box.height <= 1)) return true
    }
    return false
  }

  /** What of a box is left inside of those ancestors that clip. */
  function clipped(element, box) {
    let { left, top, right, bottom } = box
    for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) {
      const s = style(e)
      if (s.display === "contents") continue
      const b = e.getBoundingClientRect()
      if (s.overflowX !== "visible") [left, right] = [Math.max(left, b.left), Math.min(right, b.right)]
      if (s.overflowY !== "visible") [top, bottom] = [Math.max(top, b.top), Math.min(bottom, b.bottom)]
    }
    return { left, top, right, bottom, width: right - left, height: bottom - top }
  }

  /** The ancestor that floats over the page; what is in different layers may overlap. */
  function layer(element) {
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      if (["fixed", "sticky", "absolute"].includes(style(e).position)) return e
      if (e.matches("dialog, [popover]")) return e
    }
    return null
  }

  // wider than the window
  const over = document.documentElement.scrollWidth - innerWidth
  if (over > 0) {
    const all = [...document.body.querySelectorAll("*")].filter((e) => {
      const box = clipped(e, e.getBoundingClientRect())
      return box.width > 0 && box.right > innerWidth + 1 && isShown(e)
    })
    const deepest = all.filter((e) => !all.some((other) => other !== e && e.contains(other)))
    report("overflow", deepest[0] ?? document.body, `${over} px wider than the window`)
  }

  // lines of text: narrow columns, overlaps
  const chinese = document.documentElement.lang.startsWith("zh")
  const untranslated = new Set(english)
  const lines = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim()
    const element = node.parentElement
    if (!text || element.closest("svg, canvas, script, style, noscript, option, textarea, head") || !isShown(element)) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    const boxes = [...range.getClientRects()].filter((b) => b.width > 0.5 && b.height > 0.5)
    if (!boxes.length) continue
    if (chinese && !element.closest("[lang=en], code, pre, kbd, .prose")) {
      if (untranslated.has(text)) report("untranslated", element, text)
      const mixed = text.match(/[\u4e00-\u9fff][,;:!?](?=\s|$)/)
      if (mixed) report("mixed punctuation", element, mixed[0])
    }
    const rows = new Set(boxes.map((b) => Math.round(b.top / 4))).size
    if (style(element).writingMode === "horizontal-tb" && rows >= 4 && text.length / rows < 2.5)
      report("column of letters", element, `${text.length} letters on ${rows} lines`)
    const top = layer(element)
    for (const b of boxes) {
      const box = clipped(element, b)
      if (box.width > 1 && box.height > 1) lines.push({ element, box, top })
    }
  }
  const known = ["overflow", "untranslated", "mixed punctuation"] // by now
  if (kinds.length && kinds.every((kind) => known.includes(kind))) return found
  lines.sort((a, b) => a.box.top - b.box.top)
  const reported = new Set()
  for (let i = 0; i < lines.length; i++) {
    const a = lines[i]
    for (let j = i + 1; j < lines.length && lines[j].box.top < a.box.bottom; j++) {
      const b = lines[j]
      if (a.element === b.element || a.top !== b.top || a.element.contains(b.element) || b.element.contains(a.element)) continue
      const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left)
      const height = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top)
      const key = `${path(a.element)} ${path(b.element)}`
      if (width > 2 && height > 0.4 * Math.min(a.box.height, b.box.height) && !reported.has(key)) {
        reported.add(key)
        report("overlap", a.element, `lies over ${path(b.element)}`)
      }
    }
  }

  // text that is cut off
  for (const e of document.body.querySelectorAll("*")) {
    if (!isShown(e) || e.closest("svg, canvas, video") || !e.textContent.trim()) continue
    const s = style(e)
    const cut = ["hidden", "clip"]
    const named = e.title || e.closest("[title]") || s.textOverflow === "ellipsis" && e.closest("a, button, label")
    if (cut.includes(s.overflowX) && e.scrollWidth > e.clientWidth + 2 && e.clientWidth > 1 && !named)
      report("cut off", e, `${e.scrollWidth - e.clientWidth} px on the right`)
    const clamp = s.webkitLineClamp !== "none"
    if (cut.includes(s.overflowY) && !clamp && e.clientHeight > 1 && e.scrollHeight > e.clientHeight + 4)
      report("cut off", e, `${e.scrollHeight - e.clientHeight} px below`)
  }

  // controls: overlaps, and large enough to be hit
  const controls = [...document.body.querySelectorAll(CONTROLS)].filter((e) => isShown(e) && !e.closest("svg, [inert]"))
  const targets = []
  for (const e of controls) {
    if (e.type === "hidden") continue
    let box = clipped(e, e.getBoundingClientRect())
    const label = e.matches("input[type=radio], input[type=checkbox], input[type=file]") && (e.closest("label") ?? e.labels?.[0])
    if (label && isShown(label)) {
      const outer = label.getBoundingClientRect()
      const [left, top] = [Math.min(outer.left, box.left), Math.min(outer.top, box.top)]
      const [right, bottom] = [Math.max(outer.right, box.right), Math.max(outer.bottom, box.bottom)]
      box = { left, top, right, bottom, width: right - left, height: bottom - top }
    }
    // a link that is broken over lines has a box on each
    const parts = style(e).display === "inline" ? [...e.getClientRects()].map((b) => clipped(e, b)) : [box]
    if (box.width > 0 && box.height > 0) targets.push({ e, box, parts, top: layer(e) })
  }
  targets.sort((a, b) => a.box.top - b.box.top)
  for (let i = 0; i < targets.length; i++) {
    const a = targets[i]
    for (let j = i + 1; j < targets.length && targets[j].box.top < a.box.bottom; j++) {
      const b = targets[j]
      if (a.top !== b.top || a.e.contains(b.e) || b.e.contains(a.e)) continue
      const over = a.parts.some((one) =>
        b.parts.some((other) => {
          const width = Math.min(one.right, other.right) - Math.max(one.left, other.left)
          return width > 3 && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 3
        }),
      )
      if (over && !a.e.closest("label")?.contains(b.e)) report("overlap", a.e, `lies over ${path(b.e)}`)
    }
  }
  const inSentence = (e) => {
    if (style(e).display !== "inline") return false
    const around = e.closest("p, li, td, th, dd, dt, label, figcaption, summary, h1, h2, h3, div, span:not(.who)")
    return around && around.innerText.trim().length > e.innerText.trim().length
  }
  for (const { e, box } of targets) {
    const whole = e.getBoundingClientRect() // what is scrolled out of sight can be scrolled back
    if (Math.max(box.width, whole.width) >= target && Math.max(box.height, whole.height) >= target) continue
    if (inSentence(e) && target <= 24) continue
    if (e.matches("[tabindex='-1'], .skip") || box.bottom < 0) continue
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2]
    const near = targets.some(({ e: other, box: b }) => {
      if (other === e || e.contains(other) || other.contains(e)) return false
      const [dx, dy] = [Math.max(b.left - x, 0, x - b.right), Math.max(b.top - y, 0, y - b.bottom)]
      return Math.hypot(dx, dy) < target / 2
    })
    if (near || target > 24) report("small target", e, `${Math.round(box.width)} × ${Math.round(box.height)} px`)
  }

  // a page that leaves a window half empty beside a narrow column
  if (wide) {
    const main = document.querySelector("main")
    if (main && main.getBoundingClientRect().width < 0.5 * innerWidth) report("narrow page", main, "less than half of the window")
  }
  const shifts = (window.layoutShifts ?? []).reduce((sum, each) => sum + each, 0)
  if (shifts >= 0.1) report("layout shift", document.body, `CLS ${shifts.toFixed(2)}`)
  return found
}
