import { signIn } from "../api.js";
import { h } from "../dom.js";

/** The address stays as it is: after signing in one is where one wanted to be. */
export function signInView(root) {
  const field = h("input", {
    id: "token", type: "password", autocomplete: "off", spellcheck: "false", autocapitalize: "none", required: true, "aria-describedby": "token-hint token-error",
  });
  const problem = h("p.field-error", { id: "token-error", role: "alert" });
  const button = h("button.primary", { type: "submit" }, "Sign in");

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      const session = await signIn(tokenIn(field.value));
      field.value = "";
      dispatchEvent(new CustomEvent("signed-in", { detail: session }));
    } catch (error) {
      problem.textContent = error.status === 401 ? "The server does not know that key or link." : error.message;
      field.setAttribute("aria-invalid", "true");
      field.select();
    } finally {
      button.disabled = false;
    }
  }

  root.append(h("section.sign-in", {},
    h("h1", {}, "Sign in"),
    h("form", { on: { submit } },
      h("label", { for: "token" }, "API key or viewer link"),
      field,
      problem,
      h("p.hint", { id: "token-hint" },
        "The first key was told when the server first started, and is kept in its keys directory. The browser keeps a read-only cookie for eight hours; the key itself stays in this tab's memory."),
      button)));
  field.focus();
}

/** A whole viewer link may be pasted too. */
function tokenIn(text) {
  const found = /[#&?]token=([^&\s]+)/.exec(text);
  return found ? decodeURIComponent(found[1]) : text.trim();
}
