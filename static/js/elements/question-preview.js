// The questions of one utterance as the workbench asks them; they can be tried, and nothing is kept.
//   <question-preview>
//     <form class="questions">see annotation-form/utterance-questions.js</form> <ol><li><span class="chips"></span></li></ol>
//   </question-preview>
import { UtteranceQuestions } from "annotation-form/utterance-questions"

class QuestionPreview extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form.questions")
    const questions = new UtteranceQuestions(form, this.querySelector("li"), { isEditable: true })
    form.addEventListener("submit", (event) => event.preventDefault())
    form.addEventListener("change", (event) => {
      event.stopPropagation()
      questions.refresh()
    })
  }
}

customElements.define("question-preview", QuestionPreview)
