// Swipes of one finger to the side; scrolling and what scrolls sideways by itself are none.
//   onSwipe(element, (step) => …)     // 1 to the next one (a swipe to the left), -1 to the one before
const FAR = 56 // pixels
const STEEP = 0.5 // of the way to the side that may go up or down
const OWN_SWIPES = "input[type=range], .wave, select, textarea"

export function onSwipe(element, go) {
  let start = null
  element.addEventListener(
    "touchstart",
    ({ touches, target }) => {
      start = touches.length === 1 && !target.closest(OWN_SWIPES) ? touches[0] : null
    },
    { passive: true },
  )
  element.addEventListener(
    "touchend",
    ({ changedTouches: [end] }) => {
      if (!start) return
      const aside = end.clientX - start.clientX
      const down = end.clientY - start.clientY
      start = null
      if (Math.abs(aside) >= FAR && Math.abs(down) <= Math.abs(aside) * STEEP) go(aside < 0 ? 1 : -1)
    },
    { passive: true },
  )
}
