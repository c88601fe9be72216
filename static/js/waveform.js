// The waveform of a video, from peaks that the server has computed.
import { getJson, HttpError } from "http"
import WaveSurfer from "wavesurfer"

/** A WaveSurfer in `container`; null where there are no peaks. `options` are those of WaveSurfer. */
export async function createWaveform(container, video, peaksAddress, options) {
  let peaks
  try {
    peaks = await getJson(peaksAddress)
  } catch (error) {
    if (error instanceof HttpError) return null
    throw error
  }
  const style = getComputedStyle(container)
  const color = (name) => style.getPropertyValue(name).trim()
  return WaveSurfer.create({
    container,
    media: video,
    peaks: [peaks],
    normalize: true,
    waveColor: color("--against-1"),
    progressColor: color("--accent"),
    cursorColor: color("--ink"),
    cspNonce: document.querySelector("script[nonce]")?.nonce,
    ...options,
  })
}
