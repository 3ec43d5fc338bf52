// Progressive enhancement of the NHS.UK design system: every page works without it.
import { initAll } from "./nhsuk.js"

document.body.classList.add("js-enabled", "nhsuk-frontend-supported")
initAll()

// A session ends without use: its reader is told before, and stays by one press (WCAG 2.2, 2.2.1).
const TOLD_BEFORE = 120 // seconds; 20 at least
const ending = document.querySelector("#ending")
if (ending) {
  const part = (name) => ending.querySelector(`.app-ending-${name}`)
  const otherPages = new BroadcastChannel("toldonce-session")
  let telling, over
  const tell = () => {
    ending.returnValue = ""
    if (!ending.open) ending.showModal()
  }
  const isOver = () => {
    otherPages.close() // who signs in anew has another session, which these forms are not of
    part("when").hidden = part("stay").hidden = true
    part("over").hidden = false
    document.querySelector("#ending-title").textContent = "You are signed out"
    tell()
  }
  const wait = (seconds) => {
    clearTimeout(telling)
    clearTimeout(over)
    telling = setTimeout(tell, Math.max(seconds - TOLD_BEFORE, 0) * 1000)
    over = setTimeout(isOver, seconds * 1000)
  }
  ending.addEventListener("close", async () => {
    if (ending.returnValue !== "stay") return
    const answer = await fetch("/console/stay", { redirect: "manual" }).catch(() => undefined)
    if (!answer?.ok) return isOver()
    goOn(await answer.json())
  })
  const goOn = (end, tellOthers = true) => {
    part("at").textContent = end.at
    if (tellOthers) otherPages.postMessage(end)
    else if (ending.open) ending.close("elsewhere")
    wait(end.seconds)
  }
  otherPages.addEventListener("message", ({ data }) => goOn(data, false))
  goOn({ at: part("at").textContent, seconds: Number(ending.dataset.seconds) })
}
