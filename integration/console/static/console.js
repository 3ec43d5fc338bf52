// Progressive enhancement of the NHS.UK design system: every page works without it.
import { initAll } from "./nhsuk.js"

document.body.classList.add("js-enabled", "nhsuk-frontend-supported")
initAll()
