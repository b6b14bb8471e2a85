/** @file The sign-in of the wall: once, then the refresh cookie keeps it signed in. */
import { html, useState } from "../lib/dom.js";
import { signIn } from "../lib/api.js";

/** @param {{words: any, done: () => void, language: any}} props */
export function Login({ words, done, language }) {
  const [refused, setRefused] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      if (await signIn(String(form.get("username")), String(form.get("password")))) done();
      else setRefused(words.t("login.refused"));
    } catch (error) {
      setRefused(words.t("login.failed", { why: error.message }));
    } finally {
      setBusy(false);
    }
  };
  return html`<form class="login" onSubmit=${submit}>
    <div class="login-language">${language}</div>
    <h1>${words.t("title")}</h1>
    <label>${words.t("login.name")}<input name="username" autocomplete="username" required autofocus /></label>
    <label>${words.t("login.password")}<input name="password" type="password" autocomplete="current-password" required /></label>
    <p class="login-refused" role="alert">${refused}</p>
    <button disabled=${busy}>${words.t("login.submit")}</button>
  </form>`;
}
