// The time of day in the zone of the account, as the pages of the server give it.
//   timeNow()  ->  "14:03:12"
export function timeNow() {
  const { lang, dataset } = document.documentElement
  return new Date().toLocaleTimeString(lang, { timeZone: dataset.timeZone })
}
