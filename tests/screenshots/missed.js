// Controls that are shown and that Tab has not come to. A group of radio buttons has one stop.
() => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex='0']"
  const groups = new Set(
    [...document.querySelectorAll("input[type=radio][data-tab-stop]")].map((e) => `${e.form?.id} ${e.name}`),
  )
  return [...document.body.querySelectorAll(CONTROLS)]
    .filter((e) => !e.dataset.tabStop && !e.disabled && e.type !== "hidden" && e.tabIndex >= 0)
    .filter((e) => !e.closest("[inert], svg, fieldset[disabled]"))
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length)
    .filter((e) => e.type !== "radio" || !groups.has(`${e.form?.id} ${e.name}`))
    .map((e) => `${e.tagName.toLowerCase()}.${[...e.classList].join(".")} “${(e.innerText || e.name || "").slice(0, 40)}”`)
}
