// The element that the keyboard stands on: null for none, `again` where it was before. By checks.py.
() => {
  const e = document.activeElement
  if (!e || e === document.body) return null
  const visual = e.matches("input[type=radio], input[type=checkbox], input[type=file]")
    ? [e, e.closest("label"), e.nextElementSibling, e.parentElement] : [e, e.parentElement]
  const marked = (x) => {
    if (!x) return false
    const s = getComputedStyle(x)
    return (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1) || s.boxShadow !== "none"
  }
  // the parts of a film or a date that hold the focus are drawn by the browser itself
  const outlined = e.matches("video, audio, input[type=date]") || visual.some(marked)
  const box = (visual.find((x) => x && x.getBoundingClientRect().width > 2) ?? e).getBoundingClientRect()
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
  const [x, y] = [
    (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2,
    (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2,
  ]
  const over = inside ? document.elementFromPoint(x, y) : null
  const covered = over && !e.contains(over) && !over.contains(e) && over.closest("label") !== e.closest("label")
  const words = (e.innerText || e.value || e.getAttribute("aria-label") || e.name || "").trim().slice(0, 40)
  const name = `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}.${[...e.classList].join(".")} “${words}”`
  // a date has a stop for each of its parts
  if (e.dataset.tabStop && e !== window.lastStop) return { again: true }
  window.lastStop = e
  e.dataset.tabStop = "1"
  return { name, outlined, inside, covered: covered ? over.tagName + "." + over.className : "" }
}
